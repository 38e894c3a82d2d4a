/// The contract of Semper's HTTP interface: `openapi.yaml`, the records that are its only wire
/// shapes, and [SemperClient]. Names of fields are snake_case on the wire; fields without a value
/// are left out.
@NullMarked
package dev.semper.api;

import org.jspecify.annotations.NullMarked;

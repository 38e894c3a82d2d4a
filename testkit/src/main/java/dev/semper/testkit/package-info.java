/// For authors of drivers: the contract every driver has to pass.
@NullMarked
package dev.semper.testkit;

import org.jspecify.annotations.NullMarked;

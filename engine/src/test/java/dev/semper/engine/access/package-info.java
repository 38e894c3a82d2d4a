@NullMarked
package dev.semper.engine.access;

import org.jspecify.annotations.NullMarked;

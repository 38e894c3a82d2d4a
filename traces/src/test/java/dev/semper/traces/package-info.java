@NullMarked
package dev.semper.traces;

import org.jspecify.annotations.NullMarked;

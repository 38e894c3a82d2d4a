@NullMarked
package dev.semper.bench;

import org.jspecify.annotations.NullMarked;

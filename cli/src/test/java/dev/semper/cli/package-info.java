@NullMarked
package dev.semper.cli;

import org.jspecify.annotations.NullMarked;

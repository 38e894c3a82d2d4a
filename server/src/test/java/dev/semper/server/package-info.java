@NullMarked
package dev.semper.server;

import org.jspecify.annotations.NullMarked;

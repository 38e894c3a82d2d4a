/// Black-box tests: the built server and command line as processes, real programs, `kill -9`. And
/// the rules of the architecture.
@NullMarked
package dev.semper.acceptance;

import org.jspecify.annotations.NullMarked;

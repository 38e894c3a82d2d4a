/// What the author of a driver compiles against: a [dev.semper.spi.Driver] runs the instances of
/// one kind of workload. Depends on the JDK and JSpecify only.
///
/// The invariant everything rests on: an **incarnation** (one launch of one instance, named by the
/// engine) is started at most once, outlives the server, and its end is known with its exit code
/// until the engine has said [dev.semper.spi.Driver#forget].
@NullMarked
package dev.semper.spi;

import org.jspecify.annotations.NullMarked;

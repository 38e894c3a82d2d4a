/// The server: the engine behind HTTP. [Main] reads [Settings] and starts a [SemperServer]; [Gate]
/// admits each request against the [Contract] and the table of [Routes], runs its handler on a
/// virtual thread, leaves an audit record of every mutation, and answers.
@NullMarked
package dev.semper.server;

import org.jspecify.annotations.NullMarked;

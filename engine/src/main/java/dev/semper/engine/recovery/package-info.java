/// Brings workloads back that are not well: [dev.semper.engine.recovery.Recoveries] begins a
/// [dev.semper.engine.recovery.Recovery] when restarting by policy was not enough, tries the
/// actions of its strategy in order, and keeps the history. A recovery ends when a probe passes
/// after an action, never when an action returns; and no action is done twice, whenever the server
/// dies.
@NullMarked
package dev.semper.engine.recovery;

import org.jspecify.annotations.NullMarked;

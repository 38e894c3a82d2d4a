/// Hooks: scripts and webhooks that are run when something happens to a workload.
///
/// [dev.semper.engine.hook.Hooks] takes the events that are committed, decides which hooks they
/// make due, and writes these into the database together with how far it has come; then it runs
/// them, in the order of their workload. So a hook that is due is never lost, and one that has run
/// is not run again: scripts are incarnations of the process driver, which outlive the server and
/// are found again by the next one. Hooks that may refuse an operation are steps of it.
@NullMarked
package dev.semper.engine.hook;

import org.jspecify.annotations.NullMarked;

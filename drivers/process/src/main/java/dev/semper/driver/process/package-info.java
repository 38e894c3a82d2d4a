/// Runs workloads of kind `process`: programs of this machine.
///
/// [dev.semper.driver.process.ProcessDriver] is the only public type. Instances are children of the
/// **keeper**, one small Perl process per home that outlives the server ([KeeperLink] talks to it,
/// docs/adr/0001-process-keeper.md says why). The invariant: a record on disk is linked before the
/// program's exec and the exit is appended to it, so that at any moment one can tell whether an
/// incarnation was started, runs, or how it ended. A process is always named by PID and start time,
/// never by PID alone.
@NullMarked
package dev.semper.driver.process;

import org.jspecify.annotations.NullMarked;

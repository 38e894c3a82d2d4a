/// Runs workloads of kind `remote`: things that Semper watches but that run elsewhere, e.g. virtual
/// machines. Probes tell how they are; commands of this host start, stop and restart them.
///
/// [dev.semper.driver.remote.RemoteDriver] is the only public type. The invariant: an incarnation
/// runs no command twice. What it is about to run is on disk before it begins; a command whose end
/// no server has seen is waited for or left at that, and the probes tell whether it has helped.
@NullMarked
package dev.semper.driver.remote;

import org.jspecify.annotations.NullMarked;

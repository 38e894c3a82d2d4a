/// Probes that log in by SSH and may run a command there, by Apache MINA. Nothing of the library is
/// loaded before the first check.
@NullMarked
package dev.semper.probe.ssh;

import org.jspecify.annotations.NullMarked;

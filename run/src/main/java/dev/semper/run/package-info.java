/// `semper run`: the first process of a container, or a careful parent on a host.
///
/// [Main] reads the command line, [Supervisor] takes one program through its life, [Children] is
/// the parent of every process, [Lifecycle] knows what has happened and tells it (log, report,
/// metrics). JDK only: what else there is (TOML, JDBC) is loaded when it is asked for. Why it is
/// built this way: `docs/adr/0005-entry-point.md`.
@NullMarked
package dev.semper.run;

import org.jspecify.annotations.NullMarked;

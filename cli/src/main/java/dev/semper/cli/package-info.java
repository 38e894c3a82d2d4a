/// The command line: one class per command, over the API only. A command writes to a [Terminal] and
/// answers with an [ExitStatus]; everything that goes wrong becomes one message and one status in
/// [Failures].
@NullMarked
package dev.semper.cli;

import org.jspecify.annotations.NullMarked;

/// Operations and probes as OpenTelemetry traces: [Traces] makes spans of what the engine tells,
/// and sends them over OTLP. What is observed never waits for it: what does not fit into the queue
/// is dropped, and counted.
@NullMarked
package dev.semper.traces;

import org.jspecify.annotations.NullMarked;

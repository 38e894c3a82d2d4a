/// The life of workloads: [Workloads] holds one owner per workload, a virtual thread that is the
/// only writer of its [Workload]. What an event means is decided by a pure function over the
/// [Lifecycle] table; the owner makes the decision durable, publishes it and then carries out its
/// effects.
@NullMarked
package dev.semper.engine.workload;

import org.jspecify.annotations.NullMarked;

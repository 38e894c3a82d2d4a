/// Durable, journaled work on workloads: [Operations] takes requests, plans their steps, runs them
/// by priority, and after a crash resumes or unwinds them by the journal alone.
@NullMarked
package dev.semper.engine.operation;

import org.jspecify.annotations.NullMarked;

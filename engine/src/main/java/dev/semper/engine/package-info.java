/// The embeddable library. [dev.semper.engine.Semper] wires the features together; each feature is
/// a package of its own, and a package imports only those of lower rank: `error ← spec, store ←
/// access ← workload ← operation ← health ← engine`.
@NullMarked
package dev.semper.engine;

import org.jspecify.annotations.NullMarked;

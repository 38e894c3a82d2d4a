/// Probes: when each check of each instance runs, what its results mean, and when the host itself
/// is too starved for them to mean anything.
@NullMarked
package dev.semper.engine.health;

import org.jspecify.annotations.NullMarked;

/// A workload's file: what can be written in it, its defaults and its checks. SpecReader reads
/// TOML, YAML and JSON into [WorkloadSpec]s and reports all problems at once, each with path and
/// line. Invariant: a WorkloadSpec that exists is valid, and writing and reading it again gives an
/// equal one.
@NullMarked
package dev.semper.engine.spec;

import org.jspecify.annotations.NullMarked;

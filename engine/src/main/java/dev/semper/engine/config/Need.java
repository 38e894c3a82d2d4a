package dev.semper.engine.config;

import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.ConfigSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Workload;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// What one workload needs of its configuration.
///
/// @param revisions that its instances have
record Need(String workload, Reader reader, ConfigSpec config, List<Long> revisions) {
  static Need of(Workload workload) {
    List<Long> revisions = new ArrayList<>();
    workload
        .specs()
        .values()
        .forEach(spec -> {
          if (spec.config() != null) {
            revisions.add(spec.config().revision());
          }
        });
    for (Instance instance : workload.instances()) {
      if (instance.configRevision() != null) {
        revisions.add(instance.configRevision());
      }
    }
    Need need = of(workload.tenant(), workload.spec());
    return new Need(need.workload, need.reader, need.config, revisions);
  }

  static Need of(String tenant, WorkloadSpec spec) {
    ConfigSpec config = Objects.requireNonNull(spec.config());
    return new Need(spec.name(), reader(tenant, spec), config, List.of(config.revision()));
  }

  static Reader reader(String tenant, WorkloadSpec spec) {
    ConfigSpec config = Objects.requireNonNull(spec.config());
    return new Reader(
        tenant, Environment.of(config.environment()), spec.labels(), config.features());
  }

  /// Whether values can be delivered: the schema of the workload, its variables, its templates.
  void check(Map<String, Object> values, List<Problem> problems) {
    try {
      Schema.of(config.schema()).check(values, problems);
    } catch (SemperException e) {
      e.problems()
          .forEach(p ->
              problems.add(
                  new Problem(
                      "workloads." + workload + ".config.schema." + p.path(), 0, p.message())));
    }
    config
        .env()
        .forEach((name, key) -> {
          if (Values.get(values, KeyPath.parse(key)) == null) {
            problems.add(
                new Problem(
                    key,
                    0,
                    "is not there, but workload %s has it as its variable %s"
                        .formatted(workload, name)));
          }
        });
    for (ConfigSpec.File file : config.files()) {
      try {
        var _ = Rendering.text(file, values);
      } catch (SemperException e) {
        problems.add(
            new Problem(
                "workloads." + workload + ".config.files." + file.path(),
                0,
                String.valueOf(e.getMessage())));
      }
    }
  }
}

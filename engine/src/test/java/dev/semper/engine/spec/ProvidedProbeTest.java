package dev.semper.engine.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.semper.engine.error.Problem;
import dev.semper.spi.ProbeMethod;
import dev.semper.spi.ProbeOutcome;
import dev.semper.spi.ProbeTarget;
import dev.semper.spi.SettingProblem;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/// Probe methods that come by jar, as a specification sees them.
class ProvidedProbeTest {
  private final AtomicInteger looked = new AtomicInteger();
  private final SpecReader reader =
      new SpecReader(
          Map.of("process", new DriverFacts(List.of("command"), true, _ -> List.of())),
          () -> {
            looked.incrementAndGet();
            return Map.of("modbus", new Modbus("modbus"), "period", new Modbus("period"));
          });

  private record Modbus(String name) implements ProbeMethod {
    @Override
    public List<String> settingNames() {
      return List.of("unit", "registers");
    }

    @Override
    public List<SettingProblem> validate(Map<String, Object> settings) {
      return settings.get("registers") instanceof List<?> list && list.contains(0L)
          ? List.of(
              new SettingProblem("registers[" + list.indexOf(0L) + "]", "must not be 0"),
              new SettingProblem("", "is odd"))
          : List.of();
    }

    @Override
    public ProbeOutcome check(ProbeTarget target) {
      return ProbeOutcome.PASSED;
    }
  }

  @Test
  void areLookedForOnlyWhenNamed() {
    var _ = read("tcp = { port = 1 }\nperiod = \"1s\"");
    assertThat(looked).hasValue(0);

    WorkloadSpec spec = read("modbus = { unit = 7, registers = [1, 2] }\nperiod = \"1s\"");

    assertThat(looked).hasPositiveValue();
    ProbeSpec probe = spec.probes().getFirst();
    assertThat(probe.name()).isEqualTo("modbus");
    assertThat(probe.method())
        .isEqualTo(
            new ProbeSpec.Provided("modbus", Map.of("unit", 7L, "registers", List.of(1L, 2L))));
    assertThat(reader.readWorkload("web", SpecReader.write(spec))).isEqualTo(spec);
  }

  @Test
  void theirFaultsAreNamedWithTheirLine() {
    assertThat(problems("modbus = { unit = 1, regsters = [] }"))
        .extracting(Problem::path, Problem::line, Problem::message)
        .containsExactly(
            tuple(
                "workloads.web.probes[0].modbus.regsters",
                6,
                "unknown key `regsters`, did you mean `registers`?"));
    assertThat(problems("modbus = { registers = [\n1,\n0] }"))
        .extracting(Problem::path, Problem::line)
        .containsExactlyInAnyOrder(
            tuple("workloads.web.probes[0].modbus.registers[1]", 8),
            tuple("workloads.web.probes[0].modbus", 6));
    assertThat(problems("modbus = 1"))
        .extracting(Problem::message)
        .containsExactly("must be a table with unit, registers, not 1");
    assertThat(problems("modbsu = {}"))
        .extracting(Problem::message)
        .contains(
            "unknown key `modbsu`, did you mean `modbus`?",
            "has no method: give one of http, tcp, command, resource, log, modbus");
    assertThat(problems("modbus = {}\ntcp = { port = 1 }"))
        .extracting(Problem::message)
        .containsExactly("has 2 methods (tcp, modbus): keep one");
  }

  @Test
  void changingThemTouchesNoProcess() {
    SpecDiff diff = SpecDiff.between(read("modbus = { unit = 7 }"), read("modbus = { unit = 8 }"));

    assertThat(diff.effect()).isEqualTo(SpecDiff.Effect.LIVE);
    assertThat(diff.changes())
        .containsExactly(new SpecDiff.Change("probes.modbus.modbus.unit", 7L, 8L));
  }

  private WorkloadSpec read(String lines) {
    return reader.readDocument(document(lines), Format.TOML, null).getFirst();
  }

  private List<Problem> problems(String lines) {
    return Documents.problems(() -> reader.readDocument(document(lines), Format.TOML, null));
  }

  private static String document(String lines) {
    return "[workloads.web]\nkind = \"process\"\ncommand = [\"x\"]\n[[workloads.web.probes]]\ntype ="
        + " \"liveness\"\n"
        + lines
        + "\n";
  }
}

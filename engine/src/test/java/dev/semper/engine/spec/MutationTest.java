package dev.semper.engine.spec;

import static dev.semper.engine.spec.Documents.READER;
import static dev.semper.engine.spec.Documents.resource;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/// The generated part of the corpus: a good document broken in every place, and at random.
class MutationTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final long SEED = 20261120;

  /// What no key takes, wherever it stands.
  private static final Map<String, Object> JUNK = Map.of("no such key", List.of(List.of()));

  record Mutation(String place, String text) {
    @Override
    public String toString() {
      return place;
    }
  }

  static Stream<Mutation> linesWithAnUnknownKey() {
    return lines("(?m)^(\\s*)(\\w+)( = .*)$", "$1$2_zz$3");
  }

  static Stream<Mutation> linesWithJunkForAValue() {
    return lines("^(\\w+ = ).*[^\\[(]$", "$1{ nonsense = [[]] }");
  }

  static Stream<Mutation> linesThatBreakOff() {
    return lines("^(\\w+ =).*[^\\[(]$", "$1");
  }

  /// Each line of the good document that fits the pattern, replaced in turn.
  private static Stream<Mutation> lines(String pattern, String replacement) {
    List<String> lines = resource("full.toml").lines().toList();
    return IntStream.range(0, lines.size())
        .filter(i -> lines.get(i).matches(pattern))
        .mapToObj(i -> {
          List<String> mutated = new ArrayList<>(lines);
          mutated.set(i, lines.get(i).replaceAll(pattern, replacement));
          return new Mutation((i + 1) + ": " + mutated.get(i), String.join("\n", mutated));
        });
  }

  @ParameterizedTest
  @MethodSource({"linesWithAnUnknownKey", "linesWithJunkForAValue", "linesThatBreakOff"})
  void refusesABrokenLineAndNamesIt(Mutation mutation) {
    int line = Integer.parseInt(mutation.place().split(":", 2)[0]);

    assertThat(Documents.tomlProblems(mutation.text()))
        .anySatisfy(p -> assertThat(p.line()).isBetween(line, line + 1));
  }

  static Stream<Mutation> places() {
    Map<String, Object> document =
        JSON.readValue(resource("full.json"), new TypeReference<Map<String, Object>>() {});
    Map<String, Object> mutants = new LinkedHashMap<>();
    collect("", document, m -> m, mutants);
    return mutants.entrySet().stream()
        .map(e -> new Mutation(e.getKey(), JSON.writeValueAsString(e.getValue())));
  }

  private interface Rebuild {
    Object with(Object part);
  }

  /// A copy of the document for each value in it, with junk in the place of that value.
  private static void collect(
      String path, Object value, Rebuild rebuild, Map<String, Object> mutants) {
    if (!path.isEmpty()) {
      mutants.put(path, rebuild.with(JUNK));
    }
    if (value instanceof Map<?, ?> map) {
      map.forEach((key, part) ->
          collect(
              Words.join(path, String.valueOf(key)),
              part,
              p -> {
                Map<Object, Object> copy = new LinkedHashMap<>(map);
                copy.put(key, p);
                return rebuild.with(copy);
              },
              mutants));
    } else if (value instanceof List<?> list) {
      for (int i = 0; i < list.size(); i++) {
        int at = i;
        collect(
            path + "[" + i + "]",
            list.get(i),
            p -> {
              List<Object> copy = new ArrayList<>(list);
              copy.set(at, p);
              return rebuild.with(copy);
            },
            mutants);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("places")
  void refusesJunkInEveryPlaceAndNamesIt(Mutation mutation) {
    for (Format format : List.of(Format.JSON, Format.YAML)) {
      List<Problem> problems =
          Documents.problems(() -> READER.readDocument(mutation.text(), format, null));

      assertThat(problems).anySatisfy(p -> assertThat(p.path()).startsWith(mutation.place()));
    }
  }

  @Test
  void makesMoreThanTwoHundredMutants() {
    assertThat(
            linesWithAnUnknownKey().count()
                + linesWithJunkForAValue().count()
                + linesThatBreakOff().count()
                + places().count())
        .isGreaterThan(200);
  }

  /// Most random mutants are refused, some are still right; none may end any other way.
  @ParameterizedTest
  @EnumSource(Format.class)
  void neverFailsInAnyOtherWay(Format format) {
    Random random = new Random(SEED);
    String good = resource("full." + format.name().toLowerCase(Locale.ROOT));
    int refused = 0;
    for (int i = 0; i < 3000; i++) {
      String text = mutated(good, random);
      try {
        READER.readDocument(text, format, null);
      } catch (SemperException e) {
        refused++;
        assertThat(e.code()).isEqualTo(ErrorCode.INVALID_SPEC);
        assertThat(e.problems()).isNotEmpty().allMatch(p -> p.line() > 0, text);
      } catch (RuntimeException | StackOverflowError e) {
        throw new AssertionError("mutant %d of seed %d: %s".formatted(i, SEED, text), e);
      }
    }
    assertThat(refused).isGreaterThan(1000);
  }

  private static String mutated(String good, Random random) {
    StringBuilder text = new StringBuilder(good);
    for (int i = random.nextInt(1, 5); i > 0 && !text.isEmpty(); i--) {
      int at = random.nextInt(text.length());
      int to = Math.min(text.length(), at + random.nextInt(1, 20));
      switch (random.nextInt(7)) {
        case 0 -> text.setLength(at);
        case 1 -> text.delete(at, to);
        case 2 ->
            text.setCharAt(at, "{}[]\"'=:,#\n-&*!|>%@`.\0\t\\ 0\uD800é".charAt(random.nextInt(28)));
        case 3 -> text.insert(at, text.substring(at, to));
        case 4 -> text.insert(at, (char) random.nextInt(0x10000));
        case 5 -> text.insert(at, "[{\"'-\n".charAt(random.nextInt(6)));
        case 6 -> text.insert(at, text.substring(Math.min(at, text.length() / 2)));
        default -> throw new IllegalStateException();
      }
    }
    return text.toString();
  }

  @Test
  void refusesAnyJsonBodyWithPaths() {
    Map<String, Object> junk = new LinkedHashMap<>();
    junk.put("kind", null);
    junk.put("env", Collections.singletonList(null));
    junk.put("probes", Map.of("a", new Object()));
    junk.put("port", new BigDecimal("1e400"));
    junk.put("depends_on", List.of(Map.of("workload", Map.of())));
    junk.put("stop", new int[] {1});

    assertThat(Documents.problems(() -> READER.readWorkload("../x", junk)))
        .extracting(Problem::path)
        .contains("name", "kind", "env", "probes", "port", "depends_on[0].workload", "stop");
  }

  @Test
  void refusesABodyNestedTooDeep() {
    Object value = "x";
    for (int i = 0; i < 10_000; i++) {
      value = List.of(value);
    }
    Map<String, Object> body = Map.of("command", value);

    assertThat(Documents.problems(() -> READER.readWorkload("web", body)))
        .singleElement()
        .satisfies(p -> assertThat(p.message()).contains("nested deeper"));
  }
}

package dev.semper.engine.config;

import static dev.semper.testkit.EngineHarness.ACTOR;
import static dev.semper.testkit.EngineHarness.TENANT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.testkit.EngineHarness;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Documents that no honest client sends: each is refused as the caller's fault, says where, and
/// leaves nothing behind.
class MalformedConfigsTest {
  private static final String VALID =
      "{\"database\":{\"url\":\"x\",\"pool\":5},\"list\":[1,2,{\"a\":true}],\"t\":\"u\"}";

  @RegisterExtension final EngineHarness engine = new EngineHarness();

  private record Case(String what, Layer layer, Making change) {}

  private interface Making {
    Write.Change make();
  }

  private final List<Case> cases = new ArrayList<>();

  private void document(String what, ConfigFormat format, String text) {
    document(what, Layer.GLOBAL, format, text);
  }

  private void document(String what, Layer layer, ConfigFormat format, String text) {
    cases.add(new Case(what, layer, () -> new Write.Change.Replace(format.read(text))));
  }

  private void values(String what, Map<String, ?> values) {
    cases.add(new Case(what, Layer.GLOBAL, () -> new Write.Change.Replace(values)));
  }

  @Test
  void areRefusedWithTheirPathAndLeaveNothingBehind() throws Exception {
    cutOff();
    tooDeepTooLargeTooMany();
    twice();
    noText();
    references();
    keys();
    schemas();
    assertThat(cases).hasSizeGreaterThan(200);
    Configs configs = engine.semper().config();
    long before = engine.semper().events().last();

    List<String> wrong = new ArrayList<>();
    for (Case one : cases) {
      long start = System.nanoTime();
      String trouble = trouble(configs, one);
      if (!trouble.isEmpty()) {
        wrong.add(one.what() + ": " + trouble);
      }
      if (Duration.ofNanos(System.nanoTime() - start).toSeconds() > 20) {
        wrong.add(one.what() + " took long");
      }
    }

    assertThat(wrong).isEmpty();
    assertThat(configs.list(TENANT)).isEmpty();
    assertThat(engine.semper().events().last()).isEqualTo(before);
  }

  /// @return what is wrong with how it is refused
  private static String trouble(Configs configs, Case one) throws InterruptedException {
    try {
      return "was taken: "
          + configs.write(Write.of(TENANT, "web", one.layer(), one.change().make(), ACTOR));
    } catch (SemperException e) {
      boolean told =
          e.code().kind() == ErrorCode.Kind.USER
              && !e.problems().isEmpty()
              && String.valueOf(e.getMessage()).length() < 3000;
      return told ? "" : e.code() + " " + e.problems() + " " + e.getMessage();
    } catch (RuntimeException e) {
      return "broke: " + e;
    }
  }

  private void cutOff() {
    for (int i = 1; i < VALID.length(); i++) {
      document("JSON cut after " + i, ConfigFormat.JSON, VALID.substring(0, i));
    }
    for (String toml :
        List.of("a =", "a = \"", "[a", "= 1", "a = 1 b = 2", "[[a]", "a = {b = 1", "a b = 1")) {
      document("TOML " + toml, ConfigFormat.TOML, toml);
    }
    for (String yaml :
        List.of("a: [1", "a: {b: 1", "a: \"b", "- 1\n- 2", "a: b: c", "a: !!x {", "\t- a")) {
      document("YAML " + yaml, ConfigFormat.YAML, yaml);
    }
    for (String env : List.of("A", "=b", "1A=b", "A B=c", "A=1\nA=2", "a-b=c")) {
      document("dotenv " + env, ConfigFormat.DOTENV, env);
    }
    for (String root : List.of("1", "\"x\"", "[1]", "true")) {
      document("JSON root " + root, ConfigFormat.JSON, root);
    }
  }

  private void tooDeepTooLargeTooMany() {
    for (int depth : List.of(33, 34, 50, 99, 150, 1000, 20_000)) {
      document(
          "tables " + depth, ConfigFormat.JSON, "{\"a\":".repeat(depth) + "1" + "}".repeat(depth));
      document(
          "lists " + depth,
          ConfigFormat.JSON,
          "{\"a\":" + "[".repeat(depth) + "]".repeat(depth) + "}");
      document(
          "YAML " + depth,
          ConfigFormat.YAML,
          "a: " + "{a: ".repeat(depth) + "1" + "}".repeat(depth));
    }
    document("a long text", ConfigFormat.JSON, "{\"a\":\"" + "x".repeat(1 << 20) + "\"}");
    document("larger than all", ConfigFormat.JSON, "{\"a\":\"" + "x".repeat(9 << 20) + "\"}");
    document("a large TOML", ConfigFormat.TOML, "a = \"" + "x".repeat(300 << 10) + "\"");
    Map<String, Object> many = new HashMap<>();
    for (int i = 0; i <= Values.MAX_VALUES; i++) {
      many.put("k" + i, 1L);
    }
    values("many values", many);
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x]\n");
    for (int i = 1; i < 40; i++) {
      bomb.append("a%d: &a%d [*a%d, *a%d]%n".formatted(i, i, i - 1, i - 1));
    }
    document("YAML aliases", ConfigFormat.YAML, bomb.toString());
    document("YAML in itself", ConfigFormat.YAML, "a: &a [*a]");
  }

  private void twice() {
    document("JSON key twice", ConfigFormat.JSON, "{\"a\":1,\"a\":1}");
    document("JSON key twice below", ConfigFormat.JSON, "{\"a\":{\"b\":1,\"b\":2}}");
    document("JSON key twice in a list", ConfigFormat.JSON, "{\"a\":[{\"b\":1,\"b\":2}]}");
    document("TOML key twice", ConfigFormat.TOML, "a = 1\na = 2");
    document("TOML table twice", ConfigFormat.TOML, "[a]\nb=1\n[a]\nc=1");
    document("TOML key and table", ConfigFormat.TOML, "a = 1\n[a]\nb = 1");
    document("YAML key twice", ConfigFormat.YAML, "a: 1\na: 2");
    document("YAML key twice below", ConfigFormat.YAML, "a:\n  b: 1\n  b: 2");
  }

  private void noText() {
    document("half a character", ConfigFormat.JSON, "{\"a\":\"\uD800\"}");
    document("half a character escaped", ConfigFormat.JSON, "{\"a\":\"\\uD800\"}");
    document("half a key", ConfigFormat.JSON, "{\"\\uDC00\":1}");
    document("NUL", ConfigFormat.JSON, "{\"a\":\"\\u0000\"}");
    document("NUL raw", ConfigFormat.JSON, "{\"a\":\"\0\"}");
    document("a key with a line", ConfigFormat.JSON, "{\"a\\nb\":1}");
    document("an empty key", ConfigFormat.JSON, "{\"\":1}");
    document("a long key", ConfigFormat.JSON, "{\"" + "k".repeat(300) + "\":1}");
    document("a date", ConfigFormat.TOML, "a = 2026-01-01");
    document("a time", ConfigFormat.TOML, "a = 10:00:00");
    document("not a number", ConfigFormat.TOML, "a = nan");
    document("without end", ConfigFormat.TOML, "a = inf");
    document("YAML without end", ConfigFormat.YAML, "a: .inf");
    document("a huge number", ConfigFormat.JSON, "{\"a\":123456789012345678901234567890}");
    document("a huge exponent", ConfigFormat.JSON, "{\"a\":1e999}");
    document("null in a list", ConfigFormat.JSON, "{\"a\":[1,null]}");
    document("masked", ConfigFormat.JSON, "{\"a\":\"***\"}");
    document("masked below", ConfigFormat.JSON, "{\"a\":{\"b\":\"***\"}}");
    document("words after it", ConfigFormat.JSON, VALID + " x");
    document("UTF-16", ConfigFormat.JSON, "\uFFFE{\0\"\0a\0\"\0");
    document("two documents", ConfigFormat.YAML, "a: 1\n---\nb: 2");
  }

  private void references() {
    for (int length = 1; length <= 20; length++) {
      StringBuilder circle = new StringBuilder();
      for (int i = 0; i < length; i++) {
        circle.append("k%d = \"${config:k%d}\"%n".formatted(i, (i + 1) % length));
      }
      document("a circle of " + length, ConfigFormat.TOML, circle.toString());
    }
    StringBuilder chain = new StringBuilder("k99 = \"x\"\n");
    for (int i = 98; i >= 50; i--) { // the first in order is the last of the chain
      chain.append("k%d = \"${config:k%d}\"%n".formatted(i, i + 1));
    }
    document("a long chain", ConfigFormat.TOML, chain.toString());
    for (String value :
        List.of(
            "${config:nowhere}",
            "${config:}",
            "${config:a..b}",
            "${config:.a}",
            "x ${config:t} y",
            "${config:x",
            "${env:HOME}",
            "${env:}",
            "${env:SEMPER_NOT_THERE}",
            "${env:HOME",
            "{{secret:db}}",
            "{{secret:}}",
            "{{secret:db}",
            "${config:\"}")) {
      document("the reference " + value, ConfigFormat.YAML, "t: {b: 1}\nv: '" + value + "'\n");
      document("in a list " + value, ConfigFormat.YAML, "t: {b: 1}\nv: [{w: '" + value + "'}]\n");
    }
    document("a table in itself", ConfigFormat.TOML, "[t]\nx = \"${config:t}\"");
  }

  private void keys() {
    for (String key :
        List.of("", ".", "a.", ".a", "a..b", "\"", "a.\"b", "\"a\"b", "a.\"\"", "\"a\".", "..")) {
      cases.add(
          new Case(
              "set " + key,
              Layer.GLOBAL,
              () -> new Write.Change.Patch(Map.of(key, 1L), List.of())));
      cases.add(
          new Case(
              "remove " + key, Layer.GLOBAL, () -> new Write.Change.Patch(Map.of(), List.of(key))));
    }
    cases.add(
        new Case(
            "remove what is not there",
            Layer.GLOBAL,
            () -> new Write.Change.Patch(Map.of(), List.of("a.b"))));
  }

  private void schemas() {
    for (String schema :
        List.of(
            "items = 5",
            "items = [5]",
            "items = [{}]",
            "items = [{ key = 5 }]",
            "items = [{ key = \"a..b\" }]",
            "items = [{ key = \"a\", type = \"int\" }]",
            "items = [{ key = \"a\", required = \"yes\" }]",
            "items = [{ key = \"a\", min = \"1\" }]",
            "items = [{ key = \"a\", pattern = \"(\" }]",
            "items = [{ key = \"a\", pattern = \"(?=x)\" }]",
            "items = [{ key = \"a\", enum = [] }]",
            "items = [{ key = \"a\", enum = 1 }]",
            "items = [{ key = \"a\", validation = 1 }]",
            "items = [{ key = \"a\", validation = { least = 1 } }]",
            "items = [{ key = \"a\" }, { key = \"a\" }]",
            "additional = 1",
            "unknown = 1",
            "json_schema = 1",
            "json_schema = { type = 5 }",
            "json_schema = { pattern = \"(\" }",
            "json_schema = { \"$ref\" = \"https://example.com/x\" }",
            "json_schema = { \"$ref\" = \"#/nowhere\" }",
            "json_schema = { properties = 1 }")) {
      document("the schema " + schema, Layer.SCHEMA, ConfigFormat.TOML, schema);
    }
  }
}

package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// One `./semper run …` as a process.
final class EntryPoint implements AutoCloseable {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final Process process;
  private final Path folder;
  private final HttpClient client = HttpClient.newHttpClient();

  private EntryPoint(Process process, Path folder) {
    this.process = process;
    this.folder = folder;
  }

  /// @param folder for its output, and its base unless the arguments name another
  /// @param environment `NAME`, `value`, …; CONTAINER_ is put before each name
  /// @param arguments options, `--` and the program
  static EntryPoint start(Path folder, List<String> environment, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of(Cli.root().resolve("semper").toString(), "run"));
    command.addAll(List.of("--flow-name", "rpa1", "--container-id", "c1", "--log-level", "DEBUG"));
    List<String> words = Arrays.asList(arguments);
    List<String> options = words.subList(0, words.indexOf("--"));
    if (!options.contains("--metrics-port")) {
      command.addAll(List.of("--metrics-port", "0"));
    }
    if (!options.contains("--base")) {
      command.addAll(List.of("--base", folder.resolve("app").toString()));
    }
    command.addAll(words);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(folder.resolve("out").toFile())
            .redirectError(folder.resolve("err").toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("CONTAINER_"));
    for (int i = 0; i < environment.size(); i += 2) {
      builder.environment().put("CONTAINER_" + environment.get(i), environment.get(i + 1));
    }
    builder.environment().put("SEMPER_QUIET", "1");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    return new EntryPoint(builder.start(), folder);
  }

  long pid() {
    return process.pid();
  }

  void signal(String name) throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + name, "" + process.pid()).start();
    assertThat(kill.waitFor()).isZero();
  }

  int exitCode() throws InterruptedException, IOException {
    if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("it does not end: " + errors());
    }
    return process.exitValue();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  String output() throws IOException {
    return Files.readString(folder.resolve("out"));
  }

  String errors() throws IOException {
    return Files.readString(folder.resolve("err"));
  }

  void awaitOutput(String text) {
    Awaitility.await()
        .atMost(LIMIT)
        .pollInterval(Duration.ofMillis(20))
        .until(() -> output().contains(text));
  }

  /// All lines of the log so far.
  List<JsonNode> log() throws IOException {
    String text = errors();
    return text.substring(0, text.lastIndexOf('\n') + 1)
        .lines()
        .filter(line -> line.startsWith("{"))
        .map(line -> JsonMapper.shared().readTree(line))
        .toList();
  }

  List<JsonNode> log(String event) throws IOException {
    return log().stream().filter(line -> line.get("event").asString().equals(event)).toList();
  }

  /// The first line with this event, waited for.
  JsonNode await(String event) {
    return await(event, 1);
  }

  JsonNode await(String event, int count) {
    try {
      Awaitility.await(event)
          .atMost(LIMIT)
          .pollInterval(Duration.ofMillis(20))
          .until(() -> log(event).size() >= count || !isAlive());
      List<JsonNode> found = log(event);
      assertThat(found).as(event + " in " + errors()).hasSizeGreaterThanOrEqualTo(count);
      return found.get(count - 1);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  int port() {
    return await("metrics_listening").get("details").get("port").asInt();
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send("GET", path);
  }

  HttpResponse<String> send(String method, String path) throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  static JsonNode json(Path file) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(file));
  }

  static JsonNode json(HttpResponse<String> answer) {
    return JsonMapper.shared().readTree(answer.body());
  }

  static List<String> names(JsonNode object) {
    return object.properties().stream().map(Map.Entry::getKey).toList();
  }

  /// Kills it with all it has started.
  @Override
  public void close() {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    process.destroyForcibly();
    all.forEach(ProcessHandle::destroyForcibly);
    client.shutdownNow();
  }
}

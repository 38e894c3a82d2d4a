package dev.semper.engine.health;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.spec.ProbeSpec.Amount;
import dev.semper.engine.spec.ProbeSpec.Log.Expect;
import dev.semper.engine.workload.Instance.Health;
import dev.semper.engine.workload.Prober.Insight;
import dev.semper.engine.workload.Prober.Watch;
import dev.semper.spi.InstanceLog;
import dev.semper.spi.Usage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Probes that look at an instance from outside: its log and what it uses.
class LookingChecksTest {
  private final WrittenLog log = new WrittenLog();
  private Usage usage = new Usage(0, 100 << 20, 3, 20);

  /// A log in memory that gives few bytes at a time and can drop its beginning, as rotation does.
  private static final class WrittenLog implements InstanceLog {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long start;

    void write(String text) {
      bytes.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public long start() {
      return start;
    }

    @Override
    public long end() {
      return bytes.size();
    }

    @Override
    public long tail(int lines) {
      return end();
    }

    @Override
    public Chunk read(long position, int max) {
      long from = Math.max(position, start);
      int count = (int) Math.min(Math.min(7, max), end() - from);
      return new Chunk(from, ByteBuffer.wrap(bytes.toByteArray(), (int) from, count).slice());
    }

    @Override
    public boolean await(long position, Duration timeout) {
      return end() > position;
    }
  }

  @Test
  void failsOncePerBadLine() throws Exception {
    log.write("of an earlier launch: ERROR\n");
    Check.Subject subject = lines(ProbeSpec.Type.LIVENESS, Expect.ABSENT, log.end());
    log.write("fine\nERROR: disk full\nfine again\n");

    assertThat(check(subject))
        .isEqualTo(new Outcome.Failed("A line of the log matches ERROR: ERROR: disk full"));
    assertThat(check(subject)).isEqualTo(new Outcome.Passed());
    log.write("more\n");
    assertThat(check(subject)).isEqualTo(new Outcome.Passed());
  }

  @Test
  void waitsForTheEndOfALine() throws Exception {
    Check.Subject subject = lines(ProbeSpec.Type.LIVENESS, Expect.ABSENT, 0);
    log.write("fine\nERR");
    assertThat(check(subject)).isEqualTo(new Outcome.Passed());

    log.write("OR at last\n");

    assertThat(check(subject))
        .isEqualTo(new Outcome.Failed("A line of the log matches ERROR: ERROR at last"));
  }

  @Test
  void passesWhileASignOfLifeIsWritten() throws Exception {
    Check.Subject subject = lines(ProbeSpec.Type.READINESS, Expect.PRESENT, 0);
    assertThat(check(subject)).isInstanceOf(Outcome.Failed.class);
    log.write("ERROR\n");
    assertThat(check(subject)).isEqualTo(new Outcome.Passed());
    assertThat(check(subject)).isInstanceOf(Outcome.Failed.class);
  }

  @Test
  void survivesRotation() throws Exception {
    Check.Subject subject = lines(ProbeSpec.Type.LIVENESS, Expect.ABSENT, 0);
    log.write("some line that goes, half rea");
    assertThat(check(subject)).isEqualTo(new Outcome.Passed());
    log.write("d ERROR\nrest\nERROR kept\n");
    log.start = log.end() - "ERROR kept\n".length();

    assertThat(check(subject))
        .isEqualTo(new Outcome.Failed("A line of the log matches ERROR: ERROR kept"));
  }

  @Test
  void looksAtALineWithoutEndInPieces() throws Exception {
    Check.Subject subject = lines(ProbeSpec.Type.LIVENESS, Expect.ABSENT, 0);
    log.write("x".repeat(70_000) + "ERROR");
    assertThat(check(subject)).isEqualTo(new Outcome.Passed());
    log.write("y".repeat(70_000));

    assertThat(check(subject)).isInstanceOf(Outcome.Failed.class);
  }

  @Test
  void afterARestartOfTheServerOnlyAStartupProbeLooksBack() throws Exception {
    log.write("ERROR\n");

    assertThat(check(lines(ProbeSpec.Type.LIVENESS, Expect.ABSENT, -1)))
        .isEqualTo(new Outcome.Passed());
    assertThat(check(lines(ProbeSpec.Type.STARTUP, Expect.PRESENT, -1)))
        .isEqualTo(new Outcome.Passed());
  }

  @Test
  void comparesWhatIsUsed() {
    assertThat(use(null, new Amount(100 << 20, 0), 3, 20, 0)).isEqualTo(new Outcome.Passed());
    assertThat(use(null, new Amount(50 << 20, 20), 2, 10, 0))
        .isEqualTo(
            new Outcome.Failed(
                "It uses 100.0 MiB of memory, allowed are 50.0; 3 processes, allowed are 2; 20 open"
                    + " files, allowed are 10"));
    usage = new Usage(0, 0, 1, -1);
    assertThat(use(null, null, 0, 10, 0)).isInstanceOf(Outcome.Erred.class);
    usage = Usage.NONE;
    assertThat(use(null, null, 0, 10, 0)).isInstanceOf(Outcome.Erred.class);
  }

  @Test
  void measuresCoresBetweenChecks() {
    ProbeSpec.Resource limits = new ProbeSpec.Resource(new Amount(0.5, 0), null, 0, 0, null, null);
    Check.Subject subject = subject(limits, ProbeSpec.Type.LIVENESS, -1);
    usage = new Usage(90_000, 0, 1, 1);
    assertThat(ResourceCheck.check(limits, subject, 0)).isEqualTo(new Outcome.Passed());

    usage = new Usage(94_000, 0, 1, 1);
    assertThat(ResourceCheck.check(limits, subject, 10_000_000_000L))
        .isEqualTo(new Outcome.Passed());
    usage = new Usage(101_500, 0, 1, 1);

    assertThat(ResourceCheck.check(limits, subject, 20_000_000_000L))
        .isEqualTo(new Outcome.Failed("It uses 0.75 cores, allowed are 0.50"));
  }

  @Test
  void looksAtTheDisk(@TempDir Path dir) {
    assertThat(disk(dir.toString(), new Amount(1, 0))).isEqualTo(new Outcome.Passed());
    assertThat(disk(dir.toString(), new Amount(1e18, 0)).toString()).contains("MiB free");
    assertThat(disk(dir.toString(), new Amount(0, 100))).isInstanceOf(Outcome.Failed.class);
    assertThat(disk(dir.resolve("none").toString(), new Amount(1, 0)))
        .isInstanceOf(Outcome.Erred.class);
  }

  private Outcome use(
      @Nullable Amount cpu, @Nullable Amount memory, int processes, int files, long nanos) {
    ProbeSpec.Resource limits = new ProbeSpec.Resource(cpu, memory, processes, files, null, null);
    return ResourceCheck.check(limits, subject(limits, ProbeSpec.Type.LIVENESS, -1), nanos);
  }

  private Outcome disk(String path, Amount free) {
    ProbeSpec.Resource limits = new ProbeSpec.Resource(null, null, 0, 0, path, free);
    return ResourceCheck.check(limits, subject(limits, ProbeSpec.Type.LIVENESS, -1), 0);
  }

  private static Outcome check(Check.Subject subject) throws Exception {
    return LogCheck.check((ProbeSpec.Log) subject.spec().method(), subject, () -> false);
  }

  private Check.Subject lines(ProbeSpec.Type type, Expect expect, long since) {
    return subject(new ProbeSpec.Log("ERROR", expect), type, since);
  }

  private Check.Subject subject(ProbeSpec.Method method, ProbeSpec.Type type, long since) {
    ProbeSpec spec =
        new ProbeSpec(
            "p", type, method, Duration.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(1), 1, 1);
    Watch watch =
        new Watch(
            "t",
            "web",
            "i1",
            "process",
            "web-0",
            0,
            List.of(spec),
            new Health(false, false, true, Map.of()),
            _ -> {},
            new Insight(() -> usage, () -> log, since),
            null);
    return new Check.Subject(watch, spec, new LastLook());
  }
}

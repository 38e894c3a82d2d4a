package dev.semper.driver.process;

import dev.semper.spi.StopRequest;
import dev.semper.spi.StopResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ends what an incarnation has left behind when its main process ended by itself. Runs after the
/// exit was reported, so that a restart need not wait for it. What its control group still holds is
/// ended at once; what may have left the group is looked for at leisure, since that takes a pass
/// over all processes of the machine.
final class Sweeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Sweeper.class);
  private static final Duration GATHER = Duration.ofMillis(50);
  private static final Duration LEISURE = Duration.ofSeconds(1);
  private static final StopRequest GENTLY = new StopRequest("TERM", Duration.ofSeconds(1));

  private final LinkedBlockingQueue<Tracked> ended = new LinkedBlockingQueue<>();
  private final Forests forests;
  private final Ender ender;
  private final BiConsumer<String, String> notices;
  private final Consumer<Tracked> swept;
  private final Thread thread;

  Sweeper(
      Forests forests, Ender ender, BiConsumer<String, String> notices, Consumer<Tracked> swept) {
    this.forests = forests;
    this.ender = ender;
    this.notices = notices;
    this.swept = swept;
    this.thread = Thread.ofVirtual().name("semper-sweeper").unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  void add(Tracked tracked) {
    ended.add(tracked);
  }

  private void run() {
    List<Tracked> deserted = new ArrayList<>();
    long due = 0;
    try {
      while (true) {
        Tracked first =
            deserted.isEmpty()
                ? ended.take()
                : ended.poll(due - System.nanoTime(), TimeUnit.NANOSECONDS);
        List<Tracked> urgent = new ArrayList<>();
        if (first != null) {
          due = deserted.isEmpty() ? System.nanoTime() + LEISURE.toNanos() : due;
          Thread.sleep(GATHER);
          urgent.add(first);
          ended.drainTo(urgent);
          urgent.removeIf(tracked -> ender.isDeserted(tracked) && deserted.add(tracked));
        }
        if (!urgent.isEmpty() || due - System.nanoTime() <= 0) {
          urgent.addAll(deserted);
          deserted.clear();
          sweep(urgent);
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("the sweeper ends");
    }
  }

  private void sweep(List<Tracked> batch) {
    Forest forest = forests.now();
    for (Tracked tracked : batch) {
      List<Proc> left = ender.tree(tracked, forest);
      if (left.isEmpty()) {
        swept.accept(tracked);
      } else if (!tracked.ending()) { // else a stop is under way, with patience of its own
        Thread.ofVirtual().name("semper-sweep").start(() -> end(tracked, left));
      }
    }
  }

  private void end(Tracked tracked, List<Proc> left) {
    try {
      if (!tracked.helper()) {
        notices.accept(
            tracked.name(),
            "left "
                + left.size()
                + (left.size() == 1 ? " process" : " processes")
                + " behind when it ended (PID "
                + left.getFirst().pid()
                + (left.size() == 1 ? ")" : " and others)")
                + "; ending them");
      }
      finished(tracked, ender.end(tracked, GENTLY));
    } catch (InterruptedException e) {
      LOG.debug("interrupted while ending what {} left behind", tracked.name());
    } catch (RuntimeException e) {
      LOG.warn("cannot end what {} left behind", tracked.name(), e);
    }
  }

  private void finished(Tracked tracked, StopResult result) {
    if (result.leftOver() == 0) {
      swept.accept(tracked);
    } else {
      LOG.warn("{} processes of {} cannot be ended; trying on", result.leftOver(), tracked.name());
      add(tracked);
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}

package dev.semper.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Something that has to be there before the program starts.
///
/// @param timeout seconds after which it counts as missing, whatever the check is doing
/// @param retryInterval seconds between two looks
/// @param required whether the program cannot start without
record Dependency(
    String name,
    Check check,
    double timeout,
    double retryInterval,
    boolean required,
    String description) {

  /// What came of waiting for one.
  ///
  /// @param trouble why it is missing; null if it is there
  record Found(Dependency dependency, @Nullable String trouble, int attempts, long millis) {
    boolean there() {
      return trouble == null;
    }

    Map<String, @Nullable Object> told() {
      Map<String, @Nullable Object> map = new LinkedHashMap<>();
      map.put("name", dependency.name());
      map.put("available", there());
      map.put("required", dependency.required());
      map.put("attempts", attempts);
      map.put("duration_ms", millis);
      if (trouble != null) {
        map.put("error", trouble);
      }
      return map;
    }
  }

  Map<String, Object> told() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", name);
    map.put("required", required);
    map.put("timeout_seconds", RestartPolicy.number(timeout));
    map.put("description", description);
    return map;
  }

  /// Waits for all of them at the same time. None can hold it beyond its timeout, not even one
  /// whose check never returns.
  ///
  /// @param stop ends the waiting early when it completes
  static List<Found> await(List<Dependency> all, CompletableFuture<?> stop)
      throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    List<CompletableFuture<Found>> founds = new ArrayList<>();
    for (Dependency dependency : all) {
      CompletableFuture<Found> found = new CompletableFuture<>();
      Thread thread =
          new Thread(
              () -> {
                try {
                  found.complete(dependency.await());
                } catch (Throwable e) {
                  found.complete(new Found(dependency, Check.reason(e), 1, 0));
                }
              },
              "dependency " + dependency.name());
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
      founds.add(found);
    }
    CompletableFuture<?> done =
        CompletableFuture.anyOf(
            CompletableFuture.allOf(founds.toArray(CompletableFuture[]::new)), stop);
    double longest = all.stream().mapToDouble(Dependency::timeout).max().orElse(0) + 1;
    Deadline.in(longest).await(done);
    threads.forEach(Thread::interrupt);
    List<Found> result = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      result.add(founds.get(i).getNow(new Found(all.get(i), "was not waited for", 0, 0)));
    }
    return result;
  }

  private Found await() throws InterruptedException {
    Deadline deadline = Deadline.in(timeout);
    long begun = System.nanoTime();
    int attempts = 0;
    String trouble = "it was not looked at";
    do {
      attempts++;
      try {
        deadline.within(
            "check " + name,
            () -> {
              check.run(deadline);
              return true;
            });
        return new Found(this, null, attempts, (System.nanoTime() - begun) / 1_000_000);
      } catch (InterruptedException e) {
        throw e;
      } catch (TimeoutException e) {
        trouble = "no answer within " + RestartPolicy.number(timeout) + " s";
      } catch (Check.FailedException e) {
        trouble = "" + e.getMessage();
      } catch (Exception e) {
        trouble = Check.reason(e);
      }
      long pause = Math.min((long) (retryInterval * 1e3), deadline.nanosLeft() / 1_000_000);
      if (pause > 0) {
        Thread.sleep(pause);
      }
    } while (!deadline.isOver());
    return new Found(this, trouble, attempts, (System.nanoTime() - begun) / 1_000_000);
  }
}

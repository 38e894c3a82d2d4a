package dev.semper.engine.store;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A server that commits from several threads and prints the number of each event once it was told
/// that it is durable, until it is killed: `CrashChild URL ROUND`.
final class CrashChild {
  private static final int THREADS = 8;

  private CrashChild() {}

  public static void main(String[] args) throws InterruptedException {
    Store store = Store.open(new StoreConfig(args[0], "postgres", null, 90));
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < THREADS; t++) {
      String name = "r" + args[1] + "-t" + t;
      threads.add(Thread.startVirtualThread(() -> commitForEver(store, name)));
    }
    for (Thread thread : threads) {
      thread.join();
    }
  }

  private static void commitForEver(Store store, String name) {
    for (int n = 0; ; n++) {
      String workload = name + "-" + n;
      try {
        Batch batch =
            new Batch()
                .put(new Row.Workload("default", workload, "{}"))
                .audit(
                    new AuditEntry(
                        Instant.now(), "default", "a", "local", "x", workload, "granted", Map.of()))
                .event(Instant.now(), "default", workload, null, "x", Map.of(), null, "system");
        long seq = store.commit(batch).getFirst().seq();
        System.out.println(seq + " " + workload);
      } catch (InterruptedException e) {
        return;
      }
    }
  }
}

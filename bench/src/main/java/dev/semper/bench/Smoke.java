package dev.semper.bench;

import dev.semper.engine.Semper;
import dev.semper.engine.operation.*;
import dev.semper.engine.spec.Format;
import dev.semper.engine.store.EventFilter;
import java.nio.file.*;
import java.time.Duration;

final class Smoke {
  public static void main(String[] a) throws Exception {
    Path home = Path.of(a[0]);
    long t0 = System.nanoTime();
    try (Semper s = Semper.builder().home(home).start()) {
      System.out.println("start ms " + (System.nanoTime() - t0) / 1e6);
      String doc = Files.readString(Path.of(a[1]));
      var op = s.operations().apply(new ApplyRequest("default", s.specs().readDocument(doc, Format.TOML, null), "me", false, false, 10, false, true, Priority.NORMAL, null));
      System.out.println(op);
      if (op.isPresent()) {
        System.out.println(s.operations().await(op.get().id(), Duration.ofSeconds(20)));
        s.operations().members(op.get().id()).forEach(System.out::println);
      }
      s.workloads().list(null).forEach(System.out::println);
      if (a.length > 2) {
        long pid = Long.parseLong(s.workloads().list(null).getFirst().instances().getFirst().handle());
        new ProcessBuilder("kill", "-9", "" + pid).start().waitFor();
        java.util.concurrent.locks.LockSupport.parkNanos(3_000_000_000L);
        s.events().read(EventFilter.ALL, 1000).forEach(e -> System.out.println(e.seq() + " " + e.at() + " " + e.workload() + " " + e.instance() + " " + e.type() + " " + e.data()));
        for (var k : new OperationKind[]{OperationKind.RESTART, OperationKind.STOP, OperationKind.START, OperationKind.DELETE}) {
          for (var w : s.workloads().list(null).reversed()) {
            try {
            var o = s.operations().submit(OperationRequest.of("default", w.name(), k, "me"));
            var d = s.operations().await(o.id(), Duration.ofSeconds(20));
            System.out.println(k + " " + w.name() + " " + d.status() + " " + d.error());
            } catch (dev.semper.engine.error.SemperException e) { System.out.println(k + " " + w.name() + " refused " + e.getMessage()); }
          }
        }
      }
    }
  }
}

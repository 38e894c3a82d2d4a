package dev.semper.engine.workload;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Store;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The only writer of one workload: takes events one after the other, decides, makes the decision
/// durable, shows it, and then carries out its effects. Events that have queued up are made durable
/// together.
///
/// The mailbox needs no bound of its own: an instance has at most a few facts under way, and
/// operations ask one thing at a time.
final class Owner {
  private static final Logger LOG = LoggerFactory.getLogger(Owner.class);
  private static final int EVENTS_PER_COMMIT = 256;

  /// What comes in the mail.
  private sealed interface Mail {
    record Letter(WorkloadEvent event, @Nullable CompletableFuture<Workload> answer)
        implements Mail {}

    record Removal(Supplier<Batch> rows, CompletableFuture<Workload> answer) implements Mail {}
  }

  private final Queue<Mail> mailbox = new ConcurrentLinkedQueue<>();
  private final Store store;
  private final Supplier<Surroundings> surroundings;
  private final Hands hands;
  private final Consumer<Workload> published;

  /// Guards who takes the mail.
  private final Object turn = new Object();

  /// Takes the mail while there is any. A workload that nothing happens to has none: one that waits
  /// would keep 5 kB of stack.
  private @Nullable Thread thread;

  private boolean open;
  private volatile Workload current;
  private volatile boolean removed;

  /// Takes no more mail.
  private volatile boolean ended;

  /// @param surroundings made anew for each decision
  /// @param published is shown each new state, after it is durable
  Owner(
      Workload loaded,
      Store store,
      Supplier<Surroundings> surroundings,
      Hands hands,
      Consumer<Workload> published) {
    this.current = loaded;
    this.store = store;
    this.surroundings = surroundings;
    this.hands = hands;
    this.published = published;
  }

  /// Takes mail from now on, that which has come already first.
  void start() {
    synchronized (turn) {
      open = true;
    }
    wake();
  }

  private void wake() {
    synchronized (turn) {
      if (open && thread == null && !mailbox.isEmpty()) {
        thread = Thread.ofVirtual().name("owner-" + current.name()).start(this::run);
      }
    }
  }

  Workload current() {
    return current;
  }

  /// A fact, without answer.
  void tell(WorkloadEvent event) {
    if (!ended) {
      mailbox.add(new Mail.Letter(event, null));
      wake();
    }
  }

  /// @return completes with the workload once the event is durable and shown
  CompletableFuture<Workload> ask(WorkloadEvent event) {
    CompletableFuture<Workload> answer = new CompletableFuture<>();
    return post(new Mail.Letter(event, answer), answer);
  }

  /// What comes after the mailbox was emptied for the last time is refused here.
  private CompletableFuture<Workload> post(Mail mail, CompletableFuture<Workload> answer) {
    mailbox.add(mail);
    wake();
    if (ended) {
      answer.completeExceptionally(gone());
    }
    return answer;
  }

  /// Removes the workload; refused while an instance lives.
  CompletableFuture<Workload> remove(Supplier<Batch> rows) {
    CompletableFuture<Workload> answer = new CompletableFuture<>();
    return post(new Mail.Removal(rows, answer), answer);
  }

  /// Waits until the workload is as told, or the time is over.
  Optional<Workload> await(Predicate<Workload> condition, Duration timeout)
      throws InterruptedException {
    long deadline = System.nanoTime() + timeout.toNanos();
    synchronized (this) {
      while (!condition.test(current)) {
        long left = (deadline - System.nanoTime()) / 1_000_000;
        if (left <= 0 || removed) {
          return Optional.empty();
        }
        wait(left);
      }
      return Optional.of(current);
    }
  }

  synchronized void nudge() {
    notifyAll();
  }

  /// Ends the owner without touching the workload.
  void close() throws InterruptedException {
    Thread working;
    synchronized (turn) {
      open = false;
      working = thread;
    }
    if (working != null) {
      working.interrupt();
      working.join(Duration.ofSeconds(5));
    }
    ended = true;
    drain().forEach(mail -> refuse(mail, shuttingDown()));
  }

  private void run() {
    List<Mail> batch = new ArrayList<>();
    try {
      while (take(batch)) {
        guarded(batch);
      }
    } catch (InterruptedException _) {
      // The server is closing; what was not made durable never happened.
      end(batch);
    } catch (SemperException e) {
      LOG.error("The owner of {} ends: {}", current.name(), e.getMessage());
      end(batch);
    } catch (Error e) {
      end(batch);
      throw e;
    }
  }

  /// @return whether there was any mail; if not, this thread is done
  private boolean take(List<Mail> batch) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    batch.clear();
    if (removed) {
      end(batch);
      return false;
    }
    synchronized (turn) {
      while (batch.size() < EVENTS_PER_COMMIT && mailbox.peek() != null) {
        batch.add(mailbox.remove());
      }
      if (batch.isEmpty()) {
        thread = null;
      }
    }
    return !batch.isEmpty();
  }

  /// No mail is taken any more.
  ///
  /// @param last what was at work; those that have their answer already keep it
  private void end(List<Mail> last) {
    synchronized (turn) {
      open = false;
    }
    ended = true;
    RuntimeException why = gone();
    last.forEach(mail -> refuse(mail, why));
    drain().forEach(mail -> refuse(mail, why));
  }

  /// A defect met with some mail must not end the owner: nobody else looks after the workload.
  private void guarded(List<Mail> batch) throws InterruptedException {
    try {
      handle(batch);
    } catch (SemperException e) {
      throw e; // The database is no longer ours.
    } catch (RuntimeException e) {
      LOG.error("The owner of {} met a defect with {} and goes on", current.name(), batch, e);
      batch.forEach(mail -> refuse(mail, e));
    }
  }

  private List<Mail> drain() {
    List<Mail> rest = new ArrayList<>();
    for (Mail mail = mailbox.poll(); mail != null; mail = mailbox.poll()) {
      rest.add(mail);
    }
    return rest;
  }

  private void handle(List<Mail> mails) throws InterruptedException {
    List<Mail.Letter> letters = new ArrayList<>();
    for (Mail mail : mails) {
      switch (mail) {
        case Mail.Letter letter -> letters.add(letter);
        case Mail.Removal removal -> {
          handleLetters(letters);
          letters.clear();
          handleRemoval(removal);
        }
      }
    }
    handleLetters(letters);
  }

  private void handleLetters(List<Mail.Letter> letters) throws InterruptedException {
    Workload before = current;
    Workload now = before;
    Batch batch = new Batch();
    List<Effect> effects = new ArrayList<>();
    List<CompletableFuture<Workload>> answers = new ArrayList<>();
    for (Mail.Letter letter : letters) {
      Surroundings here = surroundings.get();
      Decision decision;
      try {
        decision = Decider.decide(now, letter.event(), here);
      } catch (RuntimeException e) {
        refuse(letter, e);
        continue;
      }
      now = decision.next();
      note(batch, now, decision.notes(), here.now());
      effects.addAll(decision.effects());
      if (letter.answer() != null) {
        answers.add(letter.answer());
      }
    }
    try {
      Rows.write(batch, before, now);
      if (!batch.isEmpty()) {
        store.commit(batch);
      }
    } catch (SemperException e) {
      answers.forEach(a -> a.completeExceptionally(e));
      throw e;
    }
    show(now);
    carryOut(now, effects);
    published.accept(now);
    for (CompletableFuture<Workload> answer : answers) {
      answer.complete(now);
    }
  }

  /// Before those who only follow are told, and starts first: somebody may be without service until
  /// they are done.
  private void carryOut(Workload now, List<Effect> effects) {
    for (Effect effect : effects) {
      if (effect instanceof Effect.Start) {
        hands.carryOut(now, effect, this);
      }
    }
    for (Effect effect : effects) {
      if (!(effect instanceof Effect.Start)) {
        hands.carryOut(now, effect, this);
      }
    }
  }

  private void note(Batch batch, Workload workload, List<Decision.Note> notes, Instant at) {
    String operation = workload.operationId();
    for (Decision.Note note : notes) {
      batch.event(
          at,
          workload.tenant(),
          workload.name(),
          note.instance(),
          note.type(),
          note.data(),
          operation,
          "system");
    }
  }

  private void handleRemoval(Mail.Removal removal) throws InterruptedException {
    if (current.instances().stream().anyMatch(Instance::isLive)) {
      removal
          .answer()
          .completeExceptionally(
              new SemperException(
                  ErrorCode.PRECONDITION_FAILED,
                  "Workload " + current.name() + " still has running instances; stop it first"));
      return;
    }
    try {
      store.commit(removal.rows().get());
    } catch (SemperException e) {
      removal.answer().completeExceptionally(e);
      throw e;
    }
    current
        .instances()
        .forEach(i -> hands.carryOut(current, new Effect.Forget(i.incarnation()), this));
    removed = true;
    show(current);
    published.accept(current);
    removal.answer().complete(current);
  }

  private synchronized void show(Workload now) {
    current = now;
    notifyAll();
  }

  private void refuse(Mail mail, RuntimeException why) {
    CompletableFuture<Workload> answer =
        switch (mail) {
          case Mail.Letter letter -> letter.answer();
          case Mail.Removal removal -> removal.answer();
        };
    if (answer != null) {
      answer.completeExceptionally(why);
    } else if (!ended) {
      LOG.error("Workload {} could not take {}", current.name(), mail, why);
    }
  }

  private SemperException gone() {
    return new SemperException(
        removed ? ErrorCode.NOT_FOUND : ErrorCode.SHUTTING_DOWN,
        removed
            ? "Workload " + current.name() + " has been deleted"
            : "The server is shutting down");
  }

  private static SemperException shuttingDown() {
    return new SemperException(ErrorCode.SHUTTING_DOWN, "The server is shutting down");
  }
}

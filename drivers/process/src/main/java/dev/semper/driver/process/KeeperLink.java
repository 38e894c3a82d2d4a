package dev.semper.driver.process;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The connection to the keeper. When the keeper dies, a new one is started and every unanswered
/// request is sent again: all of them are idempotent.
final class KeeperLink implements AutoCloseable {
  /// Told in the reader's thread; must not block.
  interface Listener {
    void exited(String incarnation, List<String> rawAtTicksDetail);

    void reaped();

    /// A new keeper answers; exits that nobody was told yet have been sent.
    void reconnected();
  }

  private static final Logger LOG = LoggerFactory.getLogger(KeeperLink.class);
  static final String VERSION = "2";
  private static final Duration ANSWER = Duration.ofSeconds(30);
  private static final int SOCKET_PATH_MAX = 100;

  private record Request(String line, CompletableFuture<List<String>> answer) {}

  private final Path state;
  private final KeeperProgram program;
  private final Listener listener;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Long, Request> unanswered = new LinkedHashMap<>();
  private final Thread reader;
  private long lastId;
  private @Nullable SocketChannel channel;
  private volatile boolean closed;
  private volatile long keeperPid;

  KeeperLink(Path state, KeeperProgram program, Listener listener) {
    this.state = state;
    this.program = program;
    this.listener = listener;
    this.reader = Thread.ofPlatform().daemon().name("semper-keeper-reader").unstarted(this::run);
  }

  /// Connects, starting a keeper if none runs.
  void open() throws IOException {
    SocketChannel first = connect();
    CompletableFuture<List<String>> hello = send("hello", List.of(VERSION));
    install(first);
    reader.start();
    greeted(await(hello));
  }

  private void greeted(List<String> answer) {
    keeperPid = Long.parseLong(answer.get(0));
    if (!answer.get(1).equals(VERSION)) {
      upgrade();
    }
  }

  /// The running keeper becomes that of this version, in the same process, so that its children
  /// stay its children. Its end of the connection is the answer.
  void upgrade() {
    lock.lock();
    try {
      if (channel != null) {
        write(channel, Wire.line(++lastId, "upgrade", List.of(program.script())));
      }
    } finally {
      lock.unlock();
    }
  }

  long keeperPid() {
    return keeperPid;
  }

  /// Asks and waits for the answer.
  List<String> ask(String verb, String... fields) {
    return await(send(verb, List.of(fields)));
  }

  /// Asks and has the answer read in the reader's thread, in order with the exits.
  <T> T ask(Function<List<String>, T> inOrder, String verb, List<String> fields) {
    CompletableFuture<List<String>> answer = new CompletableFuture<>();
    CompletableFuture<T> read = answer.thenApply(inOrder);
    send(verb, fields, answer);
    return await(read);
  }

  CompletableFuture<List<String>> send(String verb, List<String> fields) {
    CompletableFuture<List<String>> answer = new CompletableFuture<>();
    send(verb, fields, answer);
    return answer;
  }

  /// Says something whose answer does not matter.
  void tell(String verb, String field) {
    send(verb, List.of(field), new CompletableFuture<>());
  }

  private void send(String verb, List<String> fields, CompletableFuture<List<String>> answer) {
    lock.lock();
    try {
      if (closed) {
        answer.completeExceptionally(new IllegalStateException("the process driver is closed"));
        return;
      }
      long id = ++lastId;
      String line = Wire.line(id, verb, fields);
      unanswered.put(id, new Request(line, answer));
      if (channel != null) {
        write(channel, line);
      }
    } finally {
      lock.unlock();
    }
  }

  private static <T> T await(CompletableFuture<T> answer) {
    try {
      return answer.get(ANSWER.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } catch (TimeoutException e) {
      throw new IllegalStateException(
          "the process keeper has not answered for "
              + ANSWER.toSeconds()
              + " s; see keeper.log in its state directory",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for the process keeper", e);
    }
  }

  /// A failed write is not reported: the reader sees the end of the connection and sends again.
  private void write(SocketChannel to, String line) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII));
      while (bytes.hasRemaining()) {
        to.write(bytes);
      }
    } catch (IOException e) {
      LOG.debug("the keeper's connection broke while writing", e);
    }
  }

  private void install(SocketChannel fresh) {
    lock.lock();
    try {
      channel = fresh;
      for (Request request : unanswered.values()) {
        write(fresh, request.line());
      }
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    long pause = 0;
    while (!closed) {
      SocketChannel current = channel;
      try {
        if (current == null) {
          LockSupport.parkNanos(pause);
          current = connect();
          CompletableFuture<List<String>> hello = send("hello", List.of(VERSION));
          var _ = hello.thenAccept(this::again);
          install(current);
          pause = 0;
        }
        read(current);
      } catch (IOException e) {
        disconnected(current, e);
        pause = pause == 0 ? 10_000_000 : Math.min(2 * pause, 1_000_000_000);
      }
    }
  }

  private void again(List<String> answer) {
    greeted(answer);
    LOG.warn("a new process keeper runs with PID {}", keeperPid);
    listener.reconnected();
  }

  private void disconnected(@Nullable SocketChannel broken, IOException why) {
    lock.lock();
    try {
      channel = null;
      if (broken != null) {
        broken.close();
      }
    } catch (IOException e) {
      LOG.debug("closing the broken connection failed", e);
    } finally {
      lock.unlock();
    }
    if (!closed) {
      LOG.warn("the process keeper is away ({}); starting a new one", why.getMessage());
    }
  }

  private void read(SocketChannel from) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    StringBuilder line = new StringBuilder();
    while (from.read(buffer.clear()) >= 0) {
      buffer.flip();
      while (buffer.hasRemaining()) {
        char c = (char) (buffer.get() & 0xff);
        if (c == '\n') {
          received(line.toString());
          line.setLength(0);
        } else {
          line.append(c);
        }
      }
    }
    throw new EOFException("it closed the connection");
  }

  private void received(String line) {
    try {
      List<String> fields = Wire.fields(line);
      if (fields.getFirst().equals("!")) {
        event(fields);
      } else {
        answered(fields);
      }
    } catch (RuntimeException e) {
      LOG.error("cannot handle the keeper's message '{}'", line, e);
    }
  }

  private void event(List<String> fields) {
    if (fields.get(1).equals("exit")) {
      listener.exited(fields.get(2), fields.subList(3, fields.size()));
    } else {
      listener.reaped();
    }
  }

  private void answered(List<String> fields) {
    Request request;
    lock.lock();
    try {
      request = unanswered.remove(Long.parseLong(fields.getFirst()));
    } finally {
      lock.unlock();
    }
    if (request == null) {
      return;
    }
    if (fields.get(1).equals("ok")) {
      request.answer().complete(fields.subList(2, fields.size()));
    } else {
      request
          .answer()
          .completeExceptionally(
              new KeeperException(Integer.parseInt(fields.get(2)), fields.get(3), fields.get(4)));
    }
  }

  private SocketChannel connect() throws IOException {
    IOException last = new IOException("the process keeper could not be reached");
    for (int attempt = 0; attempt < 50 && !closed; attempt++) {
      try {
        return dial();
      } catch (InterruptedIOException e) {
        throw e;
      } catch (IOException e) {
        last = e;
      }
      program.start();
      if (attempt > 0) {
        LockSupport.parkNanos(Math.min(attempt, 10) * 10_000_000L);
      }
    }
    throw last;
  }

  /// Socket paths are at most 107 bytes; a longer one is reached through an open directory.
  private SocketChannel dial() throws IOException {
    String path = state.resolve("keeper.sock").toString();
    if (path.getBytes(StandardCharsets.UTF_8).length <= SOCKET_PATH_MAX) {
      return dial(path);
    }
    int directory = Native.openDirectory(state);
    try {
      return dial("/proc/self/fd/" + directory + "/keeper.sock");
    } finally {
      Native.close(directory);
    }
  }

  private static SocketChannel dial(String path) throws IOException {
    SocketChannel fresh = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      fresh.connect(UnixDomainSocketAddress.of(path));
      return fresh;
    } catch (IOException e) {
      fresh.close();
      throw e;
    }
  }

  /// Leaves the keeper running if anything runs; otherwise it goes too.
  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      if (channel != null) {
        write(channel, Wire.line(++lastId, "quit-if-idle", List.of()));
        channel.shutdownOutput();
      }
    } catch (IOException e) {
      LOG.debug("the keeper's connection was broken already", e);
    } finally {
      lock.unlock();
    }
    LockSupport.unpark(reader);
    try {
      if (!reader.join(Duration.ofSeconds(5))) {
        LOG.warn("the keeper did not let go of the connection within 5 s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    lock.lock();
    try {
      for (Request request : unanswered.values()) {
        request
            .answer()
            .completeExceptionally(new IllegalStateException("the process driver was closed"));
      }
      unanswered.clear();
    } finally {
      lock.unlock();
    }
  }
}

package dev.semper.engine.access;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// The tokens there are. A token reads `smp_ID_SECRET`: it is found by its public id and compared
/// in constant time, so that how long a refusal takes tells nothing about a secret.
public final class Tokens {
  private static final String PREFIX = "smp_";
  private static final int ID_BYTES = 6;
  private static final int SECRET_BYTES = 32;
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /// A token and its secret, which nobody can be told again.
  public record Created(Token token, String secret) {}

  private record Doc(
      String name,
      Role role,
      Instant createdAt,
      String createdBy,
      @Nullable String idempotencyKey) {}

  /// @param hash SHA-256 of the token, in hex
  private record Known(Token token, String hash) {}

  private final Store store;
  private final Clock clock;
  private final SecureRandom random;
  private final String nobody;
  private final Map<String, Known> tokens = new ConcurrentHashMap<>();
  private final ReentrantLock writing = new ReentrantLock();

  private Tokens(Store store, Clock clock, SecureRandom random) {
    this.store = store;
    this.clock = clock;
    this.random = random;
    this.nobody = sha256(letters(SECRET_BYTES));
  }

  public static Tokens load(Store store, Clock clock, SecureRandom random) {
    Tokens loaded = new Tokens(store, clock, random);
    for (Row.Token row : store.tokens()) {
      Doc doc = Docs.read(row.doc(), Doc.class);
      Token token =
          new Token(
              row.id(),
              doc.name(),
              doc.role(),
              row.tenant(),
              doc.createdAt(),
              doc.createdBy(),
              doc.idempotencyKey());
      loaded.tokens.put(row.id(), new Known(token, row.hash()));
    }
    return loaded;
  }

  /// Whose token it is. Never touches the store.
  public Optional<Principal> authenticate(String presented) {
    int end = presented.indexOf('_', PREFIX.length());
    String id =
        presented.startsWith(PREFIX) && end > 0 ? presented.substring(PREFIX.length(), end) : "";
    Known known = tokens.get(id);
    byte[] expected = (known == null ? nobody : known.hash()).getBytes(UTF_8);
    boolean same = MessageDigest.isEqual(sha256(presented).getBytes(UTF_8), expected);
    return same && known != null ? Optional.of(known.token().principal()) : Optional.empty();
  }

  /// Of one tenant or, with [Principal#ALL], all; oldest first.
  public List<Token> list(String tenant) {
    return tokens.values().stream()
        .map(Known::token)
        .filter(t -> tenant.equals(Principal.ALL) || t.tenant().equals(tenant))
        .sorted(Comparator.comparing(Token::createdAt).thenComparing(Token::id))
        .toList();
  }

  public Optional<Token> find(String id) {
    return Optional.ofNullable(tokens.get(id)).map(Known::token);
  }

  /// @param idempotencyKey refuses to make a second one for the same key
  public Created create(
      String name, Role role, String tenant, String actor, @Nullable String idempotencyKey)
      throws InterruptedException {
    writing.lock();
    try {
      refuseSecond(actor, idempotencyKey);
      Created created = draw(name, role, tenant, actor, idempotencyKey);
      write(created);
      return created;
    } finally {
      writing.unlock();
    }
  }

  /// From then on the token is not accepted.
  public void delete(String id, String actor) throws InterruptedException {
    writing.lock();
    try {
      Known known = tokens.get(id);
      if (known == null) {
        throw new SemperException(ErrorCode.NOT_FOUND, "There is no token with the id " + id);
      }
      Batch batch = new Batch();
      deletion(batch, known, actor);
      store.commit(batch, PATIENCE);
      tokens.remove(id);
    } finally {
      writing.unlock();
    }
  }

  /// Commits the batch together with the removal of a tenant's tokens.
  void deleteAll(String tenant, Batch batch, String actor) throws InterruptedException {
    writing.lock();
    try {
      List<Known> gone =
          tokens.values().stream().filter(k -> k.token().tenant().equals(tenant)).toList();
      gone.forEach(k -> deletion(batch, k, actor));
      store.commit(batch, PATIENCE);
      gone.forEach(k -> tokens.remove(k.token().id()));
    } finally {
      writing.unlock();
    }
  }

  /// Makes the first token, an administrator's of all tenants, if there is none at all.
  ///
  /// @param file gets the secret, mode 0600
  /// @return whether it was made
  public boolean makeFirst(Path file) throws InterruptedException {
    return tokens.isEmpty() && makeLocal(file) != null;
  }

  /// Makes an administrator's token of all tenants and puts its secret into a file with mode 0600,
  /// before the token is good: a crash in between leaves a file that opens nothing.
  public Token makeLocal(Path file) throws InterruptedException {
    writing.lock();
    try {
      Created created = draw("admin", Role.ADMIN, Principal.ALL, "system", null);
      writeSecret(file, created.secret());
      write(created);
      return created.token();
    } finally {
      writing.unlock();
    }
  }

  private void refuseSecond(String actor, @Nullable String idempotencyKey) {
    for (Known known : tokens.values()) {
      Token token = known.token();
      if (idempotencyKey != null
          && idempotencyKey.equals(token.idempotencyKey())
          && actor.equals(token.createdBy())) {
        throw new SemperException(
            ErrorCode.ALREADY_EXISTS,
            "This idempotency key has made token %s already and its secret is shown only once; delete"
                    .formatted(token.id())
                + " it and make another with a new key",
            List.of(),
            Map.of("token_id", token.id()));
      }
    }
  }

  private Created draw(
      String name, Role role, String tenant, String actor, @Nullable String idempotencyKey) {
    byte[] bytes = new byte[ID_BYTES];
    random.nextBytes(bytes);
    String id = HexFormat.of().formatHex(bytes);
    Token token = new Token(id, name, role, tenant, clock.instant(), actor, idempotencyKey);
    return new Created(token, PREFIX + id + "_" + letters(SECRET_BYTES));
  }

  private void write(Created created) throws InterruptedException {
    Token token = created.token();
    String hash = sha256(created.secret());
    Doc doc =
        new Doc(
            token.name(),
            token.role(),
            token.createdAt(),
            token.createdBy(),
            token.idempotencyKey());
    Batch batch = new Batch().put(new Row.Token(token.id(), hash, token.tenant(), Docs.write(doc)));
    event(batch, "token.created", token, token.createdBy());
    store.commit(batch, PATIENCE);
    tokens.put(token.id(), new Known(token, hash));
  }

  private void deletion(Batch batch, Known known, String actor) {
    Token token = known.token();
    batch.delete(new Row.Token(token.id(), known.hash(), token.tenant(), ""));
    event(batch, "token.deleted", token, actor);
  }

  private void event(Batch batch, String type, Token token, String actor) {
    Map<String, Object> data =
        Map.of("token_id", token.id(), "name", token.name(), "role", token.role().id());
    batch.event(clock.instant(), token.tenant(), null, null, type, data, null, actor);
  }

  private String letters(int bytes) {
    byte[] drawn = new byte[bytes];
    random.nextBytes(drawn);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(drawn);
  }

  private static String sha256(String text) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return HexFormat.of().formatHex(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static void writeSecret(Path file, String secret) {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try {
      Files.deleteIfExists(part);
      Files.createFile(
          part, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(part, secret + "\n");
      try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the token file " + file, e);
    }
  }
}

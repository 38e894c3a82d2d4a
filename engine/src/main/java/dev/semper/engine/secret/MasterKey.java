package dev.semper.engine.secret;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.secret.Aead.UnreadableException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/// Wraps data keys.
sealed interface MasterKey {
  /// Tells it from others and nothing about it.
  String id();

  byte[] wrap(byte[] dataKey, byte[] context, SecureRandom random) throws InterruptedException;

  /// @throws UnreadableException if it was not wrapped by this key, or was changed
  byte[] unwrap(byte[] wrapped, byte[] context) throws UnreadableException, InterruptedException;

  /// 32 bytes that we have.
  final class Bytes implements MasterKey {
    private final byte[] key;

    Bytes(byte[] key) {
      this.key = key;
    }

    @Override
    public String id() {
      return Aead.fingerprint("master key", key);
    }

    @Override
    public byte[] wrap(byte[] dataKey, byte[] context, SecureRandom random) {
      return Aead.seal(key, dataKey, context, random);
    }

    @Override
    public byte[] unwrap(byte[] wrapped, byte[] context) throws UnreadableException {
      return Aead.open(key, wrapped, context);
    }

    @Override
    public String toString() {
      return "master key " + id();
    }
  }

  /// One that only a program can use.
  record Remote(List<String> words) implements MasterKey {
    static final String PREFIX = "command-";
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    @Override
    public String id() {
      return PREFIX + Aead.fingerprint("command", String.join("\0", words).getBytes(UTF_8));
    }

    @Override
    public byte[] wrap(byte[] dataKey, byte[] context, SecureRandom random)
        throws InterruptedException {
      try {
        return call("wrap", dataKey);
      } catch (Commands.FailedException e) {
        throw new SemperException(
            ErrorCode.PRECONDITION_FAILED,
            "A data key cannot be wrapped by the master key: " + e.getMessage());
      }
    }

    @Override
    public byte[] unwrap(byte[] wrapped, byte[] context)
        throws UnreadableException, InterruptedException {
      try {
        return call("unwrap", wrapped);
      } catch (Commands.FailedException e) {
        throw new UnreadableException("cannot be unwrapped: " + e.getMessage());
      }
    }

    private byte[] call(String verb, byte[] input)
        throws Commands.FailedException, InterruptedException {
      List<String> all = new ArrayList<>(words);
      all.add(verb);
      byte[] output = Commands.run(all, Map.of(), Base64.getEncoder().encode(input), TIMEOUT);
      try {
        return Base64.getDecoder().decode(new String(output, US_ASCII).strip());
      } catch (IllegalArgumentException e) {
        throw new Commands.FailedException(words.getFirst() + " did not write Base64");
      }
    }
  }
}

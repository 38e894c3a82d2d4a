package dev.semper.engine.secret;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Reads and writes the files of master keys.
final class KeyFiles {
  private static final Logger LOG = LoggerFactory.getLogger(KeyFiles.class);
  private static final Set<PosixFilePermission> OTHERS =
      EnumSet.complementOf(
          EnumSet.of(
              PosixFilePermission.OWNER_READ,
              PosixFilePermission.OWNER_WRITE,
              PosixFilePermission.OWNER_EXECUTE));

  private KeyFiles() {}

  static MasterKey.Bytes read(Path file) throws NoSuchFileException {
    try {
      Set<PosixFilePermission> open = EnumSet.copyOf(OTHERS);
      open.retainAll(Files.getPosixFilePermissions(file));
      if (!open.isEmpty()) {
        throw refused(
            "The master key %s can be read or written by others than its owner: chmod 600 it, and if somebody may have read it, change the key (semper secret rekey)"
                .formatted(file));
      }
      StringBuilder hex = new StringBuilder();
      Files.readAllLines(file, US_ASCII).stream()
          .filter(line -> !line.startsWith("#"))
          .forEach(line -> hex.append(line.strip()));
      return parse(hex.toString(), file.toString());
    } catch (NoSuchFileException e) {
      throw e;
    } catch (IOException e) {
      throw refused("The master key %s cannot be read: %s".formatted(file, e));
    }
  }

  static MasterKey.Bytes parse(String hex, String where) {
    try {
      byte[] key = HexFormat.of().parseHex(hex.strip());
      if (key.length == Aead.KEY_BYTES) {
        return new MasterKey.Bytes(key);
      }
    } catch (IllegalArgumentException _) {
      // told below, without what is there
    }
    throw refused(
        "The master key in %s must be 64 hex digits, as `openssl rand -hex 32` writes them"
            .formatted(where));
  }

  /// Makes a key that is on the disk before anything is wrapped by it.
  static MasterKey.Bytes make(Path file, SecureRandom random) {
    byte[] key = new byte[Aead.KEY_BYTES];
    random.nextBytes(key);
    MasterKey.Bytes made = new MasterKey.Bytes(key);
    String text =
        """
        # Semper master key %s
        # Everything secret of this server is lost without it. Keep a copy elsewhere, not beside the
        # backups of the database: both together open everything.
        %s
        """
            .formatted(made.id(), HexFormat.of().formatHex(key));
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try {
      Files.deleteIfExists(part);
      Files.createFile(
          part, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(part, text);
      force(part);
      move(part, file);
    } catch (IOException e) {
      throw refused("The master key %s cannot be written: %s".formatted(file, e));
    }
    LOG.warn(
        "made the master key {} in {}: keep a copy of it elsewhere, all secrets are lost without it",
        made.id(),
        file);
    return made;
  }

  static void move(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    Path parent = to.toAbsolutePath().getParent();
    if (parent != null) {
      try (FileChannel directory = FileChannel.open(parent, StandardOpenOption.READ)) {
        directory.force(true);
      }
    }
  }

  private static void force(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  static SemperException refused(String message) {
    return new SemperException(ErrorCode.PRECONDITION_FAILED, message);
  }
}

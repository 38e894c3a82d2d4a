package dev.semper.engine.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Replaces a file as a whole: whoever reads it sees the old content or the new one, also after the
/// machine has lost its power.
final class AtomicFile {
  private static final PosixFilePermission[] BITS = {
    PosixFilePermission.OTHERS_EXECUTE,
    PosixFilePermission.OTHERS_WRITE,
    PosixFilePermission.OTHERS_READ,
    PosixFilePermission.GROUP_EXECUTE,
    PosixFilePermission.GROUP_WRITE,
    PosixFilePermission.GROUP_READ,
    PosixFilePermission.OWNER_EXECUTE,
    PosixFilePermission.OWNER_WRITE,
    PosixFilePermission.OWNER_READ
  };

  private AtomicFile() {}

  /// @param suffix of the temporary file beside it; the same for each try, so that none is left
  /// @param owner `USER` or `USER:GROUP`; null leaves it the server's
  static void write(Path file, String text, int mode, @Nullable String owner, String suffix)
      throws IOException {
    Path directory = file.toAbsolutePath().getParent();
    if (directory == null) {
      throw new IOException(file + " is no file");
    }
    Path fresh = directory.resolve("." + file.getFileName() + "." + suffix);
    byte[] content = text.getBytes(UTF_8);
    if (holds(file, content, mode)) {
      own(file, owner);
      return; // going back must not need room for what is there already
    }
    boolean done = false;
    try {
      Files.deleteIfExists(fresh);
      try (FileChannel channel =
          FileChannel.open(
              fresh,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
        ByteBuffer bytes = ByteBuffer.wrap(content);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        own(fresh, owner);
        Files.setPosixFilePermissions(fresh, permissions(mode));
        channel.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      done = true;
      try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
        channel.force(true);
      }
    } finally {
      if (!done) {
        Files.deleteIfExists(fresh);
      }
    }
  }

  private static boolean holds(Path file, byte[] content, int mode) throws IOException {
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        && Files.size(file) == content.length
        && Files.getPosixFilePermissions(file).equals(permissions(mode))
        && Arrays.equals(Files.readAllBytes(file), content);
  }

  static Set<PosixFilePermission> permissions(int mode) {
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    for (int i = 0; i < BITS.length; i++) {
      if ((mode >> i & 1) == 1) {
        permissions.add(BITS[i]);
      }
    }
    return permissions;
  }

  static void own(Path file, @Nullable String owner) throws IOException {
    if (owner == null) {
      return;
    }
    int colon = owner.indexOf(':');
    UserPrincipalLookupService names = file.getFileSystem().getUserPrincipalLookupService();
    PosixFileAttributeView view =
        Files.getFileAttributeView(file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    if (colon >= 0) {
      view.setGroup(names.lookupPrincipalByGroupName(owner.substring(colon + 1)));
    }
    view.setOwner(names.lookupPrincipalByName(colon < 0 ? owner : owner.substring(0, colon)));
  }
}

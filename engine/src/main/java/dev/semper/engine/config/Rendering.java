package dev.semper.engine.config;

import com.samskivert.mustache.Mustache;
import com.samskivert.mustache.MustacheException;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.ConfigSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Makes the text of a file of values: all of them in a format, or by a Mustache template, which
/// knows keys and sections and nothing else.
final class Rendering {
  private static final int MAX_TEMPLATE = 1 << 20;
  private static final int MAX_TEXT = 8 << 20;

  private Rendering() {}

  /// @throws SemperException INVALID_CONFIG if the template names what is not there, or is none
  static String text(ConfigSpec.File file, Map<String, Object> values) {
    if (!file.format().isEmpty()) {
      Map<String, @Nullable Object> plain = new TreeMap<>(values);
      return ConfigFormat.of(file.format()).write(plain);
    }
    String template = template(file);
    try {
      // Neither escaped for HTML, nor empty for what is missing, nor including other files.
      String text =
          Mustache.compiler()
              .escapeHTML(false)
              .strictSections(true)
              .withLoader(name -> {
                throw new MustacheException("{{>" + name + "}}: a template includes no other");
              })
              .compile(template)
              .execute(values);
      if (text.length() > MAX_TEXT) {
        throw bad(file, "comes to more than 8 MiB");
      }
      return text;
    } catch (MustacheException e) {
      throw bad(file, String.valueOf(e.getMessage()));
    }
  }

  private static String template(ConfigSpec.File file) {
    String name = file.templateFile();
    if (name == null) {
      return file.template();
    }
    try {
      Path path = Path.of(name);
      if (Files.size(path) > MAX_TEMPLATE) {
        throw bad(file, "is larger than 1 MiB");
      }
      return Files.readString(path);
    } catch (IOException e) {
      throw bad(file, "cannot be read: " + reason(e));
    }
  }

  private static SemperException bad(ConfigSpec.File file, String why) {
    String what =
        file.templateFile() == null ? "the template" : "the template " + file.templateFile();
    return new SemperException(
        ErrorCode.INVALID_CONFIG, "%s of file %s: %s".formatted(what, file.path(), why));
  }

  static String reason(IOException e) {
    return switch (e) {
      case java.nio.file.NoSuchFileException _ -> "it does not exist";
      case java.nio.file.AccessDeniedException _ -> "permission denied";
      default -> Objects.requireNonNullElse(e.getMessage(), e.toString());
    };
  }
}

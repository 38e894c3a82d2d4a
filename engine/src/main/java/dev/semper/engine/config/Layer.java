package dev.semper.engine.config;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.util.regex.Pattern;

/// One of the documents a configuration consists of, by its id: `global`, an environment, an
/// overlay (`overlay.NAME`), or the `schema` that all of it has to meet.
public record Layer(String id) {
  private static final String OVERLAY = "overlay.";
  private static final Pattern FORM =
      Pattern.compile(
          "global|development|staging|production|schema|overlay\\.[a-z0-9][a-z0-9-]{0,62}");

  // After the form, which they are checked by.
  public static final Layer GLOBAL = new Layer("global");
  public static final Layer SCHEMA = new Layer("schema");

  public Layer {
    if (!FORM.matcher(id).matches()) {
      throw new SemperException(
          ErrorCode.INVALID_REQUEST,
          "There is no layer %s: it is global, development, staging, production, schema or overlay.NAME"
              .formatted(id.length() > 80 ? id.substring(0, 80) : id));
    }
  }

  public static Layer of(Environment environment) {
    return new Layer(environment.id());
  }

  public boolean isOverlay() {
    return id.startsWith(OVERLAY);
  }

  @Override
  public String toString() {
    return id;
  }
}

package dev.semper.api;

import java.net.URI;

/// The server could not be reached, or the connection to it broke.
public final class UnreachableException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public UnreachableException(URI server, Throwable cause) {
    super("no answer from the server at " + server + ": " + reason(cause), cause);
  }

  private static String reason(Throwable cause) {
    String message = cause.getMessage();
    return message == null ? cause.getClass().getSimpleName() : message;
  }
}

package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Reads one HTTP/1.x answer as its bytes come in: status, and the body up to a limit. Fed byte by
/// byte, so that it does not matter how the network cuts them.
final class HttpReply {
  static final int MAX_BODY = 64 * 1024;
  private static final int MAX_HEAD = 64 * 1024;
  private static final int SHOWN = 60;
  private static final String PROTOCOL = "HTTP/";

  private enum Part {
    STATUS,
    HEADERS,
    BODY_OF_LENGTH,
    BODY_UNTIL_CLOSE,
    CHUNK_SIZE,
    CHUNK,
    CHUNK_END,
    TRAILERS,
    DONE
  }

  /// What came is not HTTP.
  static final class Garbage extends Exception {
    private static final long serialVersionUID = 1;

    Garbage(String message) {
      super(message, null, false, false);
    }
  }

  private final StringBuilder line = new StringBuilder(64);
  private final ByteArrayOutputStream body = new ByteArrayOutputStream(0);
  private final boolean bodiless;
  private final boolean keepBody;
  private Part part = Part.STATUS;
  private int head;
  private int bodyLength;
  private int status;
  private long contentLength = -1;
  private boolean chunked;
  private long left;

  /// @param bodiless whether no body follows, whatever the headers say: the answer to HEAD
  /// @param keepBody whether anybody will look into it
  HttpReply(boolean bodiless, boolean keepBody) {
    this.bodiless = bodiless;
    this.keepBody = keepBody;
  }

  HttpReply(ProbeSpec.Http http) {
    this(http.method().equals("HEAD"), http.expected().readsBody());
  }

  /// Takes bytes; true when no more are needed.
  boolean feed(byte[] bytes, int length) throws Garbage {
    for (int i = 0; i < length && part != Part.DONE; i++) {
      feed(bytes[i]);
    }
    return part == Part.DONE;
  }

  /// The peer has closed.
  void end() throws Garbage {
    if (part == Part.STATUS) {
      throw new Garbage(
          head == 0 ? "it closed the connection without an answer" : "it answered " + shown());
    }
    if (part != Part.BODY_UNTIL_CLOSE && part != Part.TRAILERS && part != Part.DONE) {
      throw new Garbage("it closed the connection in the middle of its answer");
    }
    part = Part.DONE;
  }

  int status() {
    return status;
  }

  byte[] body() {
    return body.toByteArray();
  }

  /// Whether more of the body may have followed.
  boolean isCut() {
    return bodyLength >= MAX_BODY;
  }

  boolean bodyContains(String text) {
    String wanted = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    return body.toString(StandardCharsets.ISO_8859_1).contains(wanted);
  }

  private void feed(byte b) throws Garbage {
    switch (part) {
      case STATUS, HEADERS, CHUNK_SIZE, CHUNK_END, TRAILERS -> feedLine(b);
      case BODY_OF_LENGTH, BODY_UNTIL_CLOSE, CHUNK -> feedBody(b);
      case DONE -> {}
    }
  }

  private void feedBody(byte b) {
    if (keepBody) {
      body.write(b);
    }
    left--;
    if (++bodyLength >= MAX_BODY) {
      part = Part.DONE;
    } else if (left == 0) {
      part = part == Part.CHUNK ? Part.CHUNK_END : Part.DONE;
    }
  }

  private void feedLine(byte b) throws Garbage {
    if (++head > MAX_HEAD) {
      throw new Garbage("its headers are longer than " + MAX_HEAD + " bytes");
    }
    if (b != '\n') {
      line.append((char) (b & 0xff));
      if (part == Part.STATUS && !couldBeStatus()) {
        throw new Garbage("it answered " + shown() + ", which is not HTTP");
      }
      return;
    }
    if (!line.isEmpty() && line.charAt(line.length() - 1) == '\r') {
      line.setLength(line.length() - 1);
    }
    takeLine(line.toString());
    line.setLength(0);
  }

  private boolean couldBeStatus() {
    int length = line.length();
    return length > PROTOCOL.length() || PROTOCOL.startsWith(line.substring(0, length));
  }

  private String shown() {
    String start = line.substring(0, Math.min(line.length(), SHOWN));
    return '"' + start.replaceAll("[^\\x20-\\x7e]", "?") + '"';
  }

  private void takeLine(String text) throws Garbage {
    switch (part) {
      case STATUS -> takeStatus(text);
      case HEADERS -> takeHeader(text);
      case CHUNK_SIZE -> takeChunkSize(text);
      case CHUNK_END -> part = Part.CHUNK_SIZE;
      case TRAILERS -> part = text.isEmpty() ? Part.DONE : Part.TRAILERS;
      case BODY_OF_LENGTH, BODY_UNTIL_CLOSE, CHUNK, DONE ->
          throw new IllegalStateException("No lines in " + part);
    }
  }

  private void takeStatus(String text) throws Garbage {
    if (!isStatus(text)) {
      throw new Garbage("it answered " + shown() + ", which is not HTTP/1.1");
    }
    status = Integer.parseInt(text.substring(9, 12));
    part = Part.HEADERS;
  }

  /// `HTTP/1.D DDD`, perhaps with words after it. By hand: a pattern costs as much as all the rest.
  private static boolean isStatus(String text) {
    return text.length() >= 12
        && text.startsWith("HTTP/1.")
        && isDigit(text.charAt(7))
        && text.charAt(8) == ' '
        && text.charAt(9) >= '1'
        && text.charAt(9) <= '5'
        && isDigit(text.charAt(10))
        && isDigit(text.charAt(11))
        && (text.length() == 12 || text.charAt(12) == ' ');
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private void takeHeader(String text) throws Garbage {
    if (text.isEmpty()) {
      endOfHeaders();
      return;
    }
    int colon = text.indexOf(':');
    if (colon <= 0) {
      throw new Garbage("its header " + shown() + " has no name");
    }
    String value = text.substring(colon + 1).strip();
    switch (text.substring(0, colon).toLowerCase(Locale.ROOT)) {
      case "content-length" -> contentLength = number(value, 10);
      case "transfer-encoding" -> chunked = value.toLowerCase(Locale.ROOT).endsWith("chunked");
      default -> {}
    }
  }

  private void endOfHeaders() {
    boolean interim = status < 200 && status != 101;
    if (interim) {
      part = Part.STATUS;
    } else if (bodiless || status == 204 || status == 304 || status == 101) {
      part = Part.DONE;
    } else if (chunked) {
      part = Part.CHUNK_SIZE;
    } else if (contentLength >= 0) {
      left = contentLength;
      part = left == 0 ? Part.DONE : Part.BODY_OF_LENGTH;
    } else {
      part = Part.BODY_UNTIL_CLOSE;
    }
  }

  private void takeChunkSize(String text) throws Garbage {
    int extension = text.indexOf(';');
    left = number((extension < 0 ? text : text.substring(0, extension)).strip(), 16);
    part = left == 0 ? Part.TRAILERS : Part.CHUNK;
  }

  private static long number(String text, int radix) throws Garbage {
    try {
      return Long.parseUnsignedLong(text, radix);
    } catch (NumberFormatException _) {
      throw new Garbage("it names a length that is no number");
    }
  }
}

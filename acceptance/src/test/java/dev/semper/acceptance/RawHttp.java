package dev.semper.acceptance;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/// Speaks to a server byte by byte, as no well-behaved client can.
///
/// @param status 0 if the server closed the connection without an answer
record RawHttp(int status, String head, String body, boolean timedOut) {
  static final int TIMEOUT_MILLIS = 15_000;

  /// Sends bytes and reads one answer.
  ///
  /// @param cut whether to close the sending side then
  static RawHttp send(URI server, byte[] request, boolean cut) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(server.getHost(), server.getPort()), TIMEOUT_MILLIS);
      socket.setSoTimeout(TIMEOUT_MILLIS);
      try {
        socket.getOutputStream().write(request);
        socket.getOutputStream().flush();
        if (cut) {
          socket.shutdownOutput();
        }
      } catch (SocketException e) {
        // refused before all was sent; the answer may be there all the same
      }
      return read(socket.getInputStream());
    }
  }

  private static RawHttp read(InputStream in) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    boolean timedOut = false;
    byte[] buffer = new byte[8192];
    try {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        all.write(buffer, 0, n);
        if (complete(all.toString(StandardCharsets.ISO_8859_1))) {
          break;
        }
      }
    } catch (SocketTimeoutException e) {
      timedOut = true;
    } catch (SocketException e) {
      // reset after the answer, or instead of one
    }
    return parse(all.toString(StandardCharsets.UTF_8), timedOut);
  }

  private static boolean complete(String text) {
    int end = text.indexOf("\r\n\r\n");
    if (end < 0) {
      return false;
    }
    for (String line : text.substring(0, end).split("\r\n")) {
      if (line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:")) {
        return text.length() - end - 4 >= Integer.parseInt(line.substring(15).strip());
      }
    }
    return false;
  }

  private static RawHttp parse(String text, boolean timedOut) {
    int end = text.indexOf("\r\n\r\n");
    if (!text.startsWith("HTTP/1.") || end < 0) {
      return new RawHttp(0, text, "", timedOut);
    }
    int status = Integer.parseInt(text.substring(9, 12));
    return new RawHttp(status, text.substring(0, end), text.substring(end + 4), timedOut);
  }
}

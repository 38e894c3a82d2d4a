package dev.semper.engine.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpReplyTest {
  private static final String CHUNKED =
      String.join(
          "\r\n",
          "HTTP/1.1 103 Early Hints",
          "Link: </a>",
          "",
          "HTTP/1.1 200 OK",
          "transfer-encoding: Chunked",
          "",
          "4;x=y",
          "hell",
          "3",
          "o w",
          "4",
          "orld",
          "0",
          "X-Sum: 1",
          "",
          "");

  private static HttpReply read(String text) throws HttpReply.Garbage {
    HttpReply reply = new HttpReply(false, true);
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (!reply.feed(bytes, bytes.length)) {
      reply.end();
    }
    return reply;
  }

  @Property
  void readsAChunkedAnswerHoweverItIsCut(@ForAll @IntRange(min = 1, max = 60) int size)
      throws HttpReply.Garbage {
    HttpReply reply = new HttpReply(false, true);
    byte[] bytes = CHUNKED.getBytes(StandardCharsets.UTF_8);
    boolean done = false;
    for (int from = 0; from < bytes.length; from += size) {
      assertThat(done).isFalse();
      byte[] piece = Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + size));
      done = reply.feed(piece, piece.length);
    }

    assertThat(done).isTrue();
    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.bodyContains("hello world")).isTrue();
    assertThat(reply.bodyContains("X-Sum")).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "204, HTTP/1.1 204 No Content",
    "200, HTTP/1.0 200 OK",
    "302, HTTP/1.1 302 Found",
    "503, HTTP/1.1 503"
  })
  void readsTheStatus(int status, String line) throws HttpReply.Garbage {
    assertThat(read(line + "\r\n\r\n").status()).isEqualTo(status);
    assertThat(read(line + "\n\n").status()).isEqualTo(status);
  }

  @Test
  void findsTextBeyondAscii() throws HttpReply.Garbage {
    assertThat(read("HTTP/1.1 200 OK\r\n\r\nläuft").bodyContains("läuft")).isTrue();
    assertThat(read("HTTP/1.1 200 OK\r\n\r\nläuft").bodyContains("lauft")).isFalse();
  }

  @Test
  void readsNoMoreOfABodyThanItsLimit() throws HttpReply.Garbage {
    String head = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n";
    HttpReply reply = new HttpReply(false, true);
    byte[] bytes =
        (head + "x".repeat(HttpReply.MAX_BODY) + "late").getBytes(StandardCharsets.UTF_8);

    assertThat(reply.feed(bytes, bytes.length)).isTrue();
    assertThat(reply.bodyContains("late")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "\u0015\u0003\u0001",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 20",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"
      })
  void refusesWhatIsNotACompleteAnswer(String text) {
    assertThatThrownBy(() -> read(text)).isInstanceOf(HttpReply.Garbage.class);
  }

  @Test
  void refusesHeadersWithoutEnd() {
    assertThatThrownBy(() -> read("HTTP/1.1 200 OK\r\n" + "A: b\r\n".repeat(20_000)))
        .isInstanceOf(HttpReply.Garbage.class)
        .hasMessageContaining("headers");
  }
}

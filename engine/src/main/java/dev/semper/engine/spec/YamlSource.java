package dev.semper.engine.spec;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.DocumentStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.events.SequenceStartEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.resolver.CoreScalarResolver;

/// Reads YAML 1.2 (core schema) event by event with SnakeYAML-engine. Jackson's YAML is a layer on
/// the same engine, but turns an alias into a text.
final class YamlSource {
  /// Nodes that aliases may add to a document.
  private static final int MAX_ALIASED = 10_000;

  /// Longer plain scalars are text, whatever they look like.
  private static final int MAX_NUMBER = 100;

  private static final CoreScalarResolver RESOLVER = new CoreScalarResolver(false);

  private final String text;
  private final Problems problems;
  private final Map<Anchor, Anchored> anchors = new HashMap<>();
  private final Iterator<Event> events;
  private long size;
  private long aliased;
  private int lastLine = 1;

  /// @param node null while it is being read
  private record Anchored(@Nullable Node node, long size, int height) {}

  YamlSource(String text, Problems problems) {
    this.text = text;
    this.problems = problems;
    LoadSettings settings = LoadSettings.builder().setCodePointLimit(Integer.MAX_VALUE).build();
    this.events = new Parse(settings).parseString(text).iterator();
  }

  Node parse() {
    try {
      return document();
    } catch (MarkedYamlEngineException e) {
      throw broken(
          e.getProblemMark().or(e::getContextMark).map(Mark::getLine).orElse(0) + 1,
          e.getProblem());
    } catch (ReaderException e) {
      throw broken(lineOf(e.getPosition()), "a character that is not allowed");
    } catch (YamlEngineException e) {
      throw broken(1, e.getMessage());
    }
  }

  private Event next() {
    try {
      Event event = events.next();
      lastLine = line(event);
      return event;
    } catch (IndexOutOfBoundsException | IllegalArgumentException | NullPointerException e) {
      throw broken(lastLine, "the parser gave up after this line: " + e);
    }
  }

  private RuntimeException broken(int line, @Nullable String message) {
    return problems.fatal("", line, "is not YAML: " + Words.cut(String.valueOf(message), 300));
  }

  private int lineOf(int codePoint) {
    return 1 + (int) text.codePoints().limit(Math.max(0, codePoint)).filter(c -> c == '\n').count();
  }

  private Node document() {
    Node root = new Node.Nothing(1);
    boolean seen = false;
    while (events.hasNext()) {
      Event event = next();
      if (event instanceof DocumentStartEvent) {
        if (seen) {
          throw problems.fatal("", line(event), "there is more than one document: keep one");
        }
        seen = true;
        root = read(next(), "", 1).node();
      }
    }
    return root;
  }

  /// A node, and how many levels it has.
  private record Read(Node node, int height) {}

  private Read read(Event event, String path, int depth) {
    if (depth > Source.MAX_DEPTH) {
      throw Source.tooDeep(path, line(event), problems);
    }
    size++;
    return switch (event) {
      case AliasEvent alias -> alias(alias, path, depth);
      case ScalarEvent scalar -> anchored(scalar.getAnchor(), size, new Read(scalar(scalar), 1));
      case SequenceStartEvent list -> list(list, path, depth);
      case MappingStartEvent table -> table(table, path, depth);
      default -> throw problems.fatal(path, line(event), "is not YAML: a value is missing");
    };
  }

  private Read alias(AliasEvent event, String path, int depth) {
    Anchored target = anchors.get(event.getAlias());
    if (target == null || target.node() == null) {
      throw problems.fatal(
          path,
          line(event),
          "the alias *%s* %s"
              .formatted(
                  Words.cut(event.getAlias().getValue()),
                  target == null ? "has no anchor before it" : "stands within its own anchor"));
    }
    size += target.size();
    aliased += target.size();
    if (aliased > MAX_ALIASED) {
      throw problems.fatal(
          path,
          line(event),
          "the aliases of the document expand to more than %d values: write them out"
              .formatted(MAX_ALIASED));
    }
    if (depth + target.height() > Source.MAX_DEPTH) {
      throw Source.tooDeep(path, line(event), problems);
    }
    return new Read(target.node(), target.height());
  }

  private Read list(SequenceStartEvent start, String path, int depth) {
    checkTag(start.getTag(), Tag.SEQ, path, start);
    open(start.getAnchor());
    long before = size;
    int height = 0;
    List<Node> items = new ArrayList<>();
    for (Event e = next(); e.getEventId() != Event.ID.SequenceEnd; e = next()) {
      Read item = read(e, path + "[" + items.size() + "]", depth + 1);
      height = Math.max(height, item.height());
      items.add(item.node());
    }
    return anchored(
        start.getAnchor(), before, new Read(new Node.Items(line(start), items), height + 1));
  }

  private Read table(MappingStartEvent start, String path, int depth) {
    checkTag(start.getTag(), Tag.MAP, path, start);
    open(start.getAnchor());
    long before = size;
    int height = 0;
    Map<String, Node.Entry> entries = new LinkedHashMap<>();
    for (Event e = next(); e.getEventId() != Event.ID.MappingEnd; e = next()) {
      String key = key(e, path);
      String keyPath = Words.join(path, key);
      Read value = read(next(), keyPath, depth + 1);
      height = Math.max(height, value.height());
      Node.Entry first = entries.putIfAbsent(key, new Node.Entry(line(e), value.node()));
      if (first != null) {
        Source.duplicate(keyPath, key, line(e), first.line(), problems);
      }
    }
    return anchored(
        start.getAnchor(), before, new Read(new Node.Table(line(start), entries), height + 1));
  }

  private String key(Event event, String path) {
    if (event instanceof ScalarEvent scalar) {
      return scalar.getValue();
    }
    throw problems.fatal(path, line(event), "a key must be a text, not a list, table or alias");
  }

  private void open(Optional<Anchor> anchor) {
    anchor.ifPresent(a -> anchors.put(a, new Anchored(null, 0, 0)));
  }

  private Read anchored(Optional<Anchor> anchor, long before, Read read) {
    anchor.ifPresent(
        a -> anchors.put(a, new Anchored(read.node(), size - before + 1, read.height())));
    return read;
  }

  private void checkTag(Optional<String> tag, Tag expected, String path, Event event) {
    if (tag.isPresent() && !tag.get().equals(expected.getValue()) && !tag.get().equals("!")) {
      problems.add(
          path, line(event), "the tag %s is not supported".formatted(Words.cut(tag.get())));
    }
  }

  private static Node scalar(ScalarEvent event) {
    int line = line(event);
    String value = event.getValue();
    Tag tag = event.getTag().map(YamlSource::tag).orElseGet(() -> implicitTag(event));
    try {
      if (tag.equals(Tag.NULL)) {
        return new Node.Nothing(line);
      }
      if (tag.equals(Tag.BOOL)) {
        return new Node.Scalar(line, value.equalsIgnoreCase("true"), value);
      }
      if (tag.equals(Tag.INT)) {
        return new Node.Scalar(line, integer(value), value);
      }
      if (tag.equals(Tag.FLOAT)) {
        return new Node.Scalar(line, decimal(value), value);
      }
    } catch (NumberFormatException e) {
      return new Node.Unusable(line, Words.cut(value) + ", which is no number of 64 bits");
    }
    return tag.equals(Tag.STR)
        ? Source.scalar(line, value)
        : new Node.Unusable(line, "a value with the tag " + Words.cut(tag.getValue()));
  }

  private static Tag tag(String name) {
    return name.equals("!") ? Tag.STR : new Tag(name);
  }

  private static Tag implicitTag(ScalarEvent event) {
    return event.isPlain() && event.getValue().length() <= MAX_NUMBER
        ? RESOLVER.resolve(event.getValue(), true)
        : Tag.STR;
  }

  private static long integer(String value) {
    if (value.startsWith("0o")) {
      return Long.parseLong(value.substring(2), 8);
    }
    return value.startsWith("0x") ? Long.parseLong(value.substring(2), 16) : Long.parseLong(value);
  }

  private static double decimal(String value) {
    return switch (value.replace("+", "").toLowerCase(Locale.ROOT)) {
      case ".nan" -> Double.NaN;
      case ".inf" -> Double.POSITIVE_INFINITY;
      case "-.inf" -> Double.NEGATIVE_INFINITY;
      default -> Double.parseDouble(value);
    };
  }

  private static int line(Event event) {
    return event.getStartMark().map(Mark::getLine).orElse(0) + 1;
  }
}

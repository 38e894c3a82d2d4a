package dev.semper.cli;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import com.github.freva.asciitable.Styler;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Rows under a header, aligned; words with a meaning in their colour.
final class Table {
  private final List<Column> columns = new ArrayList<>();
  private final List<String[]> rows = new ArrayList<>();

  private Table() {}

  /// A header that ends in `>` is of a column of numbers.
  static Table of(String... headers) {
    Table table = new Table();
    for (String header : headers) {
      boolean number = header.endsWith(">");
      HorizontalAlign align = number ? HorizontalAlign.RIGHT : HorizontalAlign.LEFT;
      table.columns.add(
          new Column()
              .header(number ? header.substring(0, header.length() - 1) : header)
              .headerAlign(align)
              .dataAlign(align)
              .maxWidth(1000));
    }
    return table;
  }

  void row(String... cells) {
    rows.add(Stream.of(cells).map(Table::oneLine).toArray(String[]::new));
  }

  boolean isEmpty() {
    return rows.isEmpty();
  }

  void print(Terminal terminal) {
    String text =
        AsciiTable.builder()
            .border(AsciiTable.NO_BORDERS)
            .lineSeparator("\n")
            .styler(new Words(terminal))
            .data(columns.toArray(Column[]::new), rows.toArray(String[][]::new))
            .asString();
    text.lines().map(String::stripTrailing).forEach(terminal::say);
  }

  private static String oneLine(String cell) {
    String line = cell.isEmpty() ? "-" : cell;
    return line.replaceAll("[\\r\\n]+", " ⏎ ").replaceAll("\\p{Cntrl}", "?");
  }

  private record Words(Terminal terminal) implements Styler {
    @Override
    public List<String> styleCell(Column column, int row, int col, List<String> lines) {
      return lines.stream().map(line -> cell(Colour.of(line), line, col)).toList();
    }

    @Override
    public List<String> styleHeader(Column column, int col, List<String> lines) {
      return lines.stream().map(line -> cell(Colour.STRONG, line, col)).toList();
    }

    /// Without the border's blank before the first column, and without blanks that are coloured.
    private String cell(Colour colour, String line, int col) {
      String word = line.strip();
      String before = line.substring(0, line.indexOf(word));
      String after = line.substring(before.length() + word.length());
      String start = col == 0 ? before.substring(Math.min(1, before.length())) : before;
      return word.isEmpty() ? start + after : start + terminal.paint(colour, word) + after;
    }
  }
}

package dev.semper.api;

import java.util.List;

/// Several of a kind.
public record Listing<T>(List<T> items) {
  public Listing {
    items = List.copyOf(items);
  }
}

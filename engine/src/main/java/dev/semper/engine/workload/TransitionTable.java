package dev.semper.engine.workload;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Which state follows which on what, as data. Refuses a second answer to the same question.
final class TransitionTable {
  /// @param added whether it is ours and not the seed's
  record Transition(State from, Trigger trigger, State to, boolean added) {}

  private final Map<State, Map<Trigger, State>> next = new EnumMap<>(State.class);
  private final List<Transition> transitions = new ArrayList<>();

  /// A transition of the seed.
  TransitionTable on(State from, Trigger trigger, State to) {
    return add(new Transition(from, trigger, to, false));
  }

  /// A transition that real life needs and the seed lacks.
  TransitionTable also(State from, Trigger trigger, State to) {
    return add(new Transition(from, trigger, to, true));
  }

  private TransitionTable add(Transition transition) {
    State before =
        next.computeIfAbsent(transition.from(), s -> new EnumMap<>(Trigger.class))
            .put(transition.trigger(), transition.to());
    if (before != null) {
      throw new IllegalStateException("two answers to " + transition);
    }
    transitions.add(transition);
    return this;
  }

  Optional<State> next(State from, Trigger trigger) {
    return Optional.ofNullable(allowed(from).get(trigger));
  }

  Map<Trigger, State> allowed(State from) {
    return next.getOrDefault(from, Map.of());
  }

  List<Transition> transitions() {
    return List.copyOf(transitions);
  }
}

package dev.semper.server;

import java.lang.reflect.Proxy;

/// Handles signals of the operating system. The JDK has them in `sun.misc.Signal` only, which every
/// JDK exports (module jdk.unsupported) and javac warns about without a way to say that it is
/// meant: hence by reflection.
final class OsSignals {
  private OsSignals() {}

  /// @param name without SIG, e.g. `HUP`
  static void handle(String name, Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, arguments) ->
                  switch (method.getName()) {
                    case "handle" -> {
                      action.run();
                      yield null;
                    }
                    case "hashCode" -> System.identityHashCode(self);
                    case "equals" ->
                        System.identityHashCode(self) == System.identityHashCode(arguments[0]);
                    default -> "handler of SIG" + name;
                  });
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("this JDK cannot handle SIG" + name, e);
    }
  }
}

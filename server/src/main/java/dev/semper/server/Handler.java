package dev.semper.server;

import java.io.IOException;

/// Carries out a call, on a virtual thread; may block.
@FunctionalInterface
interface Handler {
  Answer handle(Call call) throws InterruptedException, IOException;
}

/// Posts over HTTP, for hooks and alerts. [Receiver] sends, [Answer] is what came of it,
/// [Signature] lets the other side know who it is from, [Backoff] says when to try again.
@NullMarked
package dev.semper.engine.webhook;

import org.jspecify.annotations.NullMarked;

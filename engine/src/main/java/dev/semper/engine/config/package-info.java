/// Configuration: revisions of layered documents, what they come to for a reader, and why.
/// [Configs] is the way in; nothing else writes. A revision is saved only if everybody who reads it
/// can: whatever it comes to is resolved and checked before, and the revision, its event and its
/// audit record are one commit. Revisions never change; going back makes a new one.
@NullMarked
package dev.semper.engine.config;

import org.jspecify.annotations.NullMarked;

/// Who may do what: [Tenants] with their quotas and [Tokens] with their roles. Both are kept in
/// memory and written through to the store; a change is in force once it is durable. Secrets of
/// tokens are known to their holders only: the store has their SHA-256.
@NullMarked
package dev.semper.engine.access;

import org.jspecify.annotations.NullMarked;

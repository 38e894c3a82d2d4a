/// State in SQL: [Store] commits a [Batch] of row changes, events and audit records in one
/// transaction and returns when it is durable. SQLite or PostgreSQL, the same behaviour on both.
/// Invariants: events are numbered without gaps in the order of commits; nobody sees an event
/// before it is durable; a second server on the same database is fenced off.
@NullMarked
package dev.semper.engine.store;

import org.jspecify.annotations.NullMarked;

package dev.semper.engine.store;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/// One transaction: a group of batches, its events numbered and its audit records chained on top of
/// a head. Nothing of it counts before it is committed; a second plan for the same batches starts
/// from the same head.
final class Plan {
  private record Numbered(Event event, String json) {}

  private record Chained(AuditLog.Entry entry, String json) {}

  private final Head before;
  private final Head after;
  private final List<Pending> group;
  private final List<List<Event>> events = new ArrayList<>();
  private final List<Numbered> newEvents = new ArrayList<>();
  private final List<Chained> newAudits = new ArrayList<>();
  private final long dropUpTo;

  private Plan(Head before, List<Pending> group, long dropUpTo) {
    this.before = before;
    this.group = group;
    this.dropUpTo = dropUpTo;
    long audit = before.audit();
    String hash = before.auditHash();
    for (Pending pending : group) {
      List<Event> own = new ArrayList<>();
      for (Draft draft : pending.drafts()) {
        if (draft instanceof Draft.AddEvent add) {
          Event event = add.numbered(before.event() + newEvents.size() + 1);
          own.add(event);
          newEvents.add(new Numbered(event, add.json()));
        } else if (draft instanceof Draft.AddAudit(AuditEntry entry, String json)) {
          audit++;
          String next = AuditChain.hash(hash, audit, entry, json);
          newAudits.add(new Chained(new AuditLog.Entry(audit, entry, hash, next), json));
          hash = next;
        }
      }
      events.add(List.copyOf(own));
    }
    this.after = before.next(before.event() + newEvents.size(), audit, hash);
  }

  static Plan of(Head before, List<Pending> group) {
    return new Plan(before, group, 0);
  }

  /// Writes nothing but the head: tells whether the database can be written.
  static Plan empty(Head before) {
    return new Plan(before, List.of(), 0);
  }

  /// Removes the oldest events.
  static Plan drop(Head before, long upTo) {
    return new Plan(before, List.of(), upTo);
  }

  Head before() {
    return before;
  }

  Head after() {
    return after;
  }

  List<Pending> group() {
    return group;
  }

  void write(Session session) throws SQLException {
    for (Pending pending : group) {
      for (Draft draft : pending.drafts()) {
        if (draft instanceof Draft.Put(Row row)) {
          session.put(row);
        } else if (draft instanceof Draft.Delete(Row row)) {
          session.delete(row);
        } else if (draft instanceof Draft.DropHealth drop) {
          session.dropHealth(drop.uid(), drop.beforeMinute(), drop.outagesBefore());
        }
      }
    }
    for (Numbered numbered : newEvents) {
      session.add(numbered.event(), numbered.json());
    }
    for (Chained chained : newAudits) {
      session.add(chained.entry(), chained.json());
    }
    session.flush();
    if (dropUpTo > 0) {
      session.dropEvents(dropUpTo);
    }
  }

  /// Tells everybody, once it is committed: first those who wait for its being durable, since they
  /// have work to go on with, then those who follow.
  void publish(EventLog log) {
    if (dropUpTo > 0) {
      log.dropped(dropUpTo);
    }
    log.add(newEvents.stream().map(Numbered::event).toList());
    for (int i = 0; i < group.size(); i++) {
      group.get(i).written(events.get(i));
    }
    if (!newEvents.isEmpty()) {
      log.wake();
    }
  }
}

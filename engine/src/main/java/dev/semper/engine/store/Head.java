package dev.semper.engine.store;

/// How far the database has come; the one row of table `server_epoch`. Every transaction moves it
/// from the head the writer knows to the next one and fails if it finds another: so a server that
/// was replaced writes nothing more, and after a lost connection the row tells whether the last
/// transaction was committed.
///
/// @param epoch number of the server that owns the database
/// @param commit number of the newest transaction
/// @param event number of the newest event
/// @param audit number of the newest audit record; records are never removed, so it is their count
/// @param auditHash hash of that record
record Head(long epoch, long commit, long event, long audit, String auditHash) {
  Head next(long event, long audit, String auditHash) {
    return new Head(epoch, commit + 1, event, audit, auditHash);
  }
}

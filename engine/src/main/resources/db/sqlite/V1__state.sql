-- Exactly one row: which server owns the database, and how far it has come. Every transaction updates it first.
CREATE TABLE server_epoch (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  epoch       BIGINT NOT NULL,
  last_commit BIGINT NOT NULL,
  event_seq   BIGINT NOT NULL,
  audit_seq   BIGINT NOT NULL,
  audit_hash  TEXT   NOT NULL
);
INSERT INTO server_epoch VALUES (1, 0, 0, 0, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE tenant (
  name TEXT PRIMARY KEY NOT NULL,
  doc  TEXT NOT NULL
);

CREATE TABLE token (
  id     TEXT PRIMARY KEY NOT NULL,
  hash   TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  doc    TEXT NOT NULL
);

CREATE TABLE workload (
  tenant TEXT NOT NULL,
  name   TEXT NOT NULL,
  doc    TEXT NOT NULL,
  PRIMARY KEY (tenant, name)
);

CREATE TABLE instance (
  incarnation TEXT PRIMARY KEY NOT NULL,
  tenant      TEXT NOT NULL,
  workload    TEXT NOT NULL,
  doc         TEXT NOT NULL
);

-- "release" is a keyword of SQLite.
CREATE TABLE workload_release (
  tenant     TEXT   NOT NULL,
  workload   TEXT   NOT NULL,
  uid        TEXT   NOT NULL,
  generation BIGINT NOT NULL,
  created_at BIGINT NOT NULL, -- microseconds since 1970, as all times here
  doc        TEXT   NOT NULL,
  PRIMARY KEY (uid, generation, tenant)
);

CREATE TABLE operation (
  id              TEXT PRIMARY KEY NOT NULL,
  seq             BIGINT  NOT NULL,
  tenant          TEXT    NOT NULL,
  workload        TEXT,
  kind            TEXT    NOT NULL,
  status          TEXT    NOT NULL,
  is_open         BOOLEAN NOT NULL,
  parent          TEXT,
  idempotency_key TEXT,
  doc             TEXT    NOT NULL
);
CREATE INDEX operation_seq ON operation (seq);
CREATE INDEX operation_open ON operation (seq) WHERE is_open;
CREATE INDEX operation_workload ON operation (tenant, workload, seq);
CREATE INDEX operation_status ON operation (status, seq);
CREATE INDEX operation_parent ON operation (parent, seq) WHERE parent IS NOT NULL;
CREATE UNIQUE INDEX operation_key ON operation (tenant, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE step (
  operation_id TEXT    NOT NULL,
  position     INTEGER NOT NULL,
  doc          TEXT    NOT NULL,
  PRIMARY KEY (operation_id, position)
);

CREATE TABLE event (
  seq          INTEGER PRIMARY KEY,
  at           BIGINT NOT NULL,
  tenant       TEXT   NOT NULL,
  workload     TEXT,
  instance     TEXT,
  type         TEXT   NOT NULL,
  data         TEXT   NOT NULL,
  operation_id TEXT,
  actor        TEXT   NOT NULL
);
CREATE INDEX event_workload ON event (tenant, workload, seq);
CREATE INDEX event_instance ON event (instance, seq) WHERE instance IS NOT NULL;
CREATE INDEX event_type ON event (type, seq);
CREATE INDEX event_operation ON event (operation_id, seq) WHERE operation_id IS NOT NULL;

CREATE TABLE audit (
  seq           INTEGER PRIMARY KEY,
  at            BIGINT NOT NULL,
  tenant        TEXT   NOT NULL,
  actor         TEXT   NOT NULL,
  origin        TEXT   NOT NULL,
  action        TEXT   NOT NULL,
  resource      TEXT   NOT NULL,
  outcome       TEXT   NOT NULL,
  detail        TEXT   NOT NULL,
  previous_hash TEXT   NOT NULL,
  hash          TEXT   NOT NULL
);
CREATE INDEX audit_tenant ON audit (tenant, seq);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_action ON audit (action, seq);

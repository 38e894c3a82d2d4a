-- Exactly one row: which server owns the database, and how far it has come. Every transaction updates it first.
CREATE TABLE server_epoch (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  epoch       BIGINT NOT NULL,
  last_commit BIGINT NOT NULL,
  event_seq   BIGINT NOT NULL,
  audit_seq   BIGINT NOT NULL,
  audit_hash  TEXT COLLATE "C" NOT NULL
);
INSERT INTO server_epoch VALUES (1, 0, 0, 0, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TABLE tenant (
  name TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  doc  TEXT COLLATE "C" NOT NULL
);

CREATE TABLE token (
  id     TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  hash   TEXT COLLATE "C" NOT NULL UNIQUE,
  tenant TEXT COLLATE "C" NOT NULL,
  doc    TEXT COLLATE "C" NOT NULL
);

CREATE TABLE workload (
  tenant TEXT COLLATE "C" NOT NULL,
  name   TEXT COLLATE "C" NOT NULL,
  doc    TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, name)
);

CREATE TABLE instance (
  incarnation TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  tenant      TEXT COLLATE "C" NOT NULL,
  workload    TEXT COLLATE "C" NOT NULL,
  doc         TEXT COLLATE "C" NOT NULL
);

-- Named as in SQLite, where "release" is a keyword.
CREATE TABLE workload_release (
  tenant     TEXT COLLATE "C" NOT NULL,
  workload   TEXT COLLATE "C" NOT NULL,
  uid        TEXT COLLATE "C" NOT NULL,
  generation BIGINT NOT NULL,
  created_at BIGINT NOT NULL, -- microseconds since 1970, as all times here
  doc        TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (uid, generation, tenant)
);

CREATE TABLE operation (
  id              TEXT COLLATE "C" PRIMARY KEY NOT NULL,
  seq             BIGINT  NOT NULL,
  tenant          TEXT COLLATE "C" NOT NULL,
  workload        TEXT COLLATE "C",
  kind            TEXT COLLATE "C" NOT NULL,
  status          TEXT COLLATE "C" NOT NULL,
  is_open         BOOLEAN NOT NULL,
  parent          TEXT COLLATE "C",
  idempotency_key TEXT COLLATE "C",
  doc             TEXT COLLATE "C" NOT NULL
);
CREATE INDEX operation_seq ON operation (seq);
CREATE INDEX operation_open ON operation (seq) WHERE is_open;
CREATE INDEX operation_workload ON operation (tenant, workload, seq);
CREATE INDEX operation_status ON operation (status, seq);
CREATE INDEX operation_parent ON operation (parent, seq) WHERE parent IS NOT NULL;
CREATE UNIQUE INDEX operation_key ON operation (tenant, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE step (
  operation_id TEXT COLLATE "C" NOT NULL,
  position     INTEGER NOT NULL,
  doc          TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (operation_id, position)
);

CREATE TABLE event (
  seq          BIGINT PRIMARY KEY,
  at           BIGINT NOT NULL,
  tenant       TEXT COLLATE "C" NOT NULL,
  workload     TEXT COLLATE "C",
  instance     TEXT COLLATE "C",
  type         TEXT COLLATE "C" NOT NULL,
  data         TEXT COLLATE "C" NOT NULL,
  operation_id TEXT COLLATE "C",
  actor        TEXT COLLATE "C" NOT NULL
);
CREATE INDEX event_workload ON event (tenant, workload, seq);
CREATE INDEX event_instance ON event (instance, seq) WHERE instance IS NOT NULL;
CREATE INDEX event_type ON event (type, seq);
CREATE INDEX event_operation ON event (operation_id, seq) WHERE operation_id IS NOT NULL;

CREATE TABLE audit (
  seq           BIGINT PRIMARY KEY,
  at            BIGINT NOT NULL,
  tenant        TEXT COLLATE "C" NOT NULL,
  actor         TEXT COLLATE "C" NOT NULL,
  origin        TEXT COLLATE "C" NOT NULL,
  action        TEXT COLLATE "C" NOT NULL,
  resource      TEXT COLLATE "C" NOT NULL,
  outcome       TEXT COLLATE "C" NOT NULL,
  detail        TEXT COLLATE "C" NOT NULL,
  previous_hash TEXT COLLATE "C" NOT NULL,
  hash          TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_tenant ON audit (tenant, seq);
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_action ON audit (action, seq);

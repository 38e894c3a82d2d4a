-- Alerts that are pending or fire, or whose end has not been told (is_open); and those that are over.
CREATE TABLE alert (
  id         TEXT PRIMARY KEY NOT NULL,
  tenant     TEXT    NOT NULL,
  workload   TEXT,
  rule       TEXT    NOT NULL,
  status     TEXT    NOT NULL,
  is_open    BOOLEAN NOT NULL,
  started_at BIGINT  NOT NULL,
  doc        TEXT    NOT NULL
);
CREATE INDEX alert_open ON alert (started_at) WHERE is_open;
CREATE INDEX alert_started ON alert (started_at);
CREATE INDEX alert_workload ON alert (tenant, workload, started_at);

-- At most one row: up to which event the rules have looked.
CREATE TABLE alert_cursor (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  event_seq BIGINT NOT NULL
);

CREATE TABLE silence (
  id     TEXT PRIMARY KEY NOT NULL,
  tenant TEXT NOT NULL,
  doc    TEXT NOT NULL
);

-- What is to be told, to whom, and what came of it.
CREATE TABLE delivery (
  id         TEXT PRIMARY KEY NOT NULL,
  seq        BIGINT NOT NULL,
  tenant     TEXT   NOT NULL,
  channel    TEXT   NOT NULL,
  group_key  TEXT   NOT NULL,
  status     TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  doc        TEXT   NOT NULL
);
CREATE INDEX delivery_seq ON delivery (seq);
CREATE INDEX delivery_status ON delivery (status, channel, seq);

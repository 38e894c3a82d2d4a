-- One recovery of a workload; the id is that of its operation.
CREATE TABLE recovery (
  id         TEXT PRIMARY KEY NOT NULL,
  tenant     TEXT NOT NULL,
  workload   TEXT NOT NULL,
  uid        TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  doc        TEXT NOT NULL
);
CREATE INDEX recovery_workload ON recovery (tenant, workload, started_at);
CREATE INDEX recovery_uid ON recovery (uid, started_at);
CREATE INDEX recovery_started ON recovery (started_at);

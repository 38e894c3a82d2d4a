-- Exactly one row: the number of the last event that was looked at for hooks. Events before this version of the schema bring none about.
CREATE TABLE hook_cursor (
  id        INTEGER PRIMARY KEY CHECK (id = 1),
  event_seq BIGINT NOT NULL
);
INSERT INTO hook_cursor SELECT 1, event_seq FROM server_epoch;

-- Hooks that are due, run or have run.
CREATE TABLE hook_run (
  id       TEXT PRIMARY KEY NOT NULL,
  seq      BIGINT  NOT NULL,
  tenant   TEXT NOT NULL,
  workload TEXT NOT NULL,
  is_open  BOOLEAN NOT NULL,
  doc      TEXT NOT NULL
);
CREATE INDEX hook_run_seq ON hook_run (seq);
CREATE INDEX hook_run_open ON hook_run (seq) WHERE is_open;
CREATE INDEX hook_run_workload ON hook_run (tenant, workload, seq);

-- What is known of the health of a workload: its status, and since when.
CREATE TABLE health_status (
  uid    TEXT COLLATE "C" PRIMARY KEY NOT NULL, -- of the workload, as in all tables here
  status TEXT COLLATE "C" NOT NULL,
  since  BIGINT NOT NULL -- microseconds since 1970
);

-- Each time a workload was unhealthy or critical; ended_at is null while it is.
CREATE TABLE health_outage (
  uid        TEXT COLLATE "C" NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at   BIGINT,
  reason     TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (uid, started_at)
);
CREATE INDEX health_outage_open ON health_outage (uid) WHERE ended_at IS NULL;

-- One row per workload and minute: minutes since 1970, measures in hundredths of their unit (points, percent, MB, percent,
-- milliseconds), and how long it was in each status, in milliseconds.
CREATE TABLE health_minute (
  uid    TEXT COLLATE "C" NOT NULL,
  minute BIGINT NOT NULL,
  score_min INTEGER, score_mean INTEGER, score_max INTEGER, score_last INTEGER,
  cpu_min INTEGER, cpu_mean INTEGER, cpu_max INTEGER, cpu_last INTEGER,
  memory_min INTEGER, memory_mean INTEGER, memory_max INTEGER, memory_last INTEGER,
  error_rate_min INTEGER, error_rate_mean INTEGER, error_rate_max INTEGER, error_rate_last INTEGER,
  response_time_min INTEGER, response_time_mean INTEGER, response_time_max INTEGER, response_time_last INTEGER,
  healthy_ms INTEGER NOT NULL,
  degraded_ms INTEGER NOT NULL,
  unhealthy_ms INTEGER NOT NULL,
  critical_ms INTEGER NOT NULL,
  unknown_ms INTEGER NOT NULL,
  PRIMARY KEY (uid, minute)
);
CREATE INDEX health_minute_time ON health_minute (minute);

-- Revisions of configurations: numbered through all layers of one configuration, the newest of each layer is in force.
CREATE TABLE config_revision (
  tenant     TEXT    NOT NULL,
  config     TEXT    NOT NULL,
  number     BIGINT  NOT NULL,
  layer      TEXT    NOT NULL,
  created_at BIGINT  NOT NULL,
  doc        TEXT    NOT NULL,
  content    TEXT    NOT NULL,
  PRIMARY KEY (tenant, config, number)
);
CREATE INDEX config_layer ON config_revision (tenant, config, layer, number);

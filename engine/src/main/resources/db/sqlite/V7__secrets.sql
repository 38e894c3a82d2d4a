-- Data keys of tenants, wrapped by a master key.
CREATE TABLE secret_key (
  tenant  TEXT   NOT NULL,
  version BIGINT NOT NULL,
  doc     TEXT   NOT NULL,
  PRIMARY KEY (tenant, version)
);
-- What is known of a secret but its values; due_at is when the engine has to look at it next.
CREATE TABLE secret (
  tenant TEXT   NOT NULL,
  name   TEXT   NOT NULL,
  due_at BIGINT,
  doc    TEXT   NOT NULL,
  PRIMARY KEY (tenant, name)
);
CREATE INDEX secret_due ON secret (due_at) WHERE due_at IS NOT NULL;
-- Values, each sealed with a data key of its tenant.
CREATE TABLE secret_version (
  tenant      TEXT   NOT NULL,
  name        TEXT   NOT NULL,
  number      BIGINT NOT NULL,
  key_version BIGINT NOT NULL,
  doc         TEXT   NOT NULL,
  PRIMARY KEY (tenant, name, number)
);
CREATE INDEX secret_version_key ON secret_version (tenant, key_version);
-- Which incarnation of an instance has which version of a secret.
CREATE TABLE secret_use (
  tenant      TEXT NOT NULL,
  name        TEXT NOT NULL,
  incarnation TEXT NOT NULL,
  doc         TEXT NOT NULL,
  PRIMARY KEY (tenant, name, incarnation)
);
CREATE INDEX secret_use_incarnation ON secret_use (incarnation);
CREATE TABLE secret_approval (
  id         TEXT PRIMARY KEY NOT NULL,
  tenant     TEXT   NOT NULL,
  name       TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  doc        TEXT   NOT NULL
);
CREATE INDEX secret_approval_name ON secret_approval (tenant, name, created_at);
-- Journal of the changes of keys.
CREATE TABLE secret_rekey (
  id         TEXT PRIMARY KEY NOT NULL,
  started_at BIGINT NOT NULL,
  doc        TEXT   NOT NULL
);

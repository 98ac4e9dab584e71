/**
 * What is asked of the database. One table in a schema of its own, one row an entry; no advisory locks, which poolers
 * break. Every change is one statement, so it is whole or not there at all.
 */

const CHANNEL = 'wrk_changed'

/** One simple query of several statements: one transaction. */
export const SET_UP = `
CREATE SCHEMA IF NOT EXISTS wrk;
CREATE TABLE IF NOT EXISTS wrk.entries (
  queue text NOT NULL,
  kind text NOT NULL,
  name text NOT NULL,
  epoch bigint NOT NULL,
  revision text NOT NULL,
  state text NOT NULL,
  record text NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (queue, kind, name)
);
CREATE INDEX IF NOT EXISTS entries_open ON wrk.entries (queue) WHERE state <> 'done';
CREATE OR REPLACE FUNCTION wrk.changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('${CHANNEL}', NEW.queue);
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS entries_changed ON wrk.entries;
CREATE TRIGGER entries_changed AFTER INSERT OR UPDATE ON wrk.entries FOR EACH ROW EXECUTE FUNCTION wrk.changed();
`

export const READ =
  'SELECT name, kind, revision, record FROM wrk.entries WHERE queue = $1 AND kind = $2 AND name = $3'

export const LIST =
  "SELECT name, kind, revision, record FROM wrk.entries WHERE queue = $1 AND state <> 'done'"

export const CREATE = `INSERT INTO wrk.entries (queue, kind, name, epoch, revision, state, record)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`

export const CHANGE = `UPDATE wrk.entries
SET epoch = $4, revision = $5, state = $6, record = $7, changed_at = now()
WHERE queue = $1 AND kind = $2 AND name = $3 AND epoch = $8 AND revision = $9`

/** Many at once: parallel arrays; gives the names that were changed. */
export const CHANGE_ALL = `UPDATE wrk.entries AS e
SET epoch = c.epoch, revision = c.revision, state = c.state, record = c.record, changed_at = now()
FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[])
  AS c(kind, name, epoch, revision, state, record, old_epoch, old_revision)
WHERE e.queue = $1 AND e.kind = c.kind AND e.name = c.name
  AND e.epoch = c.old_epoch AND e.revision = c.old_revision
RETURNING e.kind, e.name`

export const REMOVE = 'DELETE FROM wrk.entries WHERE queue = $1 AND kind = $2 AND name = $3 AND revision = $4'

export const NOW = 'SELECT now() AS now'

export const LISTEN = `LISTEN ${CHANNEL}`

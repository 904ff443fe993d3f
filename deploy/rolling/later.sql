-- What the migration of a later release may do to tables in use, for `prove.sh`: it adds, and waits for
-- nobody longer than a second.
BEGIN;
SET LOCAL lock_timeout = '1s';
ALTER TABLE calls ADD COLUMN mood text;
ALTER TABLE connections ADD COLUMN colour text NOT NULL DEFAULT 'grey';
ALTER TABLE api_keys ADD COLUMN note text;
CREATE INDEX connections_by_colour ON connections (tenant_id, colour);
INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
VALUES (9001, 'moods and colours', true, '\x00', 1);
COMMIT;

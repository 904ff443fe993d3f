-- What a named request was, sealed: its plain hash could be tried out with guessed bodies. `request_hash`
-- stays for what the release before kept.
ALTER TABLE idempotency_keys
    ADD COLUMN sealed_request bytea,
    ALTER COLUMN request_hash SET DEFAULT '';

-- Two walks a stream, so that a long sweep keeps no new call waiting; evidence for deletions; what
-- the vendor told beside what the CRM gave; how far a re-mapping has come.

-- The existing columns of a walk are those of the incremental one.
ALTER TABLE sync_streams
    ADD COLUMN full_cursor     jsonb,
    ADD COLUMN full_started_at timestamptz,
    ADD COLUMN full_unproved   integer NOT NULL DEFAULT 0,
    ADD COLUMN full_refused    integer NOT NULL DEFAULT 0,
    -- Since when its pages do not fit together, however often they are walked.
    ADD COLUMN broken_since    timestamptz,
    -- The problem that its last walk ended with; NULL after a good one.
    ADD COLUMN trouble         text,
    ADD COLUMN trouble_at      timestamptz;

-- `walk_number` is from now on the number of the last full walk that ended, not of one under way.
ALTER TABLE sync_streams NO FORCE ROW LEVEL SECURITY;
UPDATE sync_streams
SET full_cursor = walk_cursor, full_started_at = walk_started_at, full_unproved = unproved,
    full_refused = refused, walk_number = walk_number - 1, walk = NULL, walk_cursor = NULL,
    walk_started_at = NULL, unproved = 0, refused = 0
WHERE walk = 'full';
ALTER TABLE sync_streams FORCE ROW LEVEL SECURITY;

ALTER TABLE sync_state
    -- The start of the full walk under way.
    ADD COLUMN full_walk_began_at   timestamptz,
    -- A full walk that could not be proved rests until then.
    ADD COLUMN full_walk_not_before timestamptz,
    -- So many deletions at once were approved for the next full walk.
    ADD COLUMN deletions_ceiling    integer,
    -- The rules and the settings that all calls were mapped with; NULL before the first run.
    ADD COLUMN mapped_version       integer,
    ADD COLUMN mapped_settings      bytea,
    -- A re-mapping under way: toward which settings, and the last call it looked at.
    ADD COLUMN mapping_settings     bytea,
    ADD COLUMN mapping_after        text,
    -- Changes of calls that no `sync.completed` has told of yet.
    ADD COLUMN unannounced_created  bigint NOT NULL DEFAULT 0,
    ADD COLUMN unannounced_updated  bigint NOT NULL DEFAULT 0,
    ADD COLUMN unannounced_restored bigint NOT NULL DEFAULT 0,
    ADD COLUMN unannounced_deleted  bigint NOT NULL DEFAULT 0;

-- Two full walks in a row did not meet it: what its vendor says by its id decides.
ALTER TABLE records ADD COLUMN missing boolean NOT NULL DEFAULT false;

ALTER TABLE calls
    -- What the vendor told of the members that facts fill; NULL where there are no facts.
    ADD COLUMN told              jsonb,
    -- The vendor no longer has it, because it keeps nothing so old; our copy stays.
    ADD COLUMN vendor_expired_at timestamptz;

-- Nothing selects by the version of the mapping rules any more.
DROP INDEX calls_by_mapper;

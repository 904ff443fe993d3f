-- The feed of events: the order it is read in, and what its readers must be told of.

CREATE INDEX events_by_position ON events (tenant_id, xid, id);

ALTER TABLE tenants
    -- Another one whenever the database is not the one it was, as after a backup was restored:
    -- positions of before then mean nothing.
    ADD COLUMN feed_id uuid NOT NULL DEFAULT gen_random_uuid(),
    -- The database that the feed was numbered in.
    ADD COLUMN feed_origin text,
    -- Up to here events were deleted for their age.
    ADD COLUMN feed_purged_xid xid8,
    ADD COLUMN feed_purged_id bigint;

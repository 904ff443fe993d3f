-- What was asked of vendors lately, and how it went: neither addresses nor contents.

-- Bounded: the newest of each kind (well, not well) stay, and none for long. Writing rows is the
-- gateway's own work; they are no part of any other transaction.
CREATE TABLE vendor_requests (
    tenant_id      uuid NOT NULL,
    -- Whether it went wrong; the two kinds do not push each other out.
    failed         boolean NOT NULL,
    -- When it began. Milliseconds, as it is shown: a cursor must not fall between two rows.
    at             timestamptz NOT NULL,
    id             uuid NOT NULL,
    -- The vendor account; connections that share it share its token renewals.
    namespace      uuid NOT NULL,
    -- NULL: for the account, as a token renewal is.
    connection_id  uuid,
    vendor         text NOT NULL,
    -- As the coverage table names it.
    operation      text NOT NULL,
    method         text NOT NULL,
    status         int,
    -- 2xx, 4xx, 429, timeout, ...
    outcome        text NOT NULL,
    elapsed_ms     double precision NOT NULL,
    -- Bytes of the bodies, where they were known.
    sent_bytes     bigint,
    received_bytes bigint,
    -- On whose behalf, and for which record of the vendor.
    request_id     text,
    record         text,
    PRIMARY KEY (tenant_id, failed, at, id)
);
ALTER TABLE vendor_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE vendor_requests FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON vendor_requests
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

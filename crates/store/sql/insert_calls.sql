-- $1 tenant, $2 connection, $3 vendor, $4 now, then columns ($5 mapper version).
-- Lists of text travel as jsonb, because arrays of arrays must be rectangular.
INSERT INTO calls
    (tenant_id, connection_id, vendor, modified_at, mapper_version, sort_at, id, remote_id, channel,
     kind, direction, status, started_at, duration_ms, sentiment, passed, score_pct, has_transcript,
     agents, phones, tags, body, client_metadata, external_refs, facts, version, payload_hash,
     unmapped, first_seen_at, observed_at, deleted_at, deletion_evidence, told, vendor_expired_at)
SELECT $1, $2, $3, $4, mapper_version, sort_at, id, remote_id, channel,
    kind, direction, status, started_at, duration_ms, sentiment, passed, score_pct, has_transcript,
    ARRAY(SELECT jsonb_array_elements_text(agents)), ARRAY(SELECT jsonb_array_elements_text(phones)),
    ARRAY(SELECT jsonb_array_elements_text(tags)), body, client_metadata, external_refs, facts,
    version, payload_hash, ARRAY(SELECT jsonb_array_elements_text(unmapped)), first_seen_at,
    observed_at, deleted_at, deletion_evidence, told, vendor_expired_at
FROM UNNEST(
        $5::int[], $6::timestamptz[], $7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
        $13::timestamptz[], $14::bigint[], $15::text[], $16::boolean[], $17::double precision[],
        $18::boolean[], $19::jsonb[], $20::jsonb[], $21::jsonb[], $22::text[], $23::jsonb[],
        $24::jsonb[], $25::jsonb[], $26::int[], $27::bytea[], $28::jsonb[], $29::timestamptz[],
        $30::timestamptz[], $31::timestamptz[], $32::text[], $33::jsonb[], $34::timestamptz[])
    AS new (mapper_version, sort_at, id, remote_id, channel, kind, direction, status, started_at, duration_ms,
        sentiment, passed, score_pct, has_transcript, agents, phones, tags, body, client_metadata,
        external_refs, facts, version, payload_hash, unmapped, first_seen_at, observed_at, deleted_at,
        deletion_evidence, told, vendor_expired_at)

-- $1 tenant, then columns
INSERT INTO vendor_requests (tenant_id, failed, at, id, namespace, connection_id, vendor, operation, method,
    status, outcome, elapsed_ms, sent_bytes, received_bytes, request_id, record)
SELECT $1, new.*
FROM UNNEST($2::boolean[], $3::timestamptz[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[], $8::text[],
    $9::text[], $10::int[], $11::text[], $12::float8[], $13::bigint[], $14::bigint[], $15::text[],
    $16::text[]) AS new

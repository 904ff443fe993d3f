-- Multiplies the calls of a synced database: each copy has an id and a time that follow from its
-- number, so that a load can compute them, and words of known frequency.
-- psql variables: copies, step (seconds from one call to the next older one).
SELECT set_config('bench.copies', :'copies', false) \gset copies_
SELECT set_config('bench.step', :'step', false) \gset step_

CREATE TABLE bench_numbers AS
SELECT call.tenant_id, call.id AS source, (copy.number - 1) * total.calls + row_number() OVER
           (PARTITION BY copy.number ORDER BY md5(call.id::text || copy.number)) AS number
FROM calls AS call
CROSS JOIN (SELECT count(*) AS calls FROM calls) AS total
CROSS JOIN generate_series(1, current_setting('bench.copies')::int) AS copy (number);

CREATE FUNCTION bench_time(number bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
AS $$ SELECT date_trunc('milliseconds',
    timestamptz '2026-06-30 12:00:00+00' - number * current_setting('bench.step')::float8 * interval '1 second') $$;

-- Each is in that share of the calls; none is the beginning of another word.
CREATE FUNCTION bench_words(number bigint) RETURNS text LANGUAGE sql IMMUTABLE
AS $$
    SELECT concat_ws(' ',
        CASE WHEN number % 10000 = 7 THEN 'zqrarest' END,
        CASE WHEN number % 1000 = 7 THEN 'zqthousandth' END,
        CASE WHEN number % 100 = 7 THEN 'zqhundredth' END,
        CASE WHEN number % 10 = 7 THEN 'zqtenth' END,
        CASE WHEN number % 4 = 3 THEN 'zqfourth' END)
$$;

DO $$
DECLARE
    month date;
    wanted text;
    names text;
    shown text;
BEGIN
    FOR month IN SELECT DISTINCT date_trunc('month', bench_time(number) AT TIME ZONE 'UTC')::date FROM bench_numbers
    LOOP
        PERFORM ensure_call_partition(month);
    END LOOP;
    FOREACH wanted IN ARRAY ARRAY['call_keys', 'calls', 'call_documents', 'call_search'] LOOP
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
               string_agg(CASE
                   WHEN attname IN ('id', 'call_id') THEN 'md5(fresh.number::text)::uuid'
                   WHEN attname IN ('sort_at', 'started_at') THEN 'bench_time(fresh.number)'
                   WHEN attname = 'remote_id' THEN 'old.remote_id || ''-'' || fresh.number'
                   WHEN attname = 'words' THEN
                       'old.words || to_tsvector(''simple'', bench_words(fresh.number))'
                   ELSE 'old.' || quote_ident(attname)
               END, ', ' ORDER BY attnum)
        INTO names, shown
        FROM pg_attribute
        WHERE attrelid = wanted::regclass AND attnum > 0 AND NOT attisdropped;
        EXECUTE format(
            'INSERT INTO %I (%s) SELECT %s FROM bench_numbers AS fresh JOIN %I AS old '
            'ON old.tenant_id = fresh.tenant_id AND old.%I = fresh.source',
            wanted, names, shown, wanted,
            CASE WHEN wanted IN ('call_keys', 'calls') THEN 'id' ELSE 'call_id' END);
    END LOOP;
END
$$;

-- The gateway serves from no database with a table that keeps tenants not apart.
SELECT max(number) FROM bench_numbers;
DROP TABLE bench_numbers;

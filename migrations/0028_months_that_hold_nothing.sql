-- Months in which nothing lies any more are dropped: files and indexes go at once.
--
-- Writers remember for some minutes that a month is there. So it is dropped in two steps: what is
-- found empty is marked, and dropped a while later if nobody made sure of it in between. The mark is
-- the table's comment, which goes with it.

CREATE OR REPLACE FUNCTION ensure_call_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET client_min_messages = warning
AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    last date := (date_trunc('month', month) + interval '1 month')::date;
    suffix text := to_char(date_trunc('month', month), 'YYYYMM');
    known regclass := to_regclass('calls_' || suffix);
    parent text;
BEGIN
    IF known IS NOT NULL AND coalesce(obj_description(known, 'pg_class'), '') NOT LIKE 'empty since %' THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ensure_call_partition'));
    IF to_regclass('calls_' || suffix) IS NOT NULL THEN
        EXECUTE format('COMMENT ON TABLE %I IS NULL', 'calls_' || suffix);
        RETURN false;
    END IF;
    -- All three tables or none: the block takes back what it made before it failed.
    BEGIN
        FOREACH parent IN ARRAY ARRAY['calls', 'call_documents', 'call_search'] LOOP
            EXECUTE format(
                'CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                parent || '_' || suffix, parent, first::text || ' 00:00:00+00', last::text || ' 00:00:00+00');
        END LOOP;
    EXCEPTION WHEN check_violation THEN
        RETURN false;
    END;
    RETURN true;
END
$$;

-- Marks the partitions of a past month in which nothing lies, of any tenant, or drops them when they
-- were marked for this long: `kept`, `marked`, `dropped`, or `busy` where somebody works with them.
-- Whoever waits behind the lock does so for half a second at most. With `row_security` off a policy
-- that would hide rows from this function makes it fail.
CREATE FUNCTION retire_call_partition(month date, rest interval) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET client_min_messages = warning
    SET row_security = off SET lock_timeout = '500ms'
AS $$
DECLARE
    suffix text := to_char(month, 'YYYYMM');
    parts text[] := ARRAY['calls_' || suffix, 'call_documents_' || suffix, 'call_search_' || suffix];
    look text := format('SELECT EXISTS (SELECT FROM %I) OR EXISTS (SELECT FROM %I) OR EXISTS (SELECT FROM %I)',
        parts[1], parts[2], parts[3]);
    marked text;
    filled boolean;
BEGIN
    IF to_regclass(parts[1]) IS NULL
        OR date_trunc('month', month) >= date_trunc('month', now() AT TIME ZONE 'UTC') THEN
        RETURN 'kept';
    END IF;
    EXECUTE look INTO filled;
    IF filled THEN
        RETURN 'kept';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('ensure_call_partition'));
    -- Another process may have dropped it meanwhile.
    IF to_regclass(parts[1]) IS NULL THEN
        RETURN 'kept';
    END IF;
    marked := obj_description(to_regclass(parts[1]), 'pg_class');
    IF coalesce(marked, '') NOT LIKE 'empty since %' THEN
        EXECUTE format('COMMENT ON TABLE %I IS %L', parts[1],
            'empty since ' || to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'));
        RETURN 'marked';
    END IF;
    IF now() - substr(marked, length('empty since ') + 1)::timestamptz < rest THEN
        RETURN 'marked';
    END IF;
    -- From here on nobody writes, and what was written is seen.
    LOCK TABLE ONLY calls, ONLY call_documents, ONLY call_search IN ACCESS EXCLUSIVE MODE;
    EXECUTE look INTO filled;
    IF filled THEN
        RETURN 'kept';
    END IF;
    EXECUTE format('DROP TABLE %I, %I, %I', parts[1], parts[2], parts[3]);
    RETURN 'dropped';
EXCEPTION WHEN lock_not_available THEN
    RETURN 'busy';
END
$$;
REVOKE ALL ON FUNCTION retire_call_partition(date, interval) FROM PUBLIC;

-- Figures of calls by day, kept by triggers in the transaction that changes the calls.
--
-- A row is a change of a figure, or the sum of several. Whoever changes calls only adds rows, so that
-- writers never wait for each other here; a figure is the sum of its rows at any time. Now and then the
-- rows of a figure are replaced by their sum.
--
-- Everything is a whole number: sums do not depend on the order of what is added.
CREATE TABLE call_days (
    tenant_id       uuid NOT NULL,
    -- By what the calls of a day are told apart: 'all' (by nothing), hour (of the list's key, in UTC), channel,
    -- kind, direction, status, sentiment, agent, tag. A call counts once in each, for each of its agents
    -- and of its tags.
    axis            text NOT NULL,
    -- The UTC day of the list's key: of the start, where it is known.
    day             date NOT NULL,
    id              bigint GENERATED ALWAYS AS IDENTITY,
    connection_id   uuid NOT NULL,
    vendor          text NOT NULL,
    -- The start is known.
    dated           boolean NOT NULL,
    deleted         boolean NOT NULL,
    -- What the calls have in common on the axis; NULL where that is not known of them.
    value           text,
    calls           bigint NOT NULL,
    with_transcript bigint NOT NULL,
    timed           bigint NOT NULL,
    duration_ms     numeric NOT NULL,
    scored          bigint NOT NULL,
    -- The sum of the scores, in ten-thousandths.
    score           bigint NOT NULL,
    passed          bigint NOT NULL,
    failed          bigint NOT NULL,
    -- It is the sum of what was there before.
    folded          boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, axis, day, id)
);
CREATE INDEX call_days_to_fold ON call_days (tenant_id, axis, day) WHERE NOT folded;
ALTER TABLE call_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE call_days FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON call_days
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- The figures by day are those of all calls of the tenant, also of those from before there were any.
ALTER TABLE tenants ADD COLUMN days_counted boolean NOT NULL DEFAULT false;

-- Where a call counts.
CREATE FUNCTION call_axes(sort_at timestamptz, channel text, kind text, direction text, status text,
    sentiment text, agents text[], tags text[]) RETURNS TABLE (axis text, value text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT one.axis, one.value
    FROM (VALUES ('all', NULL), ('hour', extract(hour FROM sort_at AT TIME ZONE 'UTC')::int::text),
        ('channel', channel), ('kind', kind), ('direction', direction), ('status', status),
        ('sentiment', sentiment)) AS one (axis, value)
    UNION ALL SELECT DISTINCT 'agent', agent FROM unnest(agents) AS agent
    UNION ALL SELECT DISTINCT 'tag', tag FROM unnest(tags) AS tag
$$;

-- A score as it can be added up: it has four decimals. What is no number, or far from a score, is none.
CREATE FUNCTION exact_score(score double precision) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN score BETWEEN -1e6 AND 1e6 THEN round(score * 10000)::bigint END $$;

-- Adds the calls of a statement to the figures, or takes them away: what it is told is 1 or -1.
CREATE FUNCTION count_in_days() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    way bigint := TG_ARGV[0];
BEGIN
    INSERT INTO call_days
        (tenant_id, axis, day, connection_id, vendor, dated, deleted, value, calls, with_transcript, timed,
         duration_ms, scored, score, passed, failed)
    SELECT call.tenant_id, axes.axis, (call.sort_at AT TIME ZONE 'UTC')::date, call.connection_id, call.vendor,
        call.started_at IS NOT NULL, call.deleted_at IS NOT NULL, axes.value,
        way * count(*),
        way * count(*) FILTER (WHERE call.has_transcript),
        way * count(call.duration_ms),
        way * coalesce(sum(call.duration_ms), 0),
        way * count(exact_score(call.score_pct)),
        way * coalesce(sum(exact_score(call.score_pct)), 0),
        way * count(*) FILTER (WHERE call.passed),
        way * count(*) FILTER (WHERE NOT call.passed)
    FROM changed AS call
    CROSS JOIN LATERAL call_axes(call.sort_at, call.channel, call.kind, call.direction, call.status,
        call.sentiment, call.agents, call.tags) AS axes
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
    RETURN NULL;
END
$$;

-- Gateways of the release before write while this is applied, and go on after it.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'callweave_app') THEN
        GRANT SELECT, INSERT, UPDATE, DELETE ON call_days TO callweave_app;
    END IF;
END
$$;

CREATE TRIGGER count_new_in_days AFTER INSERT ON calls
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_in_days('1');
CREATE TRIGGER count_gone_in_days AFTER DELETE ON calls
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_in_days('-1');
CREATE TRIGGER count_before_in_days AFTER UPDATE ON calls
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_in_days('-1');
CREATE TRIGGER count_after_in_days AFTER UPDATE ON calls
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_in_days('1');

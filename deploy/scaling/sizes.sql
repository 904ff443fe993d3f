-- Bytes of each table and index for each call, months taken together, the largest first.
WITH calls AS (
    SELECT count(*)::numeric AS number FROM calls
), tables AS (
    SELECT table_of.oid, coalesce(parent.relname, table_of.relname) AS name
    FROM pg_class AS table_of
    LEFT JOIN pg_inherits AS tree ON tree.inhrelid = table_of.oid
    LEFT JOIN pg_class AS parent ON parent.oid = tree.inhparent
    WHERE table_of.relkind = 'r' AND table_of.relnamespace = 'public'::regnamespace
), parts AS (
    SELECT name, 'rows' AS part, pg_relation_size(oid) AS bytes FROM tables
    UNION ALL
    SELECT name, 'long values', pg_table_size(oid) - pg_relation_size(oid) FROM tables
    UNION ALL
    SELECT tables.name, 'index ' || coalesce(whole.relname, own.relname), pg_relation_size(own.oid)
    FROM tables JOIN pg_index AS entry ON entry.indrelid = tables.oid
    JOIN pg_class AS own ON own.oid = entry.indexrelid
    LEFT JOIN pg_inherits AS tree ON tree.inhrelid = own.oid
    LEFT JOIN pg_class AS whole ON whole.oid = tree.inhparent
), sums AS (
    SELECT name, part, sum(bytes) AS bytes FROM parts GROUP BY name, part
)
SELECT name, part, round(bytes / calls.number) AS bytes_a_call
FROM sums, calls WHERE bytes / calls.number >= 10
UNION ALL
SELECT 'all', 'all', round(sum(bytes) / min(calls.number)) FROM sums, calls
ORDER BY 3 DESC;

-- Tables of tenants that the current role owns, or that are not under forced row-level security.
-- Partitions are reached through their parents only: the role has no right on them.
SELECT class.relname::text
FROM pg_class AS class
JOIN pg_attribute AS attribute
    ON attribute.attrelid = class.oid AND attribute.attname = 'tenant_id' AND NOT attribute.attisdropped
WHERE class.relnamespace = 'public'::regnamespace
    AND class.relkind IN ('r', 'p')
    AND NOT class.relispartition
    AND (NOT class.relrowsecurity
         OR NOT class.relforcerowsecurity
         OR pg_get_userbyid(class.relowner) = current_user)
ORDER BY class.relname

-- The phones that this transaction looks for; NULL where it looks for none, and then no policy matches.
CREATE FUNCTION searched_phones() RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT NULLIF(current_setting('app.phones', true), '')::text[] $$;

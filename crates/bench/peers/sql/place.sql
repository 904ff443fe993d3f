SELECT sort_at FROM call_keys WHERE tenant_id = $1 AND id = $2

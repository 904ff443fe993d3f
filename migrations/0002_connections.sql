-- One account at one vendor: settings in the open, credentials and tokens sealed.

CREATE TABLE connections (
    tenant_id            uuid NOT NULL REFERENCES tenants (tenant_id),
    id                   uuid NOT NULL,
    vendor               text NOT NULL,
    name                 text NOT NULL,
    state                text NOT NULL,
    state_reason         text,
    settings             jsonb NOT NULL,
    tags                 jsonb NOT NULL DEFAULT '{}',
    account_name         text,
    -- Namespace of the ids of this account's calls; the same account connected again finds it.
    namespace            uuid NOT NULL,
    credential_names     text[] NOT NULL,
    credentials_version  integer NOT NULL DEFAULT 1,
    sealed_credentials   bytea NOT NULL,
    version              integer NOT NULL DEFAULT 1,
    created_at           timestamptz NOT NULL,
    modified_at          timestamptz NOT NULL,
    last_ok_at           timestamptz,
    last_error_at        timestamptz,
    last_error_code      text,
    last_error_detail    text,
    deleted_at           timestamptz,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX connections_by_namespace ON connections (tenant_id, namespace);
ALTER TABLE connections ENABLE ROW LEVEL SECURITY;
ALTER TABLE connections FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON connections
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- One row a vendor account: connections to the same account share it.
CREATE TABLE tokens (
    tenant_id          uuid NOT NULL,
    namespace          uuid NOT NULL,
    gen                bigint NOT NULL DEFAULT 0,
    sealed_token       bytea,
    access_expires_at  timestamptz,
    refresh_expires_at timestamptz,
    obtained_at        timestamptz,
    remote_id          text,
    cred_version       integer NOT NULL DEFAULT 0,
    lease_owner        uuid,
    lease_epoch        bigint NOT NULL DEFAULT 0,
    lease_until        timestamptz,
    -- Set before the vendor is asked: after a crash the stored refresh token may be spent.
    intent_gen         bigint,
    sealed_orphan      bytea,
    failures           integer NOT NULL DEFAULT 0,
    not_before         timestamptz,
    rejected_reason    text,
    logins             timestamptz[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (tenant_id, namespace)
);
ALTER TABLE tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON tokens
    USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

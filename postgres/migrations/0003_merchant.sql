-- +goose Up

create table merchant_tenants (
    id         text primary key check (id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    name       text        not null check (length(name) between 1 and 200),
    created_at timestamptz not null
);

-- Only the SHA-256 of a secret is kept: secrets have 256 bits of entropy, so no salt and
-- no slow hash are needed.
create table merchant_api_keys (
    id          text primary key,
    tenant      text        not null references merchant_tenants (id),
    secret_hash bytea       not null unique check (length(secret_hash) = 32),
    name        text        not null check (length(name) between 1 and 200),
    scopes      text[]      not null check (cardinality(scopes) > 0 and scopes <@ array['read', 'withdraw', 'approve', 'admin']),
    created_at  timestamptz not null,
    expires_at  timestamptz,
    revoked_at  timestamptz
);

create table merchant_accounts (
    id              text primary key,
    tenant          text        not null references merchant_tenants (id),
    idempotency_key text        not null check (length(idempotency_key) between 1 and 255),
    name            text        not null check (length(name) between 1 and 200),
    created_at      timestamptz not null,
    unique (tenant, idempotency_key)
);

create index merchant_accounts_by_tenant on merchant_accounts (tenant, id);

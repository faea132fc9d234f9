-- name: InsertTenant :execrows
insert into merchant_tenants (id, name, created_at) values ($1, $2, $3) on conflict (id) do nothing;

-- name: Tenant :one
select id, name, created_at from merchant_tenants where id = $1;

-- name: InsertKey :exec
insert into merchant_api_keys (id, tenant, secret_hash, name, scopes, created_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7);

-- name: KeyBySecret :one
select id, tenant, scopes, expires_at, revoked_at from merchant_api_keys where secret_hash = $1;

-- name: RevokeKey :execrows
update merchant_api_keys set revoked_at = coalesce(revoked_at, sqlc.arg(at)::timestamptz) where tenant = $1 and id = $2;

-- name: InsertAccount :execrows
insert into merchant_accounts (id, tenant, idempotency_key, name, created_at) values ($1, $2, $3, $4, $5)
on conflict (tenant, idempotency_key) do nothing;

-- name: Account :one
select id, tenant, idempotency_key, name, created_at from merchant_accounts where tenant = $1 and id = $2;

-- name: Accounts :many
select id, tenant, idempotency_key, name, created_at from merchant_accounts
where tenant = $1 and id > sqlc.arg(after) order by id limit sqlc.arg(first);

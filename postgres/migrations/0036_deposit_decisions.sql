-- +goose Up

-- The key of a person's decision about a deposit is bound to the hash of the decision, for
-- ever.
create table deposit_decision (
    tenant       text        not null,
    key          text        not null check (length(key) between 1 and 255),
    request_hash bytea       not null check (octet_length(request_hash) = 32),
    deposit      text        not null references deposit (id),
    at           timestamptz not null,
    primary key (tenant, key)
);

create trigger deposit_decision_keep before update or delete on deposit_decision
    for each row execute function deposit_append_only();
create trigger deposit_decision_keep_all before truncate on deposit_decision
    for each statement execute function deposit_append_only();

-- An operator of a tenant decides about what waits for a person.
alter table merchant_api_keys drop constraint merchant_api_keys_scopes_check;
alter table merchant_api_keys add constraint merchant_api_keys_scopes_check
    check (cardinality(scopes) > 0 and scopes <@ array['read', 'withdraw', 'approve', 'operator', 'admin']);

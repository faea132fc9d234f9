-- +goose Up

-- Whose the destination is when it is an address of another account here: then the books
-- pay, not a chain. It is part of what the customer asked for and never changes.
alter table withdrawal
    add column to_tenant text,
    add column to_account text,
    add check ((to_tenant is null) = (to_account is null)),
    add check (to_account is distinct from account or to_tenant is distinct from tenant);

-- The two checks that every paid withdrawal has a payout and a transaction now hold for
-- those that a chain pays.
-- +goose StatementBegin
do $$
declare
    old record;
    dropped integer := 0;
begin
    for old in select conname from pg_constraint
               where conrelid = 'withdrawal'::regclass and contype = 'c'
                 and (pg_get_constraintdef(oid) like '%payout IS NOT NULL%' or pg_get_constraintdef(oid) like '%tx IS NOT NULL%')
    loop
        execute format('alter table withdrawal drop constraint %I', old.conname);
        dropped := dropped + 1;
    end loop;
    if dropped <> 2 then
        raise exception 'expected 2 checks about payout and tx, found %', dropped;
    end if;
end
$$;
-- +goose StatementEnd

alter table withdrawal
    add constraint withdrawal_paid_by_payout
        check ((payout is not null) = (to_account is null and state in ('paying', 'confirming', 'settled', 'failed'))),
    add constraint withdrawal_paid_by_tx
        check (case when to_account is null then state not in ('confirming', 'settled') or tx is not null else tx is null end),
    add constraint withdrawal_paid_inside
        check (to_account is null or state not in ('paying', 'confirming', 'failed'));

create index withdrawal_inside on withdrawal (position) where state = 'approved' and to_account is not null;

insert into withdrawal_moves (from_state, to_state) values ('approved', 'settled');

-- What an account received from another account here.
create table withdrawal_transfers (
    id            text           primary key,
    position      bigint         not null generated always as identity unique,
    withdrawal_id text           not null unique references withdrawal (id),
    tenant        text           not null,
    account       text           not null,
    asset         text           not null,
    address       text           not null,
    amount        numeric(78, 0) not null check (amount > 0),
    sender        text           not null, -- the account that sent it, where it is of the same tenant, else ''
    created_at    timestamptz    not null
);

create index withdrawal_transfers_by_account on withdrawal_transfers (tenant, account, position);

-- +goose StatementBegin
create function withdrawal_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: % refused', tg_table_name, lower(tg_op) using errcode = 'restrict_violation';
end
$$;
-- +goose StatementEnd

create trigger withdrawal_transfers_append_only before update or delete or truncate on withdrawal_transfers
    for each statement execute function withdrawal_refuse_change();

-- +goose StatementBegin
create or replace function withdrawal_check_update() returns trigger language plpgsql as $$
begin
    if (old.id, old.tenant, old.account, old.chain, old.asset, old.destination, old.memo, old.amount,
        old.fee_cap, old.expires, old.order_hash, old.idempotency_key, old.fee, old.created_at, old.to_tenant, old.to_account)
       is distinct from
       (new.id, new.tenant, new.account, new.chain, new.asset, new.destination, new.memo, new.amount,
        new.fee_cap, new.expires, new.order_hash, new.idempotency_key, new.fee, new.created_at, new.to_tenant, new.to_account) then
        raise exception 'withdrawal %: the order never changes', old.id using errcode = 'check_violation';
    end if;
    if new.sequence <> old.sequence + (case when (old.state, old.reason) is distinct from (new.state, new.reason) then 1
                                           else least(greatest(new.sequence - old.sequence, 0), 1) end) then
        raise exception 'withdrawal %: sequence goes from % to %', old.id, old.sequence, new.sequence using errcode = 'check_violation';
    end if;
    if new.state <> old.state and not exists (
        select from withdrawal_moves where from_state = old.state and to_state = new.state) then
        raise exception 'withdrawal %: % may not become %', old.id, old.state, new.state using errcode = 'check_violation';
    end if;
    if old.state = 'approved' and new.state = 'settled' and new.to_account is null then
        raise exception 'withdrawal %: only a chain can pay it', old.id using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

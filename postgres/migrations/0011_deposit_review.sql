-- +goose Up

-- When the block of a deposit was made, by its header; rules about frequency count by it.
alter table deposit add column block_time timestamptz not null default 'epoch';

create index deposit_by_time on deposit (account, asset, block_time) where state not in ('orphaned', 'reversed');
create index deposit_waiting on deposit (position) where state in ('review', 'missing_memo');
create index deposit_unproven on deposit (chain, position) where state in ('observed', 'confirming', 'credited', 'review');

-- Who did what to a deposit, and why: people by their name, rules as "rule:<name>". sequence
-- is the one of the deposit's event that told of it. Rows are only ever added.
create table deposit_audit (
    id        bigint      generated always as identity primary key,
    deposit   text        not null references deposit (id),
    inclusion bigint      not null check (inclusion > 0),
    sequence  bigint      not null check (sequence > 0),
    action    text        not null check (action in ('park', 'release', 'reject', 'refund', 'refund_paid', 'refund_failed')),
    actor     text        not null check (length(actor) between 1 and 128),
    reason    text        not null check (length(reason) between 1 and 500),
    at        timestamptz not null,
    unique (deposit, sequence)
);

create trigger deposit_audit_keep before update or delete on deposit_audit
    for each row execute function deposit_append_only();
create trigger deposit_audit_keep_all before truncate on deposit_audit
    for each statement execute function deposit_append_only();

-- A deposit's reason may change without its state; each change is an event of its own.
-- Content changes only with a new inclusion, which begins as observed.
-- +goose StatementBegin
create or replace function deposit_check_update() returns trigger language plpgsql as $$
declare
    again boolean := new.state = 'observed' and old.state <> 'observed';
begin
    if (old.id, old.tenant, old.account, old.chain, old.tx, old.ref, old.address, old.created_at)
       is distinct from
       (new.id, new.tenant, new.account, new.chain, new.tx, new.ref, new.address, new.created_at) then
        raise exception 'deposit %: identity never changes', old.id using errcode = 'check_violation';
    end if;
    if new.state = old.state and new.reason = old.reason then
        raise exception 'deposit %: nothing changes', old.id using errcode = 'check_violation';
    end if;
    if new.state <> old.state and not exists (
        select from deposit_moves where from_state = old.state and to_state = new.state) then
        raise exception 'deposit %: % may not become %', old.id, old.state, new.state using errcode = 'check_violation';
    end if;
    if new.sequence <> old.sequence + 1 then
        raise exception 'deposit %: sequence goes from % to %', old.id, old.sequence, new.sequence using errcode = 'check_violation';
    end if;
    if new.inclusion <> old.inclusion + (case when again then 1 else 0 end) then
        raise exception 'deposit %: inclusion goes from % to %', old.id, old.inclusion, new.inclusion using errcode = 'check_violation';
    end if;
    if not again and
       (old.asset, old.sender, old.amount, old.memo, old.height, old.block_hash, old.block_time, old.credit_height, old.unlock_height)
       is distinct from
       (new.asset, new.sender, new.amount, new.memo, new.height, new.block_hash, new.block_time, new.credit_height, new.unlock_height) then
        raise exception 'deposit %: content changes only when it is included again', old.id using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

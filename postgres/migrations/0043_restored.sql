-- +goose Up

-- asked: signers were asked to sign this order, once at least. Unlike committed it is never
-- taken back: what they bound themselves to is for ever.
-- replaced: the order is not the one that was requested here but the one that signers had
-- signed under this id. It has a hold of its own.
alter table withdrawal
    add column asked boolean not null default false,
    add column replaced boolean not null default false;

update withdrawal w set asked = true
where committed or exists (
    select from payout_orders o join payout p on p.id = o.payout_id
    where o.withdrawal_id = w.id and p.state not in ('planned', 'built', 'cancelled'));

-- What stood in the place of orders that signers had signed, as it was then.
create table withdrawal_replaced (
    withdrawal_id text        primary key references withdrawal (id),
    order_hash    bytea       not null check (octet_length(order_hash) = 32),
    request_hash  bytea       not null check (octet_length(request_hash) = 32),
    body          jsonb       not null,
    at            timestamptz not null
);

create trigger withdrawal_replaced_append_only before update or delete or truncate on withdrawal_replaced
    for each statement execute function withdrawal_refuse_change();

-- +goose StatementBegin
create or replace function withdrawal_check_update() returns trigger language plpgsql as $$
begin
    if (old.id, old.tenant, old.created_at) is distinct from (new.id, new.tenant, new.created_at) then
        raise exception 'withdrawal %: the order never changes', old.id using errcode = 'check_violation';
    end if;
    if (old.account, old.chain, old.asset, old.destination, old.memo, old.amount, old.fee_cap, old.expires, old.order_hash,
        old.idempotency_key, old.fee, old.to_tenant, old.to_account, old.replaced)
       is distinct from
       (new.account, new.chain, new.asset, new.destination, new.memo, new.amount, new.fee_cap, new.expires, new.order_hash,
        new.idempotency_key, new.fee, new.to_tenant, new.to_account, new.replaced)
       and not (not old.replaced and new.replaced and not old.asked and not old.committed and old.payout is null and new.state = old.state
            and old.state in ('requested', 'screened', 'review', 'awaiting_approval', 'approved')
            and new.idempotency_key = 'restored:' || old.id and new.to_account is null
            and exists (select from withdrawal_replaced r where r.withdrawal_id = old.id and r.order_hash = old.order_hash)) then
        raise exception 'withdrawal %: the order never changes', old.id using errcode = 'check_violation';
    end if;
    new.asked := old.asked or new.asked or new.committed;
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

-- That the signers' logs were found to hold nothing that this database lacks: in which run
-- of the server, and noted in which transaction. A copy that is put back is in another run,
-- or its row was written by another transaction: then the note does not count.
create table payout_admitted (
    singleton    boolean     primary key default true check (singleton),
    server_start timestamptz not null,
    noted        xid8        not null,
    at           timestamptz not null
);

-- Which copy of the database this is: another text after a restart of the server, and after
-- the row was written, by whomever.
-- +goose StatementBegin
create function payout_copy() returns text language sql stable as $$
    select pg_postmaster_start_time()::text || ' ' || coalesce((select xmin::text from payout_admitted), '')
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function payout_is_admitted() returns boolean language sql stable as $$
    select exists (select from payout_admitted where server_start = pg_postmaster_start_time() and noted::xid = xmin)
$$;
-- +goose StatementEnd

-- +goose Up

-- Money that goes back: ordered → paying → paid, or failed. While it is on its way it is
-- the ledger account named by the refund's id that has it. payment is what the payer calls
-- it. A deposit has at most one refund that did not fail.
create table deposit_refund (
    id          text           primary key,
    position    bigint         not null generated always as identity unique,
    deposit     text           not null references deposit (id),
    inclusion   bigint         not null check (inclusion > 0),
    tenant      text           not null,
    chain       text           not null,
    asset       text           not null check (asset like chain || '/%'),
    destination text           not null check (length(destination) between 1 and 200),
    amount      numeric(78, 0) not null check (amount > 0),
    suspense    text           not null, -- the ledger account it comes from
    actor       text           not null check (length(actor) between 1 and 128),
    state       text           not null default 'ordered' check (state in ('ordered', 'paying', 'paid', 'failed')),
    payment     text,
    reason      text           not null default '',
    created_at  timestamptz    not null,
    updated_at  timestamptz    not null,
    check (state <> 'ordered' or payment is null),
    check (state not in ('paying', 'paid') or payment is not null)
);

create unique index deposit_refund_live on deposit_refund (deposit) where state <> 'failed';
create index deposit_refund_open on deposit_refund (chain, position) where state in ('ordered', 'paying');
create index deposit_refund_by_deposit on deposit_refund (deposit, position);

-- +goose StatementBegin
create function deposit_refund_check() returns trigger language plpgsql as $$
begin
    if (old.id, old.deposit, old.inclusion, old.tenant, old.chain, old.asset, old.destination, old.amount, old.suspense, old.actor, old.created_at)
       is distinct from
       (new.id, new.deposit, new.inclusion, new.tenant, new.chain, new.asset, new.destination, new.amount, new.suspense, new.actor, new.created_at) then
        raise exception 'refund %: what is ordered never changes', old.id using errcode = 'check_violation';
    end if;
    if (old.state, new.state) not in (('ordered', 'paying'), ('ordered', 'failed'), ('paying', 'paid'), ('paying', 'failed')) then
        raise exception 'refund %: % may not become %', old.id, old.state, new.state using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

create trigger deposit_refund_check before update on deposit_refund
    for each row execute function deposit_refund_check();
create trigger deposit_refund_keep before delete on deposit_refund
    for each row execute function deposit_append_only();

-- A deposit is refunded only when a refund of it is paid.
-- +goose StatementBegin
create function deposit_refunded_check() returns trigger language plpgsql as $$
begin
    if not exists (select from deposit_refund where deposit = new.id and inclusion = new.inclusion and state = 'paid') then
        raise exception 'deposit %: refunded without a refund that is paid', new.id using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

create trigger deposit_refunded_check before update on deposit
    for each row when (new.state = 'refunded') execute function deposit_refunded_check();

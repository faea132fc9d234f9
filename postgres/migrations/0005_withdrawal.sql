-- +goose Up

-- A key is bound to the hash of the request it came with, for ever.
create table withdrawal_requests (
    tenant       text        not null,
    key          text        not null check (length(key) between 1 and 255),
    request_hash bytea       not null check (octet_length(request_hash) = 32),
    created_at   timestamptz not null,
    primary key (tenant, key)
);

-- The order's columns (id to order_hash) never change. position orders lists.
create table withdrawal (
    id                 text           primary key,
    position           bigint         not null generated always as identity unique,
    tenant             text           not null,
    account            text           not null,
    chain              text           not null,
    asset              text           not null check (asset like chain || '/%'),
    destination        text           not null,
    memo               text           not null,
    amount             numeric(78, 0) not null check (amount > 0),
    fee_cap            numeric(78, 0) not null,
    expires            timestamptz    not null,
    order_hash         bytea          not null unique check (octet_length(order_hash) = 32),
    idempotency_key    text           not null,
    fee                numeric(78, 0) not null check (fee between 0 and fee_cap),
    state              text           not null default 'requested',
    reason             text           not null default '',
    approvals_required integer        not null default 0 check (approvals_required >= 0),
    decided_at         timestamptz,   -- when policy let it pass: its amount counts as spent from here
    payout             text,
    committed          boolean        not null default false, -- a signature was asked for: no way back
    cancelling         boolean        not null default false, -- cancel before that, if it is not too late
    tx                 bytea          check (octet_length(tx) = 32),
    sequence           bigint         not null check (sequence > 0),
    created_at         timestamptz    not null,
    updated_at         timestamptz    not null,
    foreign key (tenant, idempotency_key) references withdrawal_requests (tenant, key),
    unique (tenant, idempotency_key),
    check ((payout is not null) = (state in ('paying', 'confirming', 'settled', 'failed'))),
    check (state not in ('confirming', 'settled') or tx is not null)
);

create index withdrawal_by_tenant on withdrawal (tenant, position);
create index withdrawal_by_account on withdrawal (tenant, account, position);
create index withdrawal_waiting on withdrawal (state, position)
    where state in ('requested', 'screened', 'awaiting_approval', 'approved');
create index withdrawal_spent on withdrawal (asset, decided_at) where decided_at is not null;

-- One approval counts for each person and order.
create table withdrawal_approvals (
    withdrawal_id text        not null references withdrawal (id),
    person        text        not null,
    order_hash    bytea       not null check (octet_length(order_hash) = 32),
    scheme        text        not null,
    key           text        not null,
    expires       timestamptz not null,
    signature     bytea       not null check (octet_length(signature) between 1 and 1024),
    created_at    timestamptz not null,
    primary key (withdrawal_id, person)
);

-- The moves of coffer.WithdrawalMoves; a test compares the two tables.
create table withdrawal_moves (
    from_state text not null,
    to_state   text not null,
    primary key (from_state, to_state)
);

insert into withdrawal_moves (from_state, to_state) values
    ('requested', 'screened'), ('requested', 'review'), ('requested', 'rejected'), ('requested', 'cancelled'),
    ('screened', 'review'), ('screened', 'awaiting_approval'), ('screened', 'approved'), ('screened', 'rejected'), ('screened', 'cancelled'),
    ('review', 'screened'), ('review', 'awaiting_approval'), ('review', 'approved'), ('review', 'rejected'), ('review', 'cancelled'),
    ('awaiting_approval', 'approved'), ('awaiting_approval', 'rejected'), ('awaiting_approval', 'cancelled'),
    ('approved', 'paying'), ('approved', 'rejected'), ('approved', 'cancelled'),
    ('paying', 'confirming'), ('paying', 'approved'), ('paying', 'failed'),
    ('confirming', 'paying'), ('confirming', 'settled'), ('confirming', 'failed');

-- +goose StatementBegin
create function withdrawal_check_insert() returns trigger language plpgsql as $$
begin
    if new.state <> 'requested' or new.sequence <> 1 then
        raise exception 'withdrawal %: begins as requested, not %', new.id, new.state using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function withdrawal_check_update() returns trigger language plpgsql as $$
begin
    if (old.id, old.tenant, old.account, old.chain, old.asset, old.destination, old.memo, old.amount,
        old.fee_cap, old.expires, old.order_hash, old.idempotency_key, old.fee, old.created_at)
       is distinct from
       (new.id, new.tenant, new.account, new.chain, new.asset, new.destination, new.memo, new.amount,
        new.fee_cap, new.expires, new.order_hash, new.idempotency_key, new.fee, new.created_at) then
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
    return new;
end
$$;
-- +goose StatementEnd

create trigger withdrawal_check_insert before insert on withdrawal
    for each row execute function withdrawal_check_insert();
create trigger withdrawal_check_update before update on withdrawal
    for each row execute function withdrawal_check_update();

-- +goose Up

-- Every address that is ours, or that money must not be sent to by mistake: deposit
-- addresses of accounts and house addresses share one table, so that none is both.
create table deposit_address (
    chain      text        not null,
    address    text        not null check (length(address) between 1 and 200),
    kind       text        not null, -- 'deposit', or the kind of house address
    id         text        unique,
    tenant     text,
    account    text,
    salt       bytea       check (octet_length(salt) = 32),
    created_at timestamptz not null,
    primary key (chain, address),
    unique (tenant, account, chain),
    check ((kind = 'deposit') = (id is not null and tenant is not null and account is not null and salt is not null)),
    check (kind = 'deposit' or (id is null and tenant is null and account is null and salt is null))
);

-- How far a chain's block events have been applied: the record wanted next, the last
-- event's sequence and epoch, and the tip it left. No tip before the first block.
create table deposit_cursor (
    chain       text        primary key,
    next_offset bigint      not null default 0 check (next_offset >= 0),
    sequence    bigint      not null default 0 check (sequence >= 0),
    epoch       bigint      not null default 0 check (epoch >= 0),
    height      bigint      check (height >= 0),
    hash        bytea       check (octet_length(hash) = 32),
    final       bigint      not null default 0 check (final >= 0),
    updated_at  timestamptz not null,
    check ((height is null) = (hash is null))
);

-- What blocks said about our addresses, canonical or not. Rows are only ever added.
create table deposit_observation (
    chain      text           not null,
    block_hash bytea          not null check (octet_length(block_hash) = 32),
    tx         bytea          not null check (octet_length(tx) = 32),
    ref        text           not null,
    height     bigint         not null check (height >= 0),
    asset      text           not null check (asset like chain || '/%'),
    sender     text           not null,
    recipient  text           not null,
    amount     numeric(78, 0) not null check (amount > 0),
    memo       text           not null,
    seen_at    timestamptz    not null,
    primary key (chain, block_hash, tx, ref)
);

-- A deposit points at its latest observation. At most one of a (chain, tx, ref) is live:
-- the address is part of the key because a transaction included again may pay another
-- account, whose deposit is not the first one's.
--
-- inclusion counts how often it was included, and keeps the ledger entries of one
-- inclusion apart from those of the next. credit_height and unlock_height are the heights
-- of the tip at which it is deep enough.
create table deposit (
    id            text           primary key,
    position      bigint         not null generated always as identity unique,
    tenant        text           not null,
    account       text           not null,
    chain         text           not null,
    tx            bytea          not null check (octet_length(tx) = 32),
    ref           text           not null,
    address       text           not null,
    asset         text           not null check (asset like chain || '/%'),
    sender        text           not null,
    amount        numeric(78, 0) not null check (amount > 0),
    memo          text           not null,
    height        bigint         not null check (height >= 0),
    block_hash    bytea          not null check (octet_length(block_hash) = 32),
    credit_height bigint         not null check (credit_height >= height),
    unlock_height bigint         not null check (unlock_height >= credit_height),
    inclusion     bigint         not null default 1 check (inclusion > 0),
    state         text           not null default 'observed',
    reason        text           not null default '',
    sequence      bigint         not null default 1 check (sequence > 0),
    created_at    timestamptz    not null,
    updated_at    timestamptz    not null,
    unique (chain, tx, ref, address),
    foreign key (chain, block_hash, tx, ref) references deposit_observation (chain, block_hash, tx, ref)
);

create unique index deposit_live on deposit (chain, tx, ref) where state not in ('orphaned', 'reversed');
create index deposit_by_tenant on deposit (tenant, position);
create index deposit_by_account on deposit (tenant, account, position);
create index deposit_by_block on deposit (chain, block_hash) where state not in ('orphaned', 'reversed');
create index deposit_observed on deposit (chain, height) where state = 'observed';
create index deposit_to_credit on deposit (chain, credit_height) where state in ('observed', 'confirming');
create index deposit_to_unlock on deposit (chain, unlock_height) where state = 'credited';

-- Ledger entries that stand or fall with a block, newest last by position.
create table deposit_booking (
    entry      text    primary key,
    position   bigint  not null generated always as identity,
    chain      text    not null,
    block_hash bytea   not null check (octet_length(block_hash) = 32),
    reversed   boolean not null default false
);

create index deposit_booking_by_block on deposit_booking (chain, block_hash) where not reversed;

-- Tokens nobody told us about that were sent to our addresses: counted, never booked. A
-- sighting in a block that is abandoned later stays counted.
create table deposit_unknown (
    chain        text           not null,
    asset        text           not null check (asset like chain || '/%'),
    transfers    bigint         not null check (transfers > 0),
    first_height bigint         not null,
    last_height  bigint         not null,
    last_tx      bytea          not null check (octet_length(last_tx) = 32),
    primary key (chain, asset)
);

-- The moves of coffer.DepositMoves; a test compares the two tables.
create table deposit_moves (
    from_state text not null,
    to_state   text not null,
    primary key (from_state, to_state)
);

insert into deposit_moves (from_state, to_state) values
    ('observed', 'confirming'), ('observed', 'credited'), ('observed', 'orphaned'), ('observed', 'review'),
    ('observed', 'dust'), ('observed', 'unsupported'), ('observed', 'missing_memo'),
    ('confirming', 'credited'), ('confirming', 'orphaned'), ('confirming', 'review'),
    ('credited', 'unlocked'), ('credited', 'reversed'), ('credited', 'review'),
    ('unlocked', 'reversed'),
    ('review', 'credited'), ('review', 'unlocked'), ('review', 'rejected'), ('review', 'orphaned'), ('review', 'reversed'),
    ('rejected', 'refunded'), ('rejected', 'reversed'),
    ('orphaned', 'observed'),
    ('reversed', 'observed'),
    ('dust', 'orphaned'), ('dust', 'reversed'),
    ('unsupported', 'orphaned'), ('unsupported', 'reversed'),
    ('missing_memo', 'credited'), ('missing_memo', 'orphaned'), ('missing_memo', 'reversed'), ('missing_memo', 'refunded');

-- +goose StatementBegin
create function deposit_check_insert() returns trigger language plpgsql as $$
begin
    if new.state <> 'observed' or new.sequence <> 1 or new.inclusion <> 1 then
        raise exception 'deposit %: begins as observed, not %', new.id, new.state using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

-- Content changes only with a new inclusion, which begins as observed.
-- +goose StatementBegin
create function deposit_check_update() returns trigger language plpgsql as $$
begin
    if (old.id, old.tenant, old.account, old.chain, old.tx, old.ref, old.address, old.created_at)
       is distinct from
       (new.id, new.tenant, new.account, new.chain, new.tx, new.ref, new.address, new.created_at) then
        raise exception 'deposit %: identity never changes', old.id using errcode = 'check_violation';
    end if;
    if new.state = old.state or not exists (
        select from deposit_moves where from_state = old.state and to_state = new.state) then
        raise exception 'deposit %: % may not become %', old.id, old.state, new.state using errcode = 'check_violation';
    end if;
    if new.sequence <> old.sequence + 1 then
        raise exception 'deposit %: sequence goes from % to %', old.id, old.sequence, new.sequence using errcode = 'check_violation';
    end if;
    if new.inclusion <> old.inclusion + (case when new.state = 'observed' then 1 else 0 end) then
        raise exception 'deposit %: inclusion goes from % to %', old.id, old.inclusion, new.inclusion using errcode = 'check_violation';
    end if;
    if new.state <> 'observed' and
       (old.asset, old.sender, old.amount, old.memo, old.height, old.block_hash, old.credit_height, old.unlock_height)
       is distinct from
       (new.asset, new.sender, new.amount, new.memo, new.height, new.block_hash, new.credit_height, new.unlock_height) then
        raise exception 'deposit %: content changes only when it is included again', old.id using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function deposit_append_only() returns trigger language plpgsql as $$
begin
    raise exception '%: rows are only ever added', tg_table_name using errcode = 'check_violation';
end
$$;
-- +goose StatementEnd

create trigger deposit_check_insert before insert on deposit
    for each row execute function deposit_check_insert();
create trigger deposit_check_update before update on deposit
    for each row execute function deposit_check_update();
create trigger deposit_keep before delete on deposit
    for each row execute function deposit_append_only();
create trigger deposit_observation_keep before update or delete on deposit_observation
    for each row execute function deposit_append_only();

-- +goose Up

-- The intent never changes. version rises with every write, so that the result of a call
-- made outside a transaction is stored only if nothing happened meanwhile. next_at is when
-- the next step is due; whoever takes the step moves it ahead first, as a claim. An alarm
-- parks the payout for a person; alarm_block is the block that raised it.
create table payout (
    id               text        primary key,
    chain            text        not null,
    wallet           text        not null,
    path             text        not null,
    purpose          text        not null,
    slot_kind        text        not null,
    slot_lane        text        not null,
    slot_sequence    bigint      not null check (slot_sequence >= 0),
    intent           jsonb       not null,
    intent_hash      bytea       not null unique check (octet_length(intent_hash) = 32),
    state            text        not null default 'planned',
    attempts         integer     not null default 0 check (attempts >= 0),
    version          bigint      not null default 1,
    next_at          timestamptz not null,
    tries            integer     not null default 0 check (tries >= 0), -- failed steps in this state
    note             text        not null default '',                   -- what the last failed step said
    since_height     bigint,                                            -- the chain's height when the newest attempt was sent
    included_attempt integer,
    tx               bytea       check (octet_length(tx) = 32),
    block_height     bigint,
    block_hash       bytea       check (octet_length(block_hash) = 32),
    success          boolean,
    reason           text        not null default '',
    alarm            text        not null default '',
    alarm_block      bytea       check (octet_length(alarm_block) = 32),
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    check ((state in ('included', 'final', 'reverted'))
           = (included_attempt is not null and tx is not null and block_height is not null and block_hash is not null and success is not null)),
    check (state <> 'final' or success),
    check (state <> 'reverted' or not success)
);

create index payout_due on payout (next_at)
    where state in ('planned', 'built', 'signing', 'signed', 'broadcast') and alarm = '';
create index payout_included on payout (chain, block_height) where state = 'included';
create index payout_alarmed on payout (chain) where alarm <> '';
-- Planning takes a lane with nothing on its way. A reorganisation can make it two.
create index payout_lane on payout (chain, wallet, slot_kind, slot_lane)
    where state in ('planned', 'built', 'signing', 'signed', 'broadcast');

-- position is the payment's place in the intent. A withdrawal is in one live payout at most.
create table payout_orders (
    payout_id     text    not null references payout (id),
    position      integer not null,
    withdrawal_id text    not null,
    order_hash    bytea   not null check (octet_length(order_hash) = 32),
    live          boolean not null default true,
    primary key (payout_id, position)
);

create unique index payout_orders_live on payout_orders (withdrawal_id) where live;
create index payout_orders_withdrawal on payout_orders (withdrawal_id);

-- A slot belongs to one payout. The row goes only when no signature was ever asked for,
-- or when every attempt is proven dead and the slot unused.
create table payout_slots (
    chain     text   not null,
    wallet    text   not null,
    kind      text   not null,
    lane      text   not null,
    sequence  bigint not null,
    payout_id text   not null unique references payout (id),
    primary key (chain, wallet, kind, lane, sequence)
);

-- valid_until is null when the attempt never expires. signed_id names it on the chain. It
-- need not cover the validity (a userOpHash does not), so an attempt of a payout that was
-- made again may have the id of one that expired.
create table payout_attempts (
    payout_id    text        not null references payout (id),
    number       integer     not null check (number >= 0),
    format       text        not null,
    unsigned     bytea       not null,
    valid_until  timestamptz,
    signed_id    bytea       check (octet_length(signed_id) = 32),
    signed       bytea,
    created_at   timestamptz not null,
    broadcast_at timestamptz,
    primary key (payout_id, number),
    check ((signed_id is null) = (signed is null)),
    check (broadcast_at is null or signed is not null)
);

create index payout_attempts_signed on payout_attempts (signed_id) where signed_id is not null;

create table payout_signatures (
    payout_id  text        not null,
    attempt    integer     not null,
    digest     bytea       not null check (octet_length(digest) = 32),
    signer     text        not null,
    key        text        not null,
    signature  bytea       not null,
    created_at timestamptz not null,
    primary key (payout_id, attempt, digest, signer),
    foreign key (payout_id, attempt) references payout_attempts (payout_id, number)
);

-- Withdrawals whose last payout was given up before signing: not before a time, and alone.
create table payout_deferred (
    withdrawal_id text        primary key,
    tries         integer     not null,
    until         timestamptz not null
);

-- Where a chain's block events have been applied up to, and the block they ended with.
create table payout_cursor (
    chain       text   primary key,
    next_offset bigint not null default 0,
    sequence    bigint not null default 0,
    epoch       bigint not null default 0,
    height      bigint not null default 0,
    block_hash  bytea  check (octet_length(block_hash) = 32),
    final       bigint not null default 0
);

-- Times of the blocks from the final one on: they prove that an attempt expired.
create table payout_blocks (
    chain  text        not null,
    height bigint      not null,
    hash   bytea       not null check (octet_length(hash) = 32),
    at     timestamptz not null,
    primary key (chain, height)
);

-- Entries booked for blocks that are not final, to be reversed if a block leaves.
create table payout_entries (
    position bigint generated always as identity primary key,
    chain    text   not null,
    height   bigint not null,
    hash     bytea  not null check (octet_length(hash) = 32),
    entry    text   not null unique
);

create index payout_entries_block on payout_entries (chain, hash);

-- The moves of coffer.PayoutMoves; a test compares the two tables.
create table payout_moves (
    from_state text not null,
    to_state   text not null,
    primary key (from_state, to_state)
);

insert into payout_moves (from_state, to_state) values
    ('planned', 'built'), ('planned', 'cancelled'),
    ('built', 'signing'), ('built', 'cancelled'),
    ('signing', 'signed'), ('signing', 'included'), ('signing', 'expired'),
    ('signed', 'broadcast'), ('signed', 'included'), ('signed', 'expired'),
    ('broadcast', 'signing'), ('broadcast', 'included'), ('broadcast', 'expired'),
    ('included', 'broadcast'), ('included', 'final'), ('included', 'reverted');

-- +goose StatementBegin
create function payout_check_insert() returns trigger language plpgsql as $$
begin
    if new.state <> 'planned' then
        raise exception 'payout %: begins as planned, not %', new.id, new.state using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function payout_check_update() returns trigger language plpgsql as $$
begin
    if (old.id, old.chain, old.wallet, old.path, old.purpose, old.slot_kind, old.slot_lane, old.slot_sequence,
        old.intent, old.intent_hash, old.created_at)
       is distinct from
       (new.id, new.chain, new.wallet, new.path, new.purpose, new.slot_kind, new.slot_lane, new.slot_sequence,
        new.intent, new.intent_hash, new.created_at) then
        raise exception 'payout %: the intent never changes', old.id using errcode = 'check_violation';
    end if;
    if new.state <> old.state and not exists (
        select from payout_moves where from_state = old.state and to_state = new.state) then
        raise exception 'payout %: % may not become %', old.id, old.state, new.state using errcode = 'check_violation';
    end if;
    if new.version <> old.version + 1 then
        raise exception 'payout %: version goes from % to %', old.id, old.version, new.version using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

-- +goose StatementBegin
create function payout_check_attempt() returns trigger language plpgsql as $$
begin
    if (old.payout_id, old.number, old.format, old.unsigned, old.valid_until)
       is distinct from (new.payout_id, new.number, new.format, new.unsigned, new.valid_until)
       or (old.signed_id is not null and (old.signed_id, old.signed) is distinct from (new.signed_id, new.signed)) then
        raise exception 'payout %: attempt % never changes', old.payout_id, old.number using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

create trigger payout_check_insert before insert on payout
    for each row execute function payout_check_insert();
create trigger payout_check_update before update on payout
    for each row execute function payout_check_update();
create trigger payout_check_attempt before update on payout_attempts
    for each row execute function payout_check_attempt();

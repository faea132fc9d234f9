-- +goose Up

-- Every user operation that the bundler ever accepted, by userOpHash (ERC-4337). The hash
-- covers chain and EntryPoint but not the signature. lane and sequence are the two halves
-- of the nonce: nonce = lane * 2^64 + sequence.
create table bundler_operations (
    hash             bytea          primary key check (octet_length(hash) = 32),
    accepted         bigint         not null generated always as identity unique,
    chain            text           not null,
    entry_point      text           not null,
    sender           text           not null,
    lane             bytea          not null check (octet_length(lane) = 24),
    sequence         numeric(20, 0) not null check (sequence between 0 and 18446744073709551615),
    max_fee          numeric(78, 0) not null check (max_fee >= max_priority_fee),
    max_priority_fee numeric(78, 0) not null check (max_priority_fee >= 0),
    operation        bytea          not null check (octet_length(operation) between 2 and 262144), -- JSON, signature included
    state            text           not null check (state in ('pooled', 'bundled', 'included', 'final', 'replaced', 'dropped')),
    reason           text           not null default '' check (length(reason) <= 1000),
    reverts          int            not null default 0 check (reverts >= 0), -- bundles with it that reverted as a whole
    received_height  bigint         not null check (received_height >= 0),   -- its event is in no lower block
    received_at      timestamptz    not null,
    changed_at       timestamptz    not null
);

-- At most one operation waits for a nonce; the others were replaced by it.
create unique index bundler_operations_slot on bundler_operations (chain, entry_point, sender, lane, sequence)
    where state in ('pooled', 'bundled');
create index bundler_operations_waiting on bundler_operations (chain, max_priority_fee desc, accepted) where state in ('pooled', 'bundled');
create index bundler_operations_included on bundler_operations (chain) where state = 'included';

-- The moves of doc.go, once more.
-- +goose StatementBegin
create function bundler_operation_moves() returns trigger language plpgsql as $$
begin
    if new.state <> old.state and not (old.state || '>' || new.state) = any (array[
        'pooled>bundled', 'pooled>included', 'pooled>replaced', 'pooled>dropped',
        'bundled>pooled', 'bundled>included', 'bundled>replaced', 'bundled>dropped',
        'included>pooled', 'included>bundled', 'included>replaced', 'included>dropped', 'included>final',
        'replaced>pooled', 'replaced>included',
        'dropped>pooled', 'dropped>included']) then
        raise exception 'user operation % cannot move from % to %', encode(old.hash, 'hex'), old.state, new.state
            using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger bundler_operation_moves before update of state on bundler_operations
    for each row execute function bundler_operation_moves();

-- An executor's row is locked by whoever gives out its nonces.
create table bundler_executors (
    chain      text   not null,
    address    text   not null,
    next_nonce bigint not null check (next_nonce >= 0),
    primary key (chain, address)
);

-- A bundle is one executor nonce. live: none of its attempts is in a block; mined: one is;
-- final: below the finalized block; lost: something else consumed the nonce, finally.
create table bundler_bundles (
    chain        text        not null,
    executor     text        not null,
    nonce        bigint      not null check (nonce >= 0),
    state        text        not null check (state in ('live', 'mined', 'final', 'lost')),
    tx_hash      bytea       check (octet_length(tx_hash) = 32),
    block_hash   bytea       check (octet_length(block_hash) = 32),
    block_height bigint      check (block_height >= 0),
    opened_at    timestamptz not null,
    primary key (chain, executor, nonce),
    foreign key (chain, executor) references bundler_executors (chain, address),
    check ((state in ('mined', 'final')) = (tx_hash is not null)),
    check (num_nonnulls(tx_hash, block_hash, block_height) in (0, 3))
);

create index bundler_bundles_open on bundler_bundles (chain, executor, nonce) where state in ('live', 'mined');

-- A signed transaction for a bundle's nonce, stored before it is sent. At most one of a
-- bundle's attempts can land. max_fee and max_priority_fee are the transaction's.
create table bundler_attempts (
    tx_hash          bytea          primary key check (octet_length(tx_hash) = 32),
    chain            text           not null,
    executor         text           not null,
    nonce            bigint         not null,
    number           int            not null check (number >= 0),
    raw              bytea          not null check (octet_length(raw) between 1 and 131072),
    max_fee          numeric(78, 0) not null,
    max_priority_fee numeric(78, 0) not null,
    head             bigint         not null check (head >= 0), -- height it was made at
    stored_at        timestamptz    not null,
    sent_at          timestamptz,
    unique (chain, executor, nonce, number),
    foreign key (chain, executor, nonce) references bundler_bundles (chain, executor, nonce)
);

create table bundler_attempt_operations (
    tx_hash   bytea not null references bundler_attempts (tx_hash),
    position  int   not null check (position >= 0),
    operation bytea not null references bundler_operations (hash),
    primary key (tx_hash, position),
    unique (tx_hash, operation)
);

create index bundler_attempt_operations_operation on bundler_attempt_operations (operation);

-- Transactions in canonical blocks that hold operations of ours, whoever sent them, with
-- the receipt as the node gave it. Rows leave when their block does.
create table bundler_transactions (
    tx_hash      bytea  primary key check (octet_length(tx_hash) = 32),
    chain        text   not null,
    block_hash   bytea  not null check (octet_length(block_hash) = 32),
    block_height bigint not null check (block_height >= 0),
    receipt      bytea  not null -- JSON
);

-- What UserOperationEvent said of an operation. Its logs are those of the receipt from
-- first_log up to, not including, end_log.
create table bundler_receipts (
    operation       bytea          primary key references bundler_operations (hash),
    tx_hash         bytea          not null references bundler_transactions (tx_hash) on delete cascade,
    success         boolean        not null,
    actual_gas_cost numeric(78, 0) not null,
    actual_gas_used numeric(78, 0) not null,
    revert_reason   bytea          not null,
    first_log       int            not null check (first_log >= 0),
    end_log         int            not null check (end_log >= first_log)
);

create index bundler_receipts_tx on bundler_receipts (tx_hash);

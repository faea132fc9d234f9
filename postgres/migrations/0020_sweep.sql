-- +goose Up

-- What a payout of purpose sweep flushes: all that a deposit address holds of an asset.
-- expected is what the final books said when it was planned, zero for what rides along
-- because the factory flushes every address of every token. An address and asset is in one
-- live sweep at most.
create table payout_sweeps (
    payout_id text           not null references payout (id),
    position  integer        not null,
    chain     text           not null,
    forwarder text           not null,
    salt      bytea          not null check (octet_length(salt) = 32),
    asset     text           not null,
    expected  numeric(78, 0) not null check (expected >= 0),
    live      boolean        not null default true,
    primary key (payout_id, position)
);

create unique index payout_sweeps_live on payout_sweeps (chain, forwarder, asset) where live;

-- What canonical blocks show of live sweeps: money that went from the address to the vault,
-- by our transaction or a stranger's, since anybody may flush.
create table payout_sweep_moves (
    payout_id  text           not null,
    position   integer        not null,
    block_hash bytea          not null check (octet_length(block_hash) = 32),
    tx         bytea          not null check (octet_length(tx) = 32),
    ref        text           not null,
    amount     numeric(78, 0) not null check (amount > 0),
    primary key (payout_id, position, block_hash, tx, ref),
    foreign key (payout_id, position) references payout_sweeps (payout_id, position)
);

create index payout_sweep_moves_block on payout_sweep_moves (block_hash);

-- Addresses and assets that are not swept before a time: a sweep of them was given up, or,
-- quarantined, their flush moved nothing though there was something to move.
create table payout_sweeps_deferred (
    chain       text        not null,
    forwarder   text        not null,
    asset       text        not null,
    tries       integer     not null check (tries > 0),
    until       timestamptz not null,
    quarantined boolean     not null,
    reason      text        not null,
    primary key (chain, forwarder, asset)
);

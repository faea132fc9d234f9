-- +goose Up

-- Coins that are set aside for payouts on chains whose money is coins, by their place in the
-- intent; the first is the anchor, whose slot the payout has. A coin that is set aside or
-- spent is for nobody else. spent_by is a transaction in a canonical block that spent it,
-- stranger says that it is no attempt of the payout.
create table payout_coins (
    payout_id   text    not null references payout (id),
    position    integer not null check (position >= 0),
    chain       text    not null,
    coin        text    not null,
    state       text    not null default 'reserved' check (state in ('reserved', 'spent', 'released')),
    spent_by    bytea   check (octet_length(spent_by) = 32),
    spent_block bytea   check (octet_length(spent_block) = 32),
    stranger    boolean not null default false,
    primary key (payout_id, position),
    check ((spent_by is null) = (spent_block is null)),
    check (spent_by is not null or not stranger)
);

create unique index payout_coins_taken on payout_coins (chain, coin) where state <> 'released';
create index payout_coins_by_block on payout_coins (chain, spent_block) where spent_block is not null;

-- How many addresses for change were used of a wallet.
create table payout_change (
    chain  text   not null,
    wallet text   not null,
    used   bigint not null check (used between 0 and 2147483648),
    primary key (chain, wallet)
);

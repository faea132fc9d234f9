-- +goose Up

-- Where an address is below the descriptor of its wallet, "0/17" (UTXO): empty where the
-- descriptor has one address only, null where addresses have none.
alter table deposit_address add column path text check (length(path) <= 32);

-- The last index that was given out of a chain's descriptor. None is given out twice.
create table deposit_index (
    chain text   primary key,
    last  bigint not null check (last between 0 and 2147483647)
);

-- Coins of ours in canonical blocks: outputs to addresses of ours. spent_by is the
-- transaction in a canonical block that spent one. maturity is how many confirmations the
-- chain asks for before anybody can spend it.
create table deposit_coin (
    chain       text           not null,
    tx          bytea          not null check (octet_length(tx) = 32),
    output      bigint         not null check (output between 0 and 4294967295),
    address     text           not null,
    amount      numeric(78, 0) not null check (amount > 0),
    height      bigint         not null check (height >= 0),
    block_hash  bytea          not null check (octet_length(block_hash) = 32),
    maturity    bigint         not null check (maturity >= 0),
    spent_by    bytea          check (octet_length(spent_by) = 32),
    spent_block bytea          check (octet_length(spent_block) = 32),
    primary key (chain, tx, output),
    foreign key (chain, address) references deposit_address (chain, address),
    check ((spent_by is null) = (spent_block is null))
);

create index deposit_coin_unspent on deposit_coin (chain, amount) where spent_by is null;
create index deposit_coin_by_block on deposit_coin (chain, block_hash);
create index deposit_coin_by_spender on deposit_coin (chain, spent_by) where spent_by is not null;
create index deposit_coin_by_spent_block on deposit_coin (chain, spent_block) where spent_by is not null;

-- +goose Up

-- What a second node says about the blocks of deposits that are about to be unlocked. The
-- row of a block is dropped when the block leaves the chain, and asked for anew.
create table deposit_agreement (
    chain      text        not null,
    block_hash bytea       not null check (octet_length(block_hash) = 32),
    height     bigint      not null check (height >= 0),
    theirs     bytea       not null check (octet_length(theirs) = 32),
    at         timestamptz not null,
    primary key (chain, block_hash)
);

create index deposit_disagreement on deposit_agreement (chain, height) where theirs <> block_hash;

-- What a screener said about the sender of a deposit. Rows are only ever added.
create table deposit_screening (
    deposit   text        not null references deposit (id),
    inclusion bigint      not null check (inclusion > 0),
    passed    boolean     not null,
    score     integer     not null,
    category  text        not null,
    evidence  text        not null,
    at        timestamptz not null,
    primary key (deposit, inclusion)
);

create trigger deposit_screening_keep before update or delete on deposit_screening
    for each row execute function deposit_append_only();
create trigger deposit_screening_keep_all before truncate on deposit_screening
    for each statement execute function deposit_append_only();

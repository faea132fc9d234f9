-- +goose Up

-- Indexes of a chain's descriptor that were left out on purpose, and why; once for each reason.
create table deposit_index_skip (
    chain   text        not null,
    reason  text        not null check (length(reason) between 1 and 200),
    skipped bigint      not null check (skipped between 1 and 1000000),
    at      timestamptz not null,
    primary key (chain, reason)
);

-- +goose Up

-- Balances that wallets had before the books knew them, each taken over once. entry is
-- null where there was nothing to book.
create table treasury_adoption (
    account text           collate "C" not null,
    asset   text           collate "C" not null,
    balance numeric(78, 0) not null check (balance >= 0),
    height  bigint         not null check (height >= 0),
    block   bytea          not null check (length(block) = 32),
    at      timestamptz    not null,
    entry   text           collate "C" references ledger_entry (id) deferrable initially deferred,
    primary key (account, asset),
    check ((entry is null) = (balance = 0))
);

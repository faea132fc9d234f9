-- +goose Up

-- What an attempt was to cost, as the chain was when it was simulated last, and what it did cost
-- once it is in a block: coffer.Cost, where the chain charges energy and bandwidth before money.
alter table payout_attempts add column planned jsonb;
alter table payout_attempts add column cost jsonb;

-- What transactions of final blocks took, in all: of a resource the units that source paid for,
-- of fees the native base units that were burned for source.
create table payout_spent (
    chain    text           not null,
    resource text           not null,
    source   text           not null,
    amount   numeric(78, 0) not null check (amount >= 0),
    primary key (chain, resource, source)
);

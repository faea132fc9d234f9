-- +goose Up

-- An operator wants a chain's deposit addresses emptied now, whatever it is worth. The row
-- goes when nothing is left to do.
create table treasury_sweep_requests (
    chain text        primary key,
    at    timestamptz not null
);

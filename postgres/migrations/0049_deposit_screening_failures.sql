-- +goose Up

-- How often in a row, and since when, the senders of a deposit could not be screened. The row
-- goes when there is a verdict.
create table deposit_screening_failure (
    deposit   text        primary key references deposit (id),
    inclusion bigint      not null check (inclusion > 0),
    failures  bigint      not null check (failures > 0),
    since     timestamptz not null
);

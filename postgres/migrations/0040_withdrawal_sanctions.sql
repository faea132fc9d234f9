-- +goose Up

-- The sanctions lists that were in force here. None that was issued before the newest of
-- them is taken again, whatever a file says after a restart.
create table withdrawal_sanctions (
    hash      bytea       primary key check (octet_length(hash) = 32), -- SHA-256 of the file
    name      text        not null,
    issued    timestamptz not null,
    expires   timestamptz not null check (expires > issued),
    addresses bigint      not null check (addresses >= 0),
    read_at   timestamptz not null
);

create index withdrawal_sanctions_newest on withdrawal_sanctions (issued);
create trigger withdrawal_sanctions_append_only before update or delete or truncate on withdrawal_sanctions
    for each statement execute function withdrawal_refuse_change();

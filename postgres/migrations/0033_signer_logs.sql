-- +goose Up

-- How far each signer's log was read, and the hash of the record there. A log that is
-- shorter or other than that was cut or replaced; one that goes on with payouts we do not
-- know means that this database is older than the signer.
create table signer_log (
    signer     text        primary key,
    sequence   bigint      not null check (sequence > 0),
    head       bytea       not null check (octet_length(head) = 32),
    updated_at timestamptz not null
);

-- A copy of the logs, line by line, from which a signer's file can be made again. missing
-- says that the payout of the record is not in this database.
create table signer_record (
    signer   text    not null,
    sequence bigint  not null check (sequence > 0),
    hash     bytea   not null check (octet_length(hash) = 32),
    line     bytea   not null,
    missing  boolean not null default false,
    primary key (signer, sequence)
);

create index signer_record_missing on signer_record (signer, sequence) where missing;

-- While there is a row nothing is paid: this database was restored. What is missing has to
-- be imported, then a quorum of people lets payouts go on by a statement about hash.
create table payout_halt (
    singleton boolean     primary key default true check (singleton),
    hash      bytea       not null check (octet_length(hash) = 32),
    reason    text        not null,
    since     timestamptz not null
);

-- How halts ended: by whose statement.
create table payout_halt_ended (
    hash      bytea       primary key check (octet_length(hash) = 32),
    reason    text        not null,
    since     timestamptz not null,
    statement bytea       not null,
    people    text        not null,
    ended_at  timestamptz not null
);

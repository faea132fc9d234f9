-- +goose Up

-- The last block event that was applied when an address became known. What earlier events
-- say about it is filled in from the stream.
alter table deposit_address add column known_after bigint not null default 0 check (known_after >= 0);

-- Addresses whose history is filled in: pending → running → done, or partial when the
-- stream did not keep all of it.
create table deposit_backfill (
    chain      text        not null,
    address    text        not null,
    state      text        not null default 'pending' check (state in ('pending', 'running', 'done', 'partial')),
    reason     text        not null default '',
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (chain, address),
    foreign key (chain, address) references deposit_address (chain, address)
);

create index deposit_backfill_open on deposit_backfill (chain, created_at) where state <> 'done';

-- One pass over a chain's stream for all addresses that are running: the record wanted
-- next and the last event read. first_height is the first block that it read.
create table deposit_backfill_run (
    chain        text   primary key,
    next_offset  bigint not null check (next_offset >= 0),
    first_offset bigint not null check (first_offset >= 0),
    sequence     bigint not null default 0 check (sequence >= 0),
    first_height bigint
);

-- Canonical blocks with transfers of late addresses that a run found and has not applied.
create table deposit_backfill_found (
    chain      text   not null,
    sequence   bigint not null check (sequence > 0),
    block_hash bytea  not null check (octet_length(block_hash) = 32),
    event      jsonb  not null, -- the block event with the transfers found
    primary key (chain, sequence)
);

-- Reorganisations below final that a person let pass: from the tip down to ours, which is
-- no longer canonical at its height because theirs is. said_at is when the indexer had
-- said so.
create table indexer_resume (
    id      bigint      generated always as identity primary key,
    chain   text        not null,
    height  bigint      not null check (height >= 0),
    ours    bytea       not null check (octet_length(ours) = 32),
    theirs  bytea       not null check (octet_length(theirs) = 32),
    actor   text        not null check (length(actor) between 1 and 128),
    reason  text        not null check (length(reason) between 1 and 500),
    at      timestamptz not null,
    said_at timestamptz
);

create unique index indexer_resume_open on indexer_resume (chain, ours) where said_at is null;

-- +goose StatementBegin
create function indexer_resume_check() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.said_at is not null or
       (old.id, old.chain, old.height, old.ours, old.theirs, old.actor, old.reason, old.at)
       is distinct from
       (new.id, new.chain, new.height, new.ours, new.theirs, new.actor, new.reason, new.at) then
        raise exception 'indexer_resume: rows are only ever added' using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

create trigger indexer_resume_check before update or delete on indexer_resume
    for each row execute function indexer_resume_check();

-- What of them deposits have applied to the end.
create table deposit_resumed (
    resume   bigint      primary key references indexer_resume (id),
    sequence bigint      not null,
    at       timestamptz not null
);

create trigger deposit_resumed_keep before update or delete on deposit_resumed
    for each row execute function deposit_append_only();

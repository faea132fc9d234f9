-- +goose Up

-- A partition is one sequence of records. tail is the offset the next record will get,
-- head the oldest one kept. Whoever appends locks this row until it commits.
create table stream_partition (
    id        bigint generated always as identity primary key,
    topic     text   not null,
    partition text   not null,
    head      bigint not null default 0 check (head >= 0),
    tail      bigint not null default 0 check (tail >= head),
    unique (topic, partition)
);

create table stream_record (
    partition_id bigint      not null references stream_partition (id),
    "offset"     bigint      not null check ("offset" >= 0),
    key          text        not null,
    value        bytea       not null check (octet_length(value) <= 1048576),
    headers      jsonb       not null,
    appended_at  timestamptz not null,
    primary key (partition_id, "offset")
);

-- Records written inside the transactions that made them true, until the sequencer gives
-- them offsets. xid is the writing transaction.
create table stream_outbox (
    id          bigint generated always as identity primary key,
    xid         xid8        not null default pg_current_xact_id(),
    topic       text        not null,
    partition   text        not null,
    key         text        not null,
    value       bytea       not null check (octet_length(value) <= 1048576),
    headers     jsonb       not null,
    appended_at timestamptz not null
);

create index stream_outbox_xid on stream_outbox (xid, id);

-- One row for each transaction with rows in the outbox; place is its place in commit
-- order, drawn when the transaction commits.
create table stream_commit (
    xid   xid8 primary key default pg_current_xact_id(),
    place bigint
);

create index stream_commit_place on stream_commit (place);

create sequence stream_commit_place_seq;

-- +goose StatementBegin
create function stream_commit_draw_place() returns trigger language plpgsql as $$
begin
    update stream_commit set place = nextval('stream_commit_place_seq') where xid = new.xid;
    return null;
end
$$;
-- +goose StatementEnd

create constraint trigger stream_commit_draw_place
    after insert or update on stream_commit
    deferrable initially deferred
    for each row when (new.place is null)
    execute function stream_commit_draw_place();

-- A lease names who may act in a role. The epoch grows with every change of hands and is
-- checked by every write of the holder.
create table stream_lease (
    name    text        primary key,
    holder  text        not null,
    epoch   bigint      not null check (epoch > 0),
    expires timestamptz not null
);

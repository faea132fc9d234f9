-- +goose Up

-- One row for each transaction that writes entries. Its deferred trigger is the check at
-- commit: every entry has postings that sum to zero in each asset. place is the
-- transaction's place in commit order, drawn by the same trigger; the sealer follows it.
create table ledger_commit (
    xid   xid8   primary key default pg_current_xact_id(),
    place bigint unique
);

create sequence ledger_commit_place_seq;

-- An entry. id is the caller's idempotency key, content the hash it is bound to. chain is
-- '' and height and block are null when no block caused it. xid is the writing transaction.
create table ledger_entry (
    seq      bigint      generated always as identity primary key,
    id       text        collate "C" not null unique check (length(id) between 1 and 200),
    kind     text        not null check (length(kind) between 1 and 64),
    resource text        not null check (length(resource) <= 200),
    chain    text        not null check (length(chain) <= 64),
    height   bigint      check (height >= 0),
    block    bytea       check (length(block) = 32),
    reverses text        collate "C" references ledger_entry (id),
    at       timestamptz not null,
    content  bytea       not null check (length(content) = 32),
    xid      xid8        not null default pg_current_xact_id(),
    check ((height is null) = (block is null)),
    check (height is null or chain <> '')
);

create index ledger_entry_by_commit on ledger_entry (xid, seq);
create index ledger_entry_by_resource on ledger_entry (resource, seq) where resource <> '';
-- An entry is reversed at most once.
create unique index ledger_entry_reversed on ledger_entry (reverses) where reverses is not null;

-- A posting. amount is positive for a debit and negative for a credit, so that sums are
-- plain. The trigger below stands in for the foreign key to ledger_entry: it checks a
-- whole statement at once, where a foreign key would check row by row.
create table ledger_posting (
    entry   bigint         not null,
    ordinal integer        not null check (ordinal >= 0),
    account text           collate "C" not null check (length(account) between 1 and 300),
    asset   text           collate "C" not null check (length(asset) between 1 and 200),
    amount  numeric(78, 0) not null check (amount <> 0),
    primary key (entry, ordinal)
);

create index ledger_posting_by_account on ledger_posting (account, asset, entry) include (amount);

-- +goose StatementBegin
create function ledger_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only: % refused', tg_table_name, lower(tg_op) using errcode = 'restrict_violation';
end
$$;
-- +goose StatementEnd

create trigger ledger_entry_append_only before update or delete or truncate on ledger_entry
    for each statement execute function ledger_refuse_change();
create trigger ledger_posting_append_only before update or delete or truncate on ledger_posting
    for each statement execute function ledger_refuse_change();

-- Marks the transaction as one that wrote entries. The update of a row that is there
-- already asks for the check again, whatever "set constraints" said meanwhile.
-- +goose StatementBegin
create function ledger_entry_written() returns trigger language plpgsql as $$
begin
    if exists (select from written w where w.xid <> pg_current_xact_id()) then
        raise exception 'ledger_entry names another transaction' using errcode = 'check_violation';
    end if;
    if exists (select from written) then
        insert into ledger_commit default values on conflict (xid) do update set place = null;
    end if;
    return null;
end
$$;
-- +goose StatementEnd

create trigger ledger_entry_written after insert on ledger_entry
    referencing new table as written
    for each statement execute function ledger_entry_written();

-- A posting is written in the transaction of its entry, or never.
-- +goose StatementBegin
create function ledger_posting_written() returns trigger language plpgsql set enable_seqscan = off as $$
begin
    if exists (
        select from written w left join ledger_entry e on e.seq = w.entry
        where e.xid is distinct from pg_current_xact_id()
    ) then
        raise exception 'ledger_posting outside the transaction of its entry' using errcode = 'check_violation';
    end if;
    if exists (select from written) then
        insert into ledger_commit default values on conflict (xid) do update set place = null;
    end if;
    return null;
end
$$;
-- +goose StatementEnd

create trigger ledger_posting_written after insert on ledger_posting
    referencing new table as written
    for each statement execute function ledger_posting_written();

-- The check at commit: once for a transaction, over all its entries. Plans made while the
-- tables are empty must not scan them when they are full.
-- +goose StatementBegin
create function ledger_commit_check() returns trigger language plpgsql set enable_seqscan = off as $$
declare
    bad text;
begin
    select e.id || coalesce(' in ' || p.asset, '') into bad
    from ledger_entry e left join ledger_posting p on p.entry = e.seq
    where e.xid = new.xid
    group by e.seq, e.id, p.asset
    having p.asset is null or sum(p.amount) <> 0
    limit 1;
    if found then
        raise exception 'ledger entry % does not sum to zero', bad using errcode = 'check_violation', constraint = 'ledger_balanced';
    end if;
    update ledger_commit set place = nextval('ledger_commit_place_seq') where xid = new.xid;
    return null;
end
$$;
-- +goose StatementEnd

create constraint trigger ledger_commit_check
    after insert or update on ledger_commit
    deferrable initially deferred
    for each row when (new.place is null)
    execute function ledger_commit_check();

-- +goose StatementBegin
create function ledger_commit_own() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or new.xid <> old.xid or old.xid <> pg_current_xact_id() then
        raise exception 'ledger_commit is append-only' using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

create trigger ledger_commit_own before update or delete on ledger_commit
    for each row execute function ledger_commit_own();
create trigger ledger_commit_append_only before truncate on ledger_commit
    for each statement execute function ledger_refuse_change();

-- What a user has, kept beside the postings for locking and for the check against zero.
-- clawed is the pending that reversals took: later unlocks may fall short by that much.
create table ledger_balance (
    account   text           collate "C" not null,
    asset     text           collate "C" not null,
    available numeric(78, 0) not null check (available >= 0),
    pending   numeric(78, 0) not null check (pending >= 0),
    held      numeric(78, 0) not null check (held >= 0),
    review    numeric(78, 0) not null check (review >= 0),
    clawed    numeric(78, 0) not null default 0 check (clawed >= 0),
    primary key (account, asset)
);

-- Accounts whose withdrawals are stopped, by the entry that found their money missing.
create table ledger_frozen (
    account text        collate "C" primary key,
    entry   text        collate "C" not null references ledger_entry (id),
    at      timestamptz not null
);

-- Money set aside. active → posted | voided | expired, and there it ends.
create table ledger_hold (
    id      text           collate "C" primary key check (length(id) between 1 and 180),
    account text           collate "C" not null,
    asset   text           collate "C" not null,
    amount  numeric(78, 0) not null check (amount > 0),
    expires timestamptz,
    state   text           not null check (state in ('active', 'posted', 'voided', 'expired')),
    entry   text           collate "C" not null references ledger_entry (id),
    ended   text           collate "C" references ledger_entry (id),
    check ((state = 'active') = (ended is null))
);

create index ledger_hold_expiring on ledger_hold (expires, id) where state = 'active' and expires is not null;
create index ledger_hold_active on ledger_hold (account, asset) where state = 'active';

-- +goose StatementBegin
create function ledger_hold_move() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.state <> 'active' or new.state = 'active'
        or (new.id, new.account, new.asset, new.amount, new.entry) is distinct from (old.id, old.account, old.asset, old.amount, old.entry)
        or new.expires is distinct from old.expires then
        raise exception 'hold % is %: change refused', old.id, old.state using errcode = 'restrict_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

create trigger ledger_hold_move before update or delete on ledger_hold
    for each row execute function ledger_hold_move();

-- A seal covers the entries of the commits after the last seal's place up to its own, and
-- names for each chain the last block that caused one of them, as "chain height hash"
-- lines. hash chains to the seal before.
create table ledger_seal (
    number    bigint      primary key check (number > 0),
    place     bigint      not null unique,
    entries   bigint      not null check (entries >= 0),
    blocks    text        not null,
    sealed_at timestamptz not null,
    previous  bytea       not null check (length(previous) = 32),
    hash      bytea       not null unique check (length(hash) = 32)
);

create trigger ledger_seal_append_only before update or delete or truncate on ledger_seal
    for each statement execute function ledger_refuse_change();

-- +goose Up

-- The address book. account is '' for an entry of the whole tenant. An entry counts from
-- usable_at on, and until it is removed.
create table withdrawal_addresses (
    id         text        primary key,
    position   bigint      not null generated always as identity unique,
    tenant     text        not null,
    account    text        not null,
    chain      text        not null,
    address    text        not null,
    label      text        not null,
    resembles  text        not null, -- an address known then that this one looks like, or ''
    added_by   text        not null check (length(added_by) between 1 and 200),
    added_at   timestamptz not null,
    usable_at  timestamptz not null check (usable_at >= added_at),
    removed_by text,
    removed_at timestamptz,
    check ((removed_by is null) = (removed_at is null))
);

create unique index withdrawal_addresses_live on withdrawal_addresses (tenant, account, chain, address) where removed_at is null;

-- +goose StatementBegin
create function withdrawal_check_address() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.removed_at is not null
       or (old.id, old.tenant, old.account, old.chain, old.address, old.label, old.resembles, old.added_by, old.added_at, old.usable_at)
          is distinct from
          (new.id, new.tenant, new.account, new.chain, new.address, new.label, new.resembles, new.added_by, new.added_at, new.usable_at) then
        raise exception 'address book entry %: is removed once and never changes', old.id using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

create trigger withdrawal_check_address before update or delete on withdrawal_addresses
    for each row execute function withdrawal_check_address();

-- not_before is until when policy makes it wait, resembles what was found of its looks.
alter table withdrawal
    add column not_before timestamptz,
    add column resembles text not null default '',
    add check (not_before is null or state = 'awaiting_approval');

create index withdrawal_by_destination on withdrawal (tenant, account, destination);

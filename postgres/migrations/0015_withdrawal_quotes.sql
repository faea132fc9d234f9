-- +goose Up

-- A promise of a fee until a time. withdrawal_id says which withdrawal took it.
create table withdrawal_quotes (
    id            text           primary key,
    tenant        text           not null,
    account       text           not null,
    asset         text           not null,
    destination   text           not null,
    amount        numeric(78, 0) not null check (amount > 0),
    fee           numeric(78, 0) not null,
    expires       timestamptz    not null,
    created_at    timestamptz    not null check (created_at < expires),
    withdrawal_id text           unique references withdrawal (id)
);

create index withdrawal_quotes_unused on withdrawal_quotes (expires) where withdrawal_id is null;

-- +goose StatementBegin
create function withdrawal_check_quote() returns trigger language plpgsql as $$
begin
    if old.withdrawal_id is not null
       or (old.id, old.tenant, old.account, old.asset, old.destination, old.amount, old.fee, old.expires, old.created_at)
          is distinct from
          (new.id, new.tenant, new.account, new.asset, new.destination, new.amount, new.fee, new.expires, new.created_at) then
        raise exception 'quote %: never changes, and is used once', old.id using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

create trigger withdrawal_check_quote before update on withdrawal_quotes
    for each row execute function withdrawal_check_quote();

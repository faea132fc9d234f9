-- +goose Up

-- Orders that must never be paid by a chain (again): they ended, or the books paid them.
-- Written in the transaction that made it so, told to the signers afterwards.
create table withdrawal_revocations (
    withdrawal_id text        primary key references withdrawal (id),
    order_hash    bytea       not null unique check (octet_length(order_hash) = 32),
    reason        text        not null,
    expires       timestamptz not null, -- when the order expires: from then on signers refuse by themselves
    created_at    timestamptz not null,
    tries         integer     not null default 0 check (tries >= 0),
    next_at       timestamptz not null,
    delivered_at  timestamptz
);

create index withdrawal_revocations_due on withdrawal_revocations (next_at) where delivered_at is null;

-- +goose StatementBegin
create function withdrawal_check_revocation() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or old.delivered_at is not null
       or (old.withdrawal_id, old.order_hash, old.reason, old.expires, old.created_at)
          is distinct from (new.withdrawal_id, new.order_hash, new.reason, new.expires, new.created_at) then
        raise exception 'revocation of %: is delivered once and never changes', old.withdrawal_id using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd

create trigger withdrawal_check_revocation before update or delete on withdrawal_revocations
    for each row execute function withdrawal_check_revocation();

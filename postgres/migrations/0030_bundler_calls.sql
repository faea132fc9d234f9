-- +goose Up

-- Every execTransaction that the bundler ever accepted, by safeTxHash. Of the calls of one
-- Safe and nonce at most one ever succeeds. Their states are those of user operations.
create table bundler_calls (
    id          bytea          primary key check (octet_length(id) = 32),
    accepted    bigint         not null generated always as identity unique,
    chain       text           not null,
    safe        text           not null,
    safe_nonce  numeric(20, 0) not null check (safe_nonce between 0 and 18446744073709551615),
    data        bytea          not null check (octet_length(data) between 4 and 131072),
    gas_limit   bigint         not null check (gas_limit >= 21000),
    fee_bound   numeric(78, 0) not null,
    state       text           not null check (state in ('pooled', 'bundled', 'included', 'final', 'replaced', 'dropped')),
    reason      text           not null default '' check (length(reason) <= 1000),
    reverts     int            not null default 0 check (reverts >= 0),
    received_at timestamptz    not null,
    changed_at  timestamptz    not null
);

create unique index bundler_calls_slot on bundler_calls (chain, safe, safe_nonce) where state in ('pooled', 'bundled');
create index bundler_calls_open on bundler_calls (chain, accepted) where state in ('pooled', 'bundled', 'included');

-- +goose StatementBegin
create function bundler_call_moves() returns trigger language plpgsql as $$
begin
    if new.state <> old.state and not (old.state || '>' || new.state) = any (array[
        'pooled>bundled', 'pooled>included', 'pooled>replaced', 'pooled>dropped',
        'bundled>pooled', 'bundled>included', 'bundled>replaced', 'bundled>dropped',
        'included>pooled', 'included>bundled', 'included>replaced', 'included>dropped', 'included>final',
        'replaced>pooled', 'replaced>included',
        'dropped>pooled', 'dropped>included']) then
        raise exception 'call % cannot move from % to %', encode(old.id, 'hex'), old.state, new.state
            using errcode = 'check_violation';
    end if;
    return new;
end
$$;
-- +goose StatementEnd
create trigger bundler_call_moves before update of state on bundler_calls
    for each row execute function bundler_call_moves();

alter table bundler_attempts add column call bytea references bundler_calls (id);

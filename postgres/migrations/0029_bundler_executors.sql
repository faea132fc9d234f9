-- +goose Up

-- What an executor's nonce is for: user operations, a call of a Safe (execTransaction), gas
-- money for target, or nothing, where a gap had to be filled. A bundle with an alarm is
-- parked: its fee budget is spent, and it waits for fees to fall or for a person.
alter table bundler_bundles
    add column kind   text not null default 'operations' check (kind in ('operations', 'call', 'refill', 'nothing')),
    add column target text not null default '',
    add column alarm  text not null default '' check (length(alarm) <= 1000);

create index bundler_bundles_live on bundler_bundles (chain) where state = 'live';

-- An attempt that fills its nonce with a payment of nothing to the executor itself.
alter table bundler_attempts add column nothing boolean not null default false;

-- +goose Up

-- batch names what a withdrawal goes with when it has waited: its own id when it goes
-- alone, the name of a part of a batch that failed, or '' when it goes with anything.
alter table payout_deferred add column batch text not null default '';
update payout_deferred set batch = withdrawal_id;

-- parked asks for a person though the chain may still end the payout: its fee budget is
-- spent, or every signer refuses. refusals counts how often all of them did, one after the
-- other.
alter table payout add column parked text not null default '';
alter table payout add column refusals integer not null default 0 check (refusals >= 0);

create index payout_parked on payout (chain) where parked <> '';

-- Planning asks whether anything was ever paid to a destination.
create index withdrawal_settled_to on withdrawal (chain, destination) where state = 'settled';

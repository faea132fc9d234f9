-- +goose Up

-- Why a payout takes its path.
alter table payout add column path_reason text not null default '';

-- An attempt that cancels pays nothing: it uses the slot up, so that nothing else lands in
-- it. A payout ends so whose slot has no end of its own.
alter table payout_attempts add column cancels boolean not null default false;

-- A Safe transaction that is none of ours may have taken the slot of one that is on its way.
create index payout_safe on payout (chain, wallet)
    where slot_kind = 'safe' and state in ('signing', 'signed', 'broadcast');

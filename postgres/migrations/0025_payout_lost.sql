-- +goose Up

-- The block in which something that is no attempt of ours took the payout's slot. Once a
-- person has looked and the block is final, nothing of the payout can ever land.
alter table payout add column lost_block bytea check (octet_length(lost_block) = 32);
alter table payout add column lost_height bigint;
alter table payout add check ((lost_block is null) = (lost_height is null));

create index payout_lost on payout (chain, lost_height) where lost_block is not null;

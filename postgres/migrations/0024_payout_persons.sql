-- +goose Up

-- answered: a signer that was asked did something else than refuse, so it may have signed.
alter table payout add column answered boolean not null default false;

-- unproven: the block that took the payout's slot holds no Transfer for this payment.
alter table payout_orders add column unproven boolean not null default false;

-- What people did about payouts, for good.
create table payout_audit (
    id        bigint generated always as identity primary key,
    payout_id text        not null references payout (id),
    action    text        not null,
    actor     text        not null,
    note      text        not null,
    at        timestamptz not null
);

create index payout_audit_by_payout on payout_audit (payout_id, id);

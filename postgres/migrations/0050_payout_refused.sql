-- +goose Up

-- refused is what the signers said when every one of them had refused a payout, none had
-- signed, and an attempt that pays nothing took its slot. What it was to pay goes to a person
-- once that has landed.
alter table payout add column refused text not null default '';

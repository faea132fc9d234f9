-- +goose Up

-- Payouts of purpose delegate that are on their way: what a wallet lends to its deposit
-- addresses is decided by what the chain says and by these.
create index payout_delegations_live on payout (chain)
where purpose = 'delegate' and state in ('planned', 'built', 'signing', 'signed', 'broadcast');

-- Whoever sends from a deposit address pays its fees (TRON): blocks are matched by sender.
create index payout_sweeps_forwarder on payout_sweeps (chain, forwarder);

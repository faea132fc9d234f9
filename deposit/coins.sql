-- name: EnsureIndex :exec
insert into deposit_index (chain, last) values ($1, 0) on conflict (chain) do nothing;

-- name: LockIndex :one
select last from deposit_index where chain = $1 for update;

-- name: MoveIndex :exec
update deposit_index set last = greatest(last, @last::bigint) where chain = @chain;

-- name: SetPath :execrows
-- SetPath says where a house address is below its wallet's descriptor, once.
update deposit_address set path = @path::text where chain = @chain and address = @address and path is null and kind <> 'deposit';

-- name: AddCoins :exec
insert into deposit_coin (chain, tx, output, address, amount, height, block_hash, maturity)
select @chain::text, unnest(@txs::bytea[]), unnest(@outputs::bigint[]), unnest(@addresses::text[]), unnest(@amounts::numeric[]),
       @height::bigint, @block_hash::bytea, unnest(@maturities::bigint[])
on conflict (chain, tx, output) do nothing;

-- name: CoinsAmong :many
-- CoinsAmong are the unspent coins of ours that some transactions made. A probe of the primary key
-- for each is all it takes: blocks spend thousands of coins, hardly ever ours.
select tx, output from deposit_coin where chain = @chain::text and tx = any(@txs::bytea[]) and spent_by is null;

-- name: SpendCoins :many
-- SpendCoins marks the coins of ours that a block spends, and says whose addresses they were at.
with spent as (
    update deposit_coin c set spent_by = s.spender, spent_block = @block_hash::bytea
    from (select unnest(@spenders::bytea[]) as spender, unnest(@txs::bytea[]) as tx, unnest(@outputs::bigint[]) as output) as s
    where c.chain = @chain::text and c.tx = s.tx and c.output = s.output and c.spent_by is null
    returning c.tx, c.output, c.address, c.amount, c.spent_by
)
select s.tx, s.output, s.address, s.amount, s.spent_by, a.kind
from spent s join deposit_address a on a.chain = @chain and a.address = s.address
order by s.spent_by, s.tx, s.output;

-- name: OwnTransactions :many
-- OwnTransactions are those that spend coins of ours.
select distinct spent_by::bytea as tx from deposit_coin where chain = @chain and spent_by = any (@txs::bytea[]);

-- name: DropCoins :exec
delete from deposit_coin where chain = @chain and block_hash = @block_hash;

-- name: UnspendCoins :exec
update deposit_coin set spent_by = null, spent_block = null where chain = @chain and spent_block = @block_hash::bytea;

-- name: Coins :many
-- Coins are what the wallet of a chain can spend: final, mature, and counted as somebody's.
select c.tx, c.output, c.address, a.path::text as path, c.amount
from deposit_coin c join deposit_address a on a.chain = c.chain and a.address = c.address
where c.chain = @chain and c.spent_by is null and c.height <= @final::bigint and c.height + c.maturity - 1 <= @tip::bigint
  and a.path is not null
  and (a.kind in ('hot', 'change') or a.kind = 'deposit' and exists (
      select from deposit d
      where d.chain = c.chain and d.tx = c.tx and d.ref = 'vout:' || c.output and d.address = c.address
        and d.state in ('unlocked', 'dust', 'refunded')))
order by c.amount desc, c.tx, c.output limit @most;

-- name: CoinsNamed :many
select c.tx, c.output, c.address, coalesce(a.path, '')::text as path, c.amount
from deposit_coin c join deposit_address a on a.chain = c.chain and a.address = c.address
where c.chain = @chain::text and c.tx = any(@txs::bytea[]);

-- name: LateCoins :many
-- LateCoins are the outputs to late addresses that a pass over the stream found.
select (t ->> 'tx')::text as tx, (t ->> 'ref')::text as ref
from deposit_backfill_found f, jsonb_array_elements(f.event -> 'block' -> 'transfers') as t
where f.chain = @chain and jsonb_typeof(f.event -> 'block' -> 'transfers') = 'array' and t ->> 'asset' = @asset::text;

-- name: InsertIndexSkip :execrows
insert into deposit_index_skip (chain, reason, skipped, at) values ($1, $2, $3, $4) on conflict do nothing;

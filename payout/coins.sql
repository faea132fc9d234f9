-- name: InsertCoins :exec
insert into payout_coins (payout_id, position, chain, coin)
select @payout_id::text, n - 1, @chain::text, coin from unnest(@coins::text[]) with ordinality as c (coin, n);

-- name: TakenCoins :many
select coin from payout_coins where chain = @chain and coin = any (@coins::text[]) and state <> 'released';

-- name: ReservedAmong :many
-- ReservedAmong are those of some coins that are set aside. A probe of the index for each is all it
-- takes: blocks spend thousands of coins, hardly ever ours.
select payout_id, position, coin from payout_coins
where chain = @chain::text and coin = any(@coins::text[]) and state = 'reserved';

-- name: MarkCoinSpent :exec
update payout_coins set spent_by = @spent_by::bytea, spent_block = @spent_block::bytea, stranger = @stranger
where payout_id = @payout_id and position = @position;

-- name: UnmarkCoinsSpent :exec
update payout_coins set spent_by = null, spent_block = null, stranger = false, state = case when state = 'spent' then 'released' else state end
where chain = @chain and spent_block = @block::bytea;

-- name: DeadCoins :many
-- DeadCoins are those of payouts that something else spent.
select payout_id, coin from payout_coins where payout_id = any (@ids::text[]) and stranger and state = 'reserved';

-- name: EndCoins :exec
-- EndCoins gives back what a payout did not spend.
update payout_coins set state = case when spent_by is null then 'released' else 'spent' end
where payout_id = $1 and state = 'reserved';

-- name: NextChange :one
insert into payout_change (chain, wallet, used) values ($1, $2, 1)
on conflict (chain, wallet) do update set used = payout_change.used + 1
returning used - 1;

-- name: RaiseChange :exec
insert into payout_change (chain, wallet, used) values (@chain, @wallet, @used::bigint)
on conflict (chain, wallet) do update set used = greatest(payout_change.used, excluded.used);

-- name: AnyLive :one
select exists (
    select from payout where chain = $1 and wallet = $2 and purpose = $3 and state in ('planned', 'built', 'signing', 'signed', 'broadcast')
)::boolean as any_live;

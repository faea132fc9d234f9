-- name: EntriesByID :many
select seq, id, kind, resource, chain, height, block, reverses, at, content from ledger_entry where id = any(sqlc.arg(ids)::text[]);

-- name: PostingsOf :many
select entry, account, asset, (amount > 0)::boolean as debit, abs(amount)::numeric(78, 0) as amount
from ledger_posting where entry = any(sqlc.arg(entries)::bigint[]) order by entry, ordinal;

-- name: Balances :many
select b.asset, b.available, b.pending, b.held, b.review,
    exists (select from ledger_frozen f where f.account = b.account) as frozen
from ledger_balance b where b.account = $1 order by b.asset;

-- name: Balance :one
select b.available, b.pending, b.held, b.review
from ledger_balance b where b.account = $1 and b.asset = $2;

-- name: LockBalance :exec
select from ledger_balance where account = $1 and asset = $2 for update;

-- name: Frozen :one
select exists (select from ledger_frozen where account = $1);

-- name: Freeze :exec
insert into ledger_frozen (account, entry, at) values ($1, $2, $3) on conflict (account) do nothing;

-- name: Thaw :execrows
delete from ledger_frozen where account = $1;

-- name: InsertHold :execrows
insert into ledger_hold (id, account, asset, amount, expires, state, entry) values ($1, $2, $3, $4, $5, 'active', $6)
on conflict (id) do nothing;

-- name: HoldByID :one
select id, account, asset, amount, expires, state, entry, ended from ledger_hold where id = $1;

-- name: LockHold :one
select id, account, asset, amount, expires, state, entry, ended from ledger_hold where id = $1 for update;

-- name: ExpiredHolds :many
select id, account, asset, amount, expires, state, entry, ended from ledger_hold
where state = 'active' and expires <= sqlc.arg(at)::timestamptz
order by expires, id limit sqlc.arg(max) for update skip locked;

-- name: EndHold :exec
update ledger_hold set state = $2, ended = $3 where id = $1;

-- name: EndHolds :exec
update ledger_hold set state = sqlc.arg(state), ended = sqlc.arg(prefix)::text || id where id = any(sqlc.arg(ids)::text[]);

-- name: Net :one
select abs(coalesce(sum(amount), 0))::numeric(78, 0) as amount, (coalesce(sum(amount), 0) < 0)::boolean as credit
from ledger_posting where account >= sqlc.arg(first)::text and account < sqlc.arg(past)::text and asset = sqlc.arg(asset);

-- name: NetAsOf :one
select abs(coalesce(sum(p.amount), 0))::numeric(78, 0) as amount, (coalesce(sum(p.amount), 0) < 0)::boolean as credit
from ledger_posting p join ledger_entry e on e.seq = p.entry
where p.account >= sqlc.arg(first)::text and p.account < sqlc.arg(past)::text and p.asset = sqlc.arg(asset)
    and e.at <= sqlc.arg(at)::timestamptz;

-- An entry that reverses another belongs to the block of that one: the block left the
-- chain and took its money with it.
-- name: NetAsOfBlock :one
select abs(coalesce(sum(p.amount), 0))::numeric(78, 0) as amount, (coalesce(sum(p.amount), 0) < 0)::boolean as credit
from ledger_posting p
join ledger_entry e on e.seq = p.entry
left join ledger_entry r on r.id = e.reverses
where p.account >= sqlc.arg(first)::text and p.account < sqlc.arg(past)::text and p.asset = sqlc.arg(asset)
    and coalesce(r.chain, e.chain) = sqlc.arg(chain) and coalesce(r.height, e.height) <= sqlc.arg(height)::bigint;

-- name: LastSeal :one
select number, place, entries, blocks, sealed_at, previous, hash from ledger_seal order by number desc limit 1;

-- name: LockSeals :exec
lock table ledger_seal in exclusive mode;

-- name: SealMark :one
select coalesce(max(place), 0)::bigint as place, pg_current_xact_id()::text::bigint as horizon from ledger_commit;

-- name: SealFloor :one
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as floor;

-- name: CommitsAfter :many
select place from ledger_commit where place > sqlc.arg(after)::bigint and place <= sqlc.arg(upto)::bigint order by place limit sqlc.arg(max);

-- name: InsertSeal :exec
insert into ledger_seal (number, place, entries, blocks, sealed_at, previous, hash) values ($1, $2, $3, $4, $5, $6, $7);

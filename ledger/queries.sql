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

-- name: FrozenAmong :many
select account from ledger_frozen where account = any(sqlc.arg(accounts)::text[]) order by account;

-- name: Holding :many
select account from ledger_posting where account = any(sqlc.arg(accounts)::text[]) and asset = any(sqlc.arg(assets)::text[])
group by account, asset having sum(amount) > 0 order by account;

-- The update changes nothing and takes the lock that Thaw waits for.
-- name: Freeze :exec
insert into ledger_frozen (account, entry, at) values ($1, $2, $3) on conflict (account) do update set account = excluded.account;

-- name: LockFrozen :exec
select from ledger_frozen where account = $1 for update;

-- name: Owes :one
select exists (select from ledger_posting where account = $1 group by asset having sum(amount) <> 0);

-- name: Thaw :exec
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

-- name: Posted :one
select exists (
    select from ledger_posting p join ledger_entry e on e.seq = p.entry
    where p.account = $1 and p.asset = $2 and e.chain = sqlc.arg(chain) and e.height <= sqlc.arg(height)::bigint
);

-- name: Sheet :many
select p.account, p.asset, abs(sum(p.amount))::numeric(78, 0) as amount, (sum(p.amount) < 0)::boolean as credit
from ledger_posting p
join ledger_entry e on e.seq = p.entry
left join ledger_entry r on r.id = e.reverses
where p.account >= sqlc.arg(first)::text and p.account < sqlc.arg(past)::text
    and (p.account, p.asset) > (sqlc.arg(after_account)::text, sqlc.arg(after_asset)::text)
    and coalesce(r.chain, e.chain) = sqlc.arg(chain) and coalesce(r.height, e.height) <= sqlc.arg(height)::bigint
group by p.account, p.asset
order by p.account, p.asset limit sqlc.arg(max);

-- name: LastSeal :one
select number, place, entries, blocks, sealed_at, previous, hash from ledger_seal order by number desc limit 1;

-- name: LockSeals :exec
lock table ledger_seal in exclusive mode;

-- The newest commit after a place, and a transaction id above that of every transaction
-- that had drawn a place before this statement began.
-- name: SealMark :one
select m.place::bigint as place, pg_current_xact_id()::text::bigint as horizon
from (select max(place) as place from ledger_commit where place > sqlc.arg(after)::bigint) m where m.place is not null;

-- Every transaction with an id below the floor has ended.
-- name: SealFloor :one
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as floor;

-- name: CommitsAfter :many
select place::bigint as place from ledger_commit
where place > sqlc.arg(after)::bigint and place <= sqlc.arg(upto)::bigint order by place limit sqlc.arg(max);

-- name: SealedEntries :many
select e.content, e.chain, e.height, e.block
from ledger_commit c join ledger_entry e on e.xid = c.xid
where c.place > sqlc.arg(after)::bigint and c.place <= sqlc.arg(upto)::bigint
order by c.place, e.seq;

-- name: InsertSeal :exec
insert into ledger_seal (number, place, entries, blocks, sealed_at, previous, hash) values ($1, $2, $3, $4, $5, $6, $7);

-- name: SealsAfter :many
select number, place, entries, blocks, sealed_at, previous, hash from ledger_seal
where number > sqlc.arg(after)::bigint order by number limit sqlc.arg(max);

-- name: LinesBetween :many
select e.seq, e.id, e.kind, e.resource, e.chain, e.height, e.block, e.reverses, e.at, e.content,
    p.account, p.asset, coalesce(p.amount > 0, false)::boolean as debit, coalesce(abs(p.amount), 0)::numeric(78, 0) as amount
from ledger_commit c
join ledger_entry e on e.xid = c.xid
left join ledger_posting p on p.entry = e.seq
where c.place > sqlc.arg(after)::bigint and c.place <= sqlc.arg(upto)::bigint
order by c.place, e.seq, p.ordinal;

-- name: EntryWithoutCommit :many
select e.id from ledger_entry e left join ledger_commit c on c.xid = e.xid where c.place is null order by e.seq limit 1;

-- name: PostingWithoutEntry :many
select p.entry, p.account from ledger_posting p left join ledger_entry e on e.seq = p.entry where e.seq is null order by p.entry limit 1;

-- name: UnlikeMirror :many
select r.id from ledger_entry r
join ledger_entry o on o.id = r.reverses
cross join lateral (
    select from (select * from ledger_posting where entry = r.seq) rp
    full join (select * from ledger_posting where entry = o.seq) op on op.ordinal = rp.ordinal
    where rp.account is distinct from op.account or rp.asset is distinct from op.asset or rp.amount + op.amount <> 0
    limit 1
) d
order by r.seq limit 1;

-- name: UnlikePostings :many
with posted as (
    select account, asset, -sum(amount) as amount from ledger_posting
    where account >= 'user:' and account < 'user;' group by account, asset
), kept as (
    select 'user:' || account || ':available' as account, asset, available as amount from ledger_balance
    union all select 'user:' || account || ':pending', asset, pending from ledger_balance
    union all select 'user:' || account || ':held', asset, held from ledger_balance
    union all select 'user:' || account || ':review', asset, review from ledger_balance
)
select coalesce(k.account, p.account)::text as account, coalesce(k.asset, p.asset)::text as asset,
    coalesce(k.amount, 0)::text as kept, coalesce(p.amount, 0)::text as posted
from kept k full join posted p on p.account = k.account and p.asset = k.asset
where coalesce(k.amount, 0) <> coalesce(p.amount, 0)
order by 1, 2 limit 1;

-- name: UnlikeHolds :many
with holds as (
    select account, asset, sum(amount) as amount from ledger_hold where state = 'active' group by account, asset
)
select coalesce(b.account, h.account)::text as account, coalesce(b.asset, h.asset)::text as asset,
    coalesce(b.held, 0)::text as held, coalesce(h.amount, 0)::text as holds
from ledger_balance b full join holds h on h.account = b.account and h.asset = b.asset
where coalesce(b.held, 0) <> coalesce(h.amount, 0)
order by 1, 2 limit 1;

-- name: Debtors :many
-- Debtors lists what frozen accounts have of each asset, and how often they paid.
select f.account, b.asset, (
    select count(*) from ledger_entry e where e.resource = f.account and e.kind = 'repay'
)::bigint as payments
from ledger_frozen f join ledger_balance b on b.account = f.account
where b.available > 0 and (f.account, b.asset) > (@after_account::text, @after_asset::text)
order by f.account, b.asset limit sqlc.arg(max);

-- name: InsertRequest :execrows
insert into withdrawal_requests (tenant, key, request_hash, created_at) values ($1, $2, $3, $4)
on conflict (tenant, key) do nothing;

-- name: RequestHash :one
select request_hash from withdrawal_requests where tenant = $1 and key = $2;

-- name: Insert :exec
insert into withdrawal (id, tenant, account, chain, asset, destination, memo, amount, fee_cap, expires, order_hash,
                        idempotency_key, fee, sequence, created_at, updated_at, to_tenant, to_account)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, sqlc.narg(to_tenant), sqlc.narg(to_account));

-- name: Get :one
select * from withdrawal where tenant = $1 and id = $2;

-- name: List :many
select * from withdrawal w
where w.tenant = sqlc.arg(tenant)
  and (sqlc.arg(account)::text = '' or w.account = sqlc.arg(account))
  and (sqlc.arg(state)::text = '' or w.state = sqlc.arg(state))
  and (sqlc.arg(after)::text = '' or w.position < (select a.position from withdrawal a where a.tenant = sqlc.arg(tenant) and a.id = sqlc.arg(after)))
order by w.position desc
limit sqlc.arg(first);

-- name: LockOwn :one
select * from withdrawal where tenant = $1 and id = $2 for update;

-- name: Lock :many
select * from withdrawal where id = any(sqlc.arg(ids)::text[]) order by id for update;

-- name: ByIDs :many
select * from withdrawal where id = any(sqlc.arg(ids)::text[]) order by id;

-- name: LockWaiting :one
select * from withdrawal where id = $1 and state = sqlc.arg(state)::text for update skip locked;

-- name: Waiting :many
select * from withdrawal
where state in ('requested', 'screened', 'review', 'awaiting_approval', 'approved', 'paying')
  and (retry_at is null or retry_at <= sqlc.arg(now)::timestamptz)
  and (state in ('requested', 'screened')
    or (state = 'approved' and to_account is not null)
    or (state = 'awaiting_approval' and not_before <= sqlc.arg(now)::timestamptz)
    or (state in ('review', 'awaiting_approval', 'approved') and expires <= coalesce(
        (sqlc.arg(deadlines)::timestamptz[])[array_position(sqlc.arg(chains)::text[], chain)],
        sqlc.arg(deadline)::timestamptz))
    or (sqlc.arg(gated)::boolean and (screened_until is null or screened_until <= sqlc.arg(now)::timestamptz)
        and (state = 'approved' or (state = 'paying' and not committed and not halted and not cancelling))))
order by position
limit sqlc.arg(first);

-- name: Approved :many
select * from withdrawal
where state = 'approved' and to_account is null and chain = sqlc.arg(chain) and expires > sqlc.arg(deadline)::timestamptz
  and (not sqlc.arg(gated)::boolean or screened_until > sqlc.arg(now)::timestamptz)
  and id <> all(sqlc.arg(excluded)::text[])
order by position
limit sqlc.arg(first)
for update skip locked;

-- name: AnyApproved :one
select exists (
    select from withdrawal
    where state = 'approved' and to_account is null and chain = sqlc.arg(chain) and expires > sqlc.arg(deadline)::timestamptz
      and (not sqlc.arg(gated)::boolean or screened_until > sqlc.arg(now)::timestamptz)
      and id <> all(sqlc.arg(excluded)::text[]));

-- name: Save :execrows
update withdrawal
set state = sqlc.arg(state), reason = sqlc.arg(reason), approvals_required = sqlc.arg(approvals_required),
    decided_at = sqlc.narg(decided_at), payout = sqlc.narg(payout), committed = sqlc.arg(committed),
    cancelling = sqlc.arg(cancelling), halted = sqlc.arg(halted), released = sqlc.arg(released),
    screened_until = sqlc.narg(screened_until), retry_at = null, not_before = sqlc.narg(not_before),
    resembles = sqlc.arg(resembles), tx = sqlc.narg(tx), sequence = sqlc.arg(sequence)::bigint, updated_at = sqlc.arg(updated_at)
where id = sqlc.arg(id) and sequence = sqlc.arg(sequence)::bigint - 1;

-- name: Commit :exec
update withdrawal set committed = true where id = any(sqlc.arg(ids)::text[]);

-- name: InsertReplaced :execrows
insert into withdrawal_replaced (withdrawal_id, order_hash, request_hash, body, at)
select w.id, w.order_hash, r.request_hash, sqlc.arg(body), sqlc.arg(at)
from withdrawal w join withdrawal_requests r on r.tenant = w.tenant and r.key = w.idempotency_key
where w.id = sqlc.arg(id);

-- name: Replace :execrows
update withdrawal
set account = sqlc.arg(account), chain = sqlc.arg(chain), asset = sqlc.arg(asset), destination = sqlc.arg(destination),
    memo = sqlc.arg(memo), amount = sqlc.arg(amount), fee_cap = sqlc.arg(fee_cap), expires = sqlc.arg(expires),
    order_hash = sqlc.arg(order_hash), idempotency_key = sqlc.arg(idempotency_key), fee = sqlc.arg(fee),
    to_tenant = null, to_account = null, replaced = true, reason = sqlc.arg(reason),
    approvals_required = 0, decided_at = null, cancelling = false, halted = false, released = false, screened_until = null,
    retry_at = null, not_before = null, resembles = '', sequence = sqlc.arg(sequence)::bigint, updated_at = sqlc.arg(updated_at)
where id = sqlc.arg(id) and sequence = sqlc.arg(sequence)::bigint - 1;

-- name: DropRequest :exec
delete from withdrawal_requests where tenant = $1 and key = $2;

-- name: LockVelocity :exec
select pg_advisory_xact_lock(hashtextextended('withdrawal/velocity/' || sqlc.arg(asset)::text, 0));

-- name: Spent :one
select coalesce(sum(amount), 0)::numeric as by_asset,
       coalesce(sum(amount) filter (where account = sqlc.arg(account)), 0)::numeric as by_account
from withdrawal
where asset = sqlc.arg(asset) and decided_at > sqlc.arg(since)::timestamptz
  and id <> sqlc.arg(id) and state not in ('rejected', 'cancelled', 'failed');

-- name: Approvals :many
select * from withdrawal_approvals where withdrawal_id = any(sqlc.arg(ids)::text[]) order by withdrawal_id, created_at, person;

-- name: SaveApproval :exec
insert into withdrawal_approvals (withdrawal_id, person, order_hash, scheme, key, expires, signature, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (withdrawal_id, person) do update
set order_hash = excluded.order_hash, scheme = excluded.scheme, key = excluded.key,
    expires = excluded.expires, signature = excluded.signature, created_at = excluded.created_at;

-- name: InsertQuote :exec
insert into withdrawal_quotes (id, tenant, account, asset, destination, amount, fee, expires, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: Quote :one
select * from withdrawal_quotes where tenant = $1 and id = $2;

-- name: UseQuote :execrows
update withdrawal_quotes set withdrawal_id = sqlc.arg(withdrawal_id)::text
where tenant = sqlc.arg(tenant) and id = sqlc.arg(id) and withdrawal_id is null;

-- name: PurgeQuotes :exec
delete from withdrawal_quotes where id in (
    select q.id from withdrawal_quotes q where q.withdrawal_id is null and q.expires < sqlc.arg(before)::timestamptz limit sqlc.arg(most));

-- name: InsertTransfer :exec
insert into withdrawal_transfers (id, withdrawal_id, tenant, account, asset, address, amount, sender, created_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: Transfers :many
select * from withdrawal_transfers t
where t.tenant = sqlc.arg(tenant)
  and (sqlc.arg(account)::text = '' or t.account = sqlc.arg(account))
  and (sqlc.arg(after)::text = '' or t.position < (select a.position from withdrawal_transfers a where a.tenant = sqlc.arg(tenant) and a.id = sqlc.arg(after)))
order by t.position desc
limit sqlc.arg(first);

-- name: InsertScreening :exec
insert into withdrawal_screenings (withdrawal_id, screener, verdict, evidence, screened_at, valid_until)
values ($1, $2, $3, $4, $5, $6);

-- name: Screenings :many
select * from withdrawal_screenings where withdrawal_id = $1 order by id desc limit sqlc.arg(first);

-- name: SetScreened :exec
update withdrawal set screened_until = sqlc.narg(screened_until), halted = sqlc.arg(halted), retry_at = null where id = sqlc.arg(id);

-- name: PutOff :exec
update withdrawal set retry_at = sqlc.arg(retry_at)::timestamptz where id = sqlc.arg(id);

-- name: InsertReview :exec
insert into withdrawal_reviews (withdrawal_id, action, actor, note, created_at) values ($1, $2, $3, $4, $5);

-- name: Reviews :many
select * from withdrawal_reviews where withdrawal_id = $1 order by id limit sqlc.arg(first);

-- name: InReview :many
select * from withdrawal w
where w.state = 'review'
  and (sqlc.arg(tenant)::text = '' or w.tenant = sqlc.arg(tenant))
  and (sqlc.arg(after)::text = '' or w.position > (
      select a.position from withdrawal a where a.id = sqlc.arg(after) and (sqlc.arg(tenant)::text = '' or a.tenant = sqlc.arg(tenant))))
order by w.position
limit sqlc.arg(first);

-- name: LockBook :exec
select pg_advisory_xact_lock(hashtextextended('withdrawal/book/' || sqlc.arg(tenant)::text || '/' || sqlc.arg(account)::text, 0));

-- name: CountBook :one
select count(*) filter (where removed_at is null) as live,
       count(*) filter (where chain = sqlc.arg(chain) and address = sqlc.arg(address) and removed_at is null) as same,
       count(*) filter (where chain = sqlc.arg(chain) and address = sqlc.arg(address) and removed_at is not null) as removed
from withdrawal_addresses where tenant = sqlc.arg(tenant) and account = sqlc.arg(account);

-- name: InsertAddress :exec
insert into withdrawal_addresses (id, tenant, account, chain, address, label, resembles, added_by, added_at, usable_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: Address :one
select * from withdrawal_addresses where tenant = $1 and id = $2;

-- name: RemoveAddress :execrows
update withdrawal_addresses set removed_by = sqlc.arg(removed_by)::text, removed_at = sqlc.arg(removed_at)::timestamptz
where tenant = sqlc.arg(tenant) and id = sqlc.arg(id) and removed_at is null;

-- name: Addresses :many
select * from withdrawal_addresses w
where w.tenant = sqlc.arg(tenant) and w.removed_at is null
  and (sqlc.arg(account)::text = '' or w.account in (sqlc.arg(account), ''))
  and (sqlc.arg(after)::text = '' or w.position < (select a.position from withdrawal_addresses a where a.tenant = sqlc.arg(tenant) and a.id = sqlc.arg(after)))
order by w.position desc
limit sqlc.arg(first);

-- name: Destination :one
select (b.usable_at is not null)::boolean as in_book, coalesce(b.usable_at, 'epoch')::timestamptz as usable_at,
       exists (select from withdrawal w
               where w.tenant = sqlc.arg(tenant) and w.account = sqlc.arg(account) and w.chain = sqlc.arg(chain)
                 and w.destination = sqlc.arg(address) and w.state = 'settled') as paid
from (select min(a.usable_at) as usable_at from withdrawal_addresses a
      where a.tenant = sqlc.arg(tenant) and a.account in (sqlc.arg(account), '') and a.chain = sqlc.arg(chain)
        and a.address = sqlc.arg(address) and a.removed_at is null) b;

-- name: Counterparties :many
(select w.destination as address from withdrawal w
 where w.tenant = sqlc.arg(tenant) and w.account = sqlc.arg(account) and split_part(w.chain, ':', 1) = sqlc.arg(family)::text
   and w.state in ('approved', 'paying', 'confirming', 'settled')
 group by w.destination order by max(w.position) desc limit sqlc.arg(first))
union
(select a.address from withdrawal_addresses a
 where a.tenant = sqlc.arg(tenant) and a.account in (sqlc.arg(account), '') and split_part(a.chain, ':', 1) = sqlc.arg(family)::text
   and a.removed_at is null
 order by a.position desc limit 2 * sqlc.arg(first));

-- name: InsertRevocation :exec
insert into withdrawal_revocations (withdrawal_id, order_hash, reason, expires, created_at, next_at)
values ($1, $2, $3, $4, $5, $6);

-- name: DueRevocations :many
select withdrawal_id from withdrawal_revocations
where delivered_at is null and next_at <= sqlc.arg(now)::timestamptz and expires > sqlc.arg(now)::timestamptz
order by next_at
limit sqlc.arg(first);

-- name: Undelivered :many
select * from withdrawal_revocations
where delivered_at is null and expires > sqlc.arg(now)::timestamptz
order by created_at, withdrawal_id
limit sqlc.arg(first);

-- name: Revocation :one
select * from withdrawal_revocations where withdrawal_id = $1;

-- name: Delivered :exec
update withdrawal_revocations set delivered_at = sqlc.arg(at)::timestamptz where withdrawal_id = sqlc.arg(id) and delivered_at is null;

-- name: PutOffRevocation :exec
update withdrawal_revocations set tries = tries + 1, next_at = sqlc.arg(next_at) where withdrawal_id = sqlc.arg(id) and delivered_at is null;

-- name: SettledTo :many
select distinct destination from withdrawal
where chain = $1 and destination = any(sqlc.arg(destinations)::text[]) and state = 'settled' and to_account is null;

-- name: InsertCustomer :exec
insert into withdrawal_customers (tenant, account, state, reason, actor, set_at) values ($1, $2, $3, $4, $5, $6);

-- name: CustomerHistory :many
select * from withdrawal_customers where tenant = $1 and account = $2 order by id desc limit sqlc.arg(first);

-- name: VoidFindings :exec
update withdrawal set screened_until = null, retry_at = null
where state in ('requested', 'screened', 'review', 'awaiting_approval', 'approved', 'paying') and not committed
  and ((account = sqlc.arg(account) and tenant = sqlc.arg(tenant))
    or (to_account = sqlc.arg(account)::text and to_tenant = sqlc.arg(tenant)::text));

-- name: Backlog :many
select state, count(*) as withdrawals from withdrawal
where state in ('requested', 'screened', 'review', 'awaiting_approval', 'approved', 'paying')
group by state;

-- name: UndeliveredCount :one
select count(*) from withdrawal_revocations where delivered_at is null and expires > sqlc.arg(now)::timestamptz;

-- name: NewestSanctions :one
select * from withdrawal_sanctions order by issued desc limit 1;

-- name: InsertSanctions :exec
insert into withdrawal_sanctions (hash, name, issued, expires, addresses, read_at) values ($1, $2, $3, $4, $5, $6)
on conflict (hash) do nothing;

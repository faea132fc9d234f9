-- name: EnsureCursor :exec
insert into deposit_cursor (chain, updated_at) values ($1, $2) on conflict (chain) do nothing;

-- name: Cursor :one
select * from deposit_cursor where chain = $1;

-- name: LockCursor :one
select * from deposit_cursor where chain = $1 for update;

-- name: MoveCursor :execrows
update deposit_cursor
set next_offset = @next_offset, sequence = sequence + 1, epoch = @epoch, height = @height, hash = @hash,
    final = greatest(final, @final::bigint), updated_at = @at
where chain = @chain and sequence = @previous and epoch <= @epoch;

-- name: SkipRecords :exec
-- SkipRecords moves past records that hold nothing new: a redelivery.
update deposit_cursor set next_offset = greatest(next_offset, @next_offset::bigint), updated_at = @at where chain = @chain;

-- name: AddressesAmong :many
-- AddressesAmong says which of some addresses are ours. A probe of the primary key for each is
-- all it takes, so that a block of thousands of transfers is looked through in milliseconds.
select address, kind, coalesce(tenant, '')::text as tenant, coalesce(account, '')::text as account
from deposit_address where chain = @chain::text and address = any(@addresses::text[]);

-- name: KeepObserved :exec
-- KeepObserved keeps the transfers of a block that touch our addresses.
insert into deposit_observation (chain, block_hash, tx, ref, height, asset, sender, recipient, amount, memo, seen_at)
select @chain::text, @block_hash::bytea, unnest(@txs::bytea[]), unnest(@refs::text[]), @height::bigint, unnest(@assets::text[]),
       unnest(@senders::text[]), unnest(@recipients::text[]), unnest(@amounts::numeric[]), unnest(@memos::text[]), @at::timestamptz
on conflict (chain, block_hash, tx, ref) do nothing;

-- name: UnknownListed :one
select count(*) from deposit_unknown where chain = $1;

-- name: CountUnknown :execrows
-- CountUnknown counts sightings of tokens nobody told us about. Of those not listed yet it
-- lists at most max_new: spam costs nothing beyond that.
with seen as (
    select unnest(@assets::text[]) as asset, unnest(@recipients::text[]) as recipient, unnest(@txs::bytea[]) as tx
), counted as (
    select seen.asset, count(r.address) as transfers, decode(max(encode(seen.tx, 'hex')), 'hex') as last_tx, count(u.asset) > 0 as listed
    from seen
    join deposit_address r on r.chain = @chain::text and r.address = seen.recipient
    left join deposit_unknown u on u.chain = @chain and u.asset = seen.asset
    group by seen.asset
), ranked as (
    select asset, transfers, last_tx, listed, row_number() over (partition by listed order by asset) as place from counted
)
insert into deposit_unknown (chain, asset, transfers, first_height, last_height, last_tx)
select @chain, asset, transfers, @height::bigint, @height, last_tx
from ranked where listed or place <= @max_new::bigint
on conflict (chain, asset) do update
set transfers = deposit_unknown.transfers + excluded.transfers, last_height = excluded.last_height, last_tx = excluded.last_tx;

-- name: Include :many
-- Include adds deposits, or brings back orphaned and reversed ones with what they are
-- now. A deposit that is still live is left out: the caller counts.
insert into deposit as d (id, tenant, account, chain, tx, ref, address, asset, sender, amount, memo,
                          height, block_hash, block_time, credit_height, unlock_height, created_at, updated_at)
select unnest(@ids::text[]), unnest(@tenants::text[]), unnest(@accounts::text[]), @chain::text,
       unnest(@txs::bytea[]), unnest(@refs::text[]), unnest(@addresses::text[]), unnest(@assets::text[]),
       unnest(@senders::text[]), unnest(@amounts::numeric[]), unnest(@memos::text[]),
       @height::bigint, @block_hash::bytea, @block_time::timestamptz, unnest(@credit_heights::bigint[]), unnest(@unlock_heights::bigint[]),
       @at::timestamptz, @at::timestamptz
on conflict (id) do update
set asset = excluded.asset, sender = excluded.sender, amount = excluded.amount, memo = excluded.memo,
    height = excluded.height, block_hash = excluded.block_hash, block_time = excluded.block_time, credit_height = excluded.credit_height,
    unlock_height = excluded.unlock_height, inclusion = d.inclusion + 1, state = 'observed', reason = '',
    sequence = d.sequence + 1, updated_at = excluded.updated_at
where d.state in ('orphaned', 'reversed')
returning *;

-- name: SetAside :many
update deposit as d
set state = m.state, reason = m.reason, sequence = d.sequence + 1, updated_at = @at::timestamptz
from (select unnest(@ids::text[]) as id, unnest(@states::text[]) as state, unnest(@reasons::text[]) as reason) as m
where d.id = m.id
returning d.*;

-- name: Confirm :many
update deposit
set state = 'confirming', sequence = sequence + 1, updated_at = @at
where chain = @chain and state = 'observed' and height < @tip::bigint and credit_height > @tip::bigint
returning *;

-- name: Credit :many
update deposit
set state = 'credited', sequence = sequence + 1, updated_at = @at
where chain = @chain and state in ('observed', 'confirming') and credit_height <= @tip::bigint
returning *;

-- name: Unlock :many
-- Unlock takes what is deep enough and, by the caller's final height, final; where a second
-- node is asked, what it agrees with; where senders are screened, those who passed or whom
-- a person let pass.
update deposit d
set state = 'unlocked', sequence = sequence + 1, updated_at = @at,
    reason = case when reason = @held::text then '' else reason end
where d.chain = @chain and d.state = 'credited' and d.unlock_height <= @tip::bigint and d.height <= @final::bigint
  and (not @agreed::boolean or exists (
      select from deposit_agreement a where a.chain = d.chain and a.block_hash = d.block_hash and a.theirs = a.block_hash)
      and exists (select from deposit_corroboration k where k.deposit = d.id and k.inclusion = d.inclusion))
  and (not @screened::boolean
      or exists (select from deposit_screening s where s.deposit = d.id and s.inclusion = d.inclusion and s.passed)
      or exists (select from deposit_audit u where u.deposit = d.id and u.inclusion = d.inclusion and u.action = 'release'))
returning d.*;

-- name: Leave :many
-- Leave undoes the deposits of a block that is no longer canonical.
update deposit
set state = case when state in ('credited', 'unlocked', 'rejected') then 'reversed' else 'orphaned' end,
    reason = 'reorganised', sequence = sequence + 1, updated_at = @at
where chain = @chain and block_hash = @block_hash and state not in ('orphaned', 'reversed', 'refunded')
returning *;

-- name: AddBookings :exec
insert into deposit_booking (entry, chain, block_hash)
select unnest(@entries::text[]), @chain::text, unnest(@block_hashes::bytea[]);

-- name: TakeBookings :many
-- TakeBookings marks the live entries of a block as reversed and returns them newest first.
with taken as (
    update deposit_booking set reversed = true
    where chain = @chain and block_hash = @block_hash and not reversed
    returning entry, position
)
select entry from taken order by position desc;

-- name: AddressOf :one
select id::text as id, tenant::text as tenant, account::text as account, chain, address, path, created_at from deposit_address
where tenant = @tenant::text and account = @account::text and chain = @chain and kind = 'deposit';

-- name: AddressesOf :many
select id::text as id, tenant::text as tenant, account::text as account, chain, address, path, created_at from deposit_address
where tenant = @tenant::text and account = @account::text and kind = 'deposit' order by chain;

-- name: AddAddress :execrows
insert into deposit_address (chain, address, kind, id, tenant, account, salt, path, known_after, created_at)
values (@chain, @address, 'deposit', @id::text, @tenant::text, @account::text, @salt, sqlc.narg('path'), @known_after, @at)
on conflict do nothing;

-- name: AddHouse :execrows
insert into deposit_address (chain, address, kind, path, known_after, created_at)
values (@chain, @address, @kind, sqlc.narg('path'), @known_after, @at)
on conflict (chain, address) do nothing;

-- name: Owner :one
select kind, coalesce(tenant, '')::text as tenant, coalesce(account, '')::text as account, path
from deposit_address where chain = $1 and address = $2;

-- name: Deposit :one
select sqlc.embed(d), c.height as tip from deposit d left join deposit_cursor c on c.chain = d.chain
where d.tenant = $1 and d.id = $2;

-- name: PositionOf :one
select position from deposit where tenant = $1 and id = $2;

-- name: Deposits :many
select sqlc.embed(d), c.height as tip
from deposit d left join deposit_cursor c on c.chain = d.chain
where d.tenant = @tenant and d.position < @before::bigint
  and (@account::text = '' or d.account = @account) and (@state::text = '' or d.state = @state)
order by d.position desc limit @first;

-- name: LockDeposit :one
select * from deposit where tenant = $1 and id = $2 for update;

-- name: Frequent :many
-- Frequent counts, for each of some deposits of a block, what the account received in the
-- same asset in earlier blocks since a time.
select seen.place::integer as place, count(d.id)::bigint as deposits
from (select unnest(@places::integer[]) as place, unnest(@tenants::text[]) as tenant, unnest(@accounts::text[]) as account, unnest(@assets::text[]) as asset) as seen
join deposit d on d.account = seen.account and d.asset = seen.asset and d.tenant = seen.tenant
where d.block_time > @since::timestamptz and d.height < @height::bigint and d.state not in ('orphaned', 'reversed', 'dust')
group by seen.place;

-- name: AddAudit :exec
insert into deposit_audit (deposit, inclusion, sequence, action, actor, reason, at)
select unnest(@deposits::text[]), unnest(@inclusions::bigint[]), unnest(@sequences::bigint[]), unnest(@actions::text[]),
       unnest(@actors::text[]), unnest(@reasons::text[]), @at::timestamptz;

-- name: AuditOf :many
select * from deposit_audit where deposit = any (@deposits::text[]) order by id;

-- name: Reviews :many
-- Reviews lists what waits for a person, oldest first.
select sqlc.embed(d), c.height as tip
from deposit d left join deposit_cursor c on c.chain = d.chain
where d.state in ('review', 'missing_memo') and d.position > @after::bigint
  and (@tenant::text = '' or d.tenant = @tenant) and (@chain::text = '' or d.chain = @chain)
order by d.position limit @first;

-- name: WaitingPosition :one
select position from deposit where id = $1 and (@tenant::text = '' or tenant = @tenant);

-- name: AddRefund :one
insert into deposit_refund (id, deposit, inclusion, tenant, chain, asset, destination, amount, suspense, actor, created_at, updated_at)
values (@id, @deposit, @inclusion, @tenant, @chain, @asset, @destination, @amount, @suspense, @actor, @at, @at)
returning *;

-- name: RefundsOf :many
select * from deposit_refund where deposit = $1 order by position;

-- name: LockRefund :one
select * from deposit_refund where id = $1 for update;

-- name: MoveRefund :execrows
update deposit_refund set state = @state, payment = coalesce(sqlc.narg('payment'), payment), reason = @reason, updated_at = @at
where id = @id and state = @previous;

-- name: OpenRefunds :many
-- OpenRefunds lists what is on its way, and what may go on its way: its deposit can no
-- longer leave the chain.
select r.* from deposit_refund r
join deposit d on d.id = r.deposit
join deposit_cursor c on c.chain = r.chain
where r.chain = @chain and r.position > @after::bigint and (r.state = 'paying' or r.state = 'ordered'
    and d.inclusion = r.inclusion and d.state in ('rejected', 'missing_memo')
    and d.unlock_height <= c.height and (d.height <= c.final or @no_finality::boolean)
    and (not @agreed::boolean or exists (
        select from deposit_agreement a where a.chain = d.chain and a.block_hash = d.block_hash and a.theirs = a.block_hash)
        and exists (select from deposit_corroboration k where k.deposit = d.id and k.inclusion = d.inclusion)))
order by r.position limit @first;

-- name: DropRefunds :exec
-- DropRefunds ends refunds that were not asked to be paid when their deposits left the chain.
update deposit_refund set state = 'failed', reason = 'reorganised', updated_at = @at
where deposit = any (@deposits::text[]) and state = 'ordered';

-- name: BlocksToAgree :many
-- BlocksToAgree lists blocks whose deposits would be unlocked or refunded if a second node
-- agreed, above a height: to the block, and to each of these deposits.
select waiting.height, waiting.block_hash from (
    select d.chain, d.id, d.inclusion, d.height, d.block_hash from deposit d
    where d.chain = @chain and d.state = 'credited' and d.unlock_height <= @tip::bigint and d.height <= @final::bigint
    union all
    select d.chain, d.id, d.inclusion, d.height, d.block_hash from deposit_refund r join deposit d on d.id = r.deposit
    where r.chain = @chain and r.state = 'ordered' and d.state in ('rejected', 'missing_memo') and d.unlock_height <= @tip::bigint and d.height <= @final::bigint
) waiting
where waiting.height > @after::bigint
  and (not exists (select from deposit_agreement a where a.chain = waiting.chain and a.block_hash = waiting.block_hash and a.theirs = a.block_hash)
      or not exists (select from deposit_corroboration k where k.deposit = waiting.id and k.inclusion = waiting.inclusion))
group by waiting.height, waiting.block_hash order by waiting.height limit @first;

-- name: ToCorroborate :many
-- ToCorroborate lists what deposits of a block are that a second node was not asked about, or has not found.
select d.id, d.inclusion, d.tx, d.ref, d.asset, d.sender, d.address, d.amount from deposit d
where d.chain = @chain and d.block_hash = @block_hash and d.state not in ('orphaned', 'reversed') and d.state = any (@states::text[])
  and not exists (select from deposit_corroboration k where k.deposit = d.id and k.inclusion = d.inclusion)
order by d.position;

-- name: EarlyBlocks :many
-- EarlyBlocks lists blocks with deposits that may be unlocked one day and that a second node has not
-- found yet, the highest first. Those that may be unlocked now BlocksToAgree lists.
select d.height, d.block_hash from deposit d join deposit_cursor c on c.chain = d.chain
where d.chain = @chain and d.state in ('observed', 'confirming', 'credited', 'review') and d.block_hash <> all (@not_now::bytea[])
  and not coalesce(d.state = 'credited' and d.unlock_height <= c.height and (d.height <= c.final or @no_finality::boolean), false)
  and not exists (select from deposit_corroboration k where k.deposit = d.id and k.inclusion = d.inclusion)
group by d.height, d.block_hash order by d.height desc limit @first;

-- name: Unheard :many
-- Unheard lists blocks whose deposits would be unlocked or refunded, had a second node said anything of
-- them.
select waiting.height, waiting.block_hash, min(waiting.updated_at)::timestamptz as at from (
    select d.chain, d.id, d.inclusion, d.height, d.unlock_height, d.block_hash, d.updated_at from deposit d
    where d.chain = @chain and d.state = 'credited'
    union all
    select d.chain, d.id, d.inclusion, d.height, d.unlock_height, d.block_hash, d.updated_at from deposit_refund r join deposit d on d.id = r.deposit
    where r.chain = @chain and r.state = 'ordered' and d.state in ('rejected', 'missing_memo')
) waiting join deposit_cursor c on c.chain = waiting.chain
where waiting.unlock_height <= c.height and (waiting.height <= c.final or @no_finality::boolean)
  and not exists (select from deposit_agreement a where a.chain = waiting.chain and a.block_hash = waiting.block_hash and a.theirs <> a.block_hash)
  and (not exists (select from deposit_agreement a where a.chain = waiting.chain and a.block_hash = waiting.block_hash and a.theirs = a.block_hash)
      or not exists (select from deposit_corroboration k where k.deposit = waiting.id and k.inclusion = waiting.inclusion))
group by waiting.height, waiting.block_hash order by waiting.height limit @first;

-- name: StillToAgree :one
-- StillToAgree is false for a block that left the chain, or where everything was agreed on
-- meanwhile.
select exists (
    select from deposit d where d.chain = @chain and d.block_hash = @block_hash and d.state in ('credited', 'rejected', 'missing_memo')
      and not (exists (select from deposit_agreement a where a.chain = d.chain and a.block_hash = d.block_hash and a.theirs = a.block_hash)
          and exists (select from deposit_corroboration k where k.deposit = d.id and k.inclusion = d.inclusion)))::boolean as still;

-- name: Corroborate :execrows
-- Corroborate keeps which deposits, as they were when a second node was asked, it has found in a
-- block.
insert into deposit_corroboration (deposit, inclusion)
select d.id, d.inclusion from deposit d join (select unnest(@deposits::text[]) as id, unnest(@inclusions::bigint[]) as inclusion) asked using (id, inclusion)
where d.chain = @chain and d.block_hash = @block_hash
on conflict (deposit, inclusion) do nothing;

-- name: SetAgreement :execrows
-- SetAgreement changes nothing when the same was said before.
insert into deposit_agreement as a (chain, block_hash, height, theirs, at) values (@chain, @block_hash, @height, @theirs, @at)
on conflict (chain, block_hash) do update set theirs = excluded.theirs, at = excluded.at where a.theirs <> excluded.theirs;

-- name: DropAgreement :exec
delete from deposit_agreement where chain = @chain and block_hash = @block_hash;

-- name: Disagreements :many
select chain, height, block_hash, theirs, at from deposit_agreement where chain = @chain and theirs <> block_hash order by height limit @first;

-- name: SetReason :many
-- SetReason tells the owners of a block's deposits why they are not unlocked.
update deposit set reason = @reason::text, sequence = sequence + 1, updated_at = @at
where chain = @chain and block_hash = @block_hash and state = 'credited' and reason <> @reason::text
returning *;

-- name: ToScreen :many
select d.* from deposit d
where d.chain = @chain and d.position > @after::bigint and d.state in ('observed', 'confirming', 'credited', 'review')
  and not exists (select from deposit_screening s where s.deposit = d.id and s.inclusion = d.inclusion)
order by d.position limit @first;

-- name: AddScreening :execrows
insert into deposit_screening (deposit, inclusion, passed, score, category, evidence, at)
values (@deposit, @inclusion, @passed, @score, @category, @evidence, @at)
on conflict (deposit, inclusion) do nothing;

-- name: ScreeningsOf :many
select s.* from deposit_screening s join deposit d on d.id = s.deposit and d.inclusion = s.inclusion
where d.id = any (@deposits::text[]);

-- name: CountScreeningFailure :one
-- CountScreeningFailure counts the failures in a row of a deposit as it is included now.
insert into deposit_screening_failure as f (deposit, inclusion, failures, since) values (@deposit, @inclusion, 1, @at)
on conflict (deposit) do update set inclusion = excluded.inclusion,
    failures = case when f.inclusion = excluded.inclusion then f.failures + 1 else 1 end,
    since = case when f.inclusion = excluded.inclusion then f.since else excluded.since end
returning failures, since;

-- name: EndScreeningFailures :exec
delete from deposit_screening_failure where deposit = $1;

-- name: TakeBooking :execrows
update deposit_booking set reversed = true where entry = @entry and not reversed;

-- name: ShareCursor :one
-- ShareCursor keeps block events from being applied until the transaction ends.
select sequence from deposit_cursor where chain = $1 for share;

-- name: AddBackfill :exec
insert into deposit_backfill (chain, address, created_at, updated_at) values (@chain, @address, @at, @at);

-- name: Backfills :many
select b.*, a.known_after from deposit_backfill b join deposit_address a on a.chain = b.chain and a.address = b.address
where b.chain = @chain and b.state <> 'done' order by b.created_at, b.address limit @first;

-- name: BackfillRun :one
select * from deposit_backfill_run where chain = $1;

-- name: LockBackfillRun :one
select * from deposit_backfill_run where chain = $1 for update;

-- name: AnyBackfill :one
select exists (select from deposit_backfill where chain = $1 and state = 'pending')::boolean as any_pending;

-- name: BeginBackfill :execrows
with begun as (
    insert into deposit_backfill_run (chain, next_offset, first_offset) values (@chain, @first_offset, @first_offset)
    on conflict (chain) do nothing returning chain
)
update deposit_backfill set state = 'running', updated_at = @at
where (chain, address) in (
    select p.chain, p.address from deposit_backfill p join begun on begun.chain = p.chain
    where p.state = 'pending' order by p.created_at limit @most);

-- name: RunningBackfills :many
select b.address, a.known_after from deposit_backfill b join deposit_address a on a.chain = b.chain and a.address = b.address
where b.chain = $1 and b.state = 'running';

-- name: MoveBackfillRun :exec
update deposit_backfill_run set next_offset = @next_offset, sequence = @sequence, first_height = coalesce(first_height, @first_height)
where chain = @chain;

-- name: AddFound :exec
insert into deposit_backfill_found (chain, sequence, block_hash, event) values (@chain, @sequence, @block_hash, @event);

-- name: DropFound :exec
delete from deposit_backfill_found where chain = @chain and block_hash = @block_hash;

-- name: TakeFound :many
-- TakeFound takes the oldest blocks found.
with taken as (
    delete from deposit_backfill_found f
    where f.chain = @chain and f.sequence in (select o.sequence from deposit_backfill_found o where o.chain = @chain order by o.sequence limit @most)
    returning f.sequence, f.event
)
select sequence, event from taken order by sequence;

-- name: EndBackfill :exec
with ended as (delete from deposit_backfill_run r where r.chain = @chain returning r.chain)
update deposit_backfill b set state = @state, reason = @reason, updated_at = @at
from ended where b.chain = ended.chain and b.state = 'running';

-- name: Known :many
-- Known says of addresses who they are, and whether what an event said about them is in
-- the books: they were known by then, or their history is filled in.
select a.address, a.kind, coalesce(a.tenant, '')::text as tenant, coalesce(a.account, '')::text as account,
       (a.known_after < @sequence::bigint or coalesce(b.state, '') in ('done', 'partial'))::boolean as booked,
       (coalesce(b.state, '') = 'running' and a.known_after >= @sequence::bigint)::boolean as late
from deposit_address a left join deposit_backfill b on b.chain = a.chain and b.address = a.address
where a.chain = @chain and a.address = any (@addresses::text[]);

-- name: KeepObservations :exec
insert into deposit_observation (chain, block_hash, tx, ref, height, asset, sender, recipient, amount, memo, seen_at)
select @chain::text, @block_hash::bytea, unnest(@txs::bytea[]), unnest(@refs::text[]), @height::bigint, unnest(@assets::text[]),
       unnest(@senders::text[]), unnest(@recipients::text[]), unnest(@amounts::numeric[]), unnest(@memos::text[]), @at::timestamptz
on conflict (chain, block_hash, tx, ref) do nothing;

-- name: SkipTrimmed :exec
-- SkipTrimmed goes on behind what the stream forgot, without what was found before it:
-- whether that is canonical was said in the gap.
with dropped as (delete from deposit_backfill_found f where f.chain = @chain)
update deposit_backfill_run r set next_offset = @oldest, first_offset = @oldest, sequence = 0, first_height = null
where r.chain = @chain and r.next_offset = @previous;

-- name: MayLeave :one
-- MayLeave reports whether a person let a block leave the chain that was final.
select exists (
    select from indexer_resume r where r.chain = @chain and r.height <= @height::bigint
      and not exists (select from deposit_resumed u where u.resume = r.id)
)::boolean as may_leave;

-- name: EndResume :exec
insert into deposit_resumed (resume, sequence, at)
select r.id, @sequence::bigint, @at::timestamptz from indexer_resume r
where r.chain = @chain and r.ours = @block_hash and not exists (select from deposit_resumed u where u.resume = r.id);

-- name: BindDecision :execrows
insert into deposit_decision (tenant, key, request_hash, deposit, at) values (@tenant, @key, @request_hash, @deposit, @at)
on conflict (tenant, key) do nothing;

-- name: BoundDecision :one
select request_hash from deposit_decision where tenant = $1 and key = $2;

-- name: TenantOf :one
select tenant from deposit where id = $1;

-- name: Salts :many
select address, salt from deposit_address where chain = @chain and address = any(@addresses::text[]) and kind = 'deposit';

-- name: PathsOf :many
select address, path::text as path from deposit_address
where chain = @chain and address = any(@addresses::text[]) and kind = 'deposit' and path is not null;

-- name: Needed :one
-- Needed is the first record of a chain's stream that is still to be read.
select least(c.next_offset, coalesce((select r.next_offset from deposit_backfill_run r where r.chain = c.chain), c.next_offset))::bigint
from deposit_cursor c where c.chain = $1;

-- name: AddressPage :many
select address from deposit_address where chain = $1 and kind = 'deposit' and address > @after::text order by address limit @first;

-- name: UnknownSeen :one
select exists (select from deposit_unknown where chain = $1 and asset = $2)::boolean as seen;

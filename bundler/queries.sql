-- Operations.

-- name: InsertOperation :exec
insert into bundler_operations (hash, chain, entry_point, sender, lane, sequence, max_fee, max_priority_fee,
    operation, state, received_height, received_at, changed_at)
values (@hash, @chain, @entry_point, @sender, @lane, @sequence, @max_fee, @max_priority_fee,
    @operation, 'pooled', @received_height, @at, @at);

-- name: Operation :one
select * from bundler_operations where hash = @hash;

-- name: HeldOperations :many
select hash from bundler_operations where hash = any(@hashes::bytea[]) and state not in ('replaced', 'dropped');

-- name: LockOperation :one
select * from bundler_operations where hash = @hash for update;

-- name: LockSlot :one
select * from bundler_operations
where chain = @chain and entry_point = @entry_point and sender = @sender and lane = @lane and sequence = @sequence
  and state in ('pooled', 'bundled')
for update;

-- name: MoveOperation :exec
update bundler_operations set state = @state, reason = @reason, changed_at = @at where hash = @hash and state <> @state;

-- name: RepoolOperation :exec
update bundler_operations set state = 'pooled', reason = '', operation = @operation, reverts = 0,
    received_height = least(received_height, @received_height::bigint), changed_at = @at
where hash = @hash;

-- name: RevertedOperation :one
update bundler_operations set reverts = reverts + 1 where hash = @hash returning reverts;

-- name: PooledOperations :many
select * from bundler_operations
where chain = @chain and entry_point = @entry_point and state = 'pooled'
order by max_priority_fee desc, accepted
limit @max;

-- name: CountWaiting :one
select count(*) from bundler_operations where chain = @chain and state in ('pooled', 'bundled');

-- name: CountLane :one
select count(distinct sequence) from bundler_operations
where chain = @chain and entry_point = @entry_point and sender = @sender and lane = @lane
  and sequence >= sqlc.arg(from_sequence)::numeric and sequence < sqlc.arg(to_sequence)::numeric
  and state in ('pooled', 'bundled', 'included');

-- name: IncludedTransactions :many
select t.tx_hash, t.block_hash, t.block_height from bundler_transactions t
where t.chain = @chain and exists (
    select from bundler_receipts r join bundler_operations o on o.hash = r.operation
    where r.tx_hash = t.tx_hash and o.state = 'included')
order by t.block_height, t.tx_hash
limit @max;

-- name: TransactionOperations :many
select o.hash from bundler_receipts r join bundler_operations o on o.hash = r.operation
where r.tx_hash = @tx_hash order by o.accepted for update of o;

-- name: SlotTaken :one
select exists (
    select from bundler_operations o
    join bundler_operations w on w.chain = o.chain and w.entry_point = o.entry_point and w.sender = o.sender
        and w.lane = o.lane and w.sequence = o.sequence and w.hash <> o.hash and w.state in ('pooled', 'bundled')
    where o.hash = @hash);

-- Executors and their bundles.

-- name: InsertExecutor :exec
insert into bundler_executors (chain, address, next_nonce) values (@chain, @address, @next_nonce)
on conflict (chain, address) do nothing;

-- name: Executors :many
select address from bundler_executors where chain = @chain order by address;

-- name: NextNonce :one
select next_nonce from bundler_executors where chain = @chain and address = @address;

-- name: LockExecutors :many
select address, next_nonce from bundler_executors where chain = @chain order by address for update;

-- name: SetNextNonce :exec
update bundler_executors set next_nonce = @next_nonce where chain = @chain and address = @address;

-- name: InsertBundle :exec
insert into bundler_bundles (chain, executor, nonce, state, kind, target, opened_at)
values (@chain, @executor, @nonce, 'live', @kind, @target, @at);

-- name: OpenBundles :many
select * from bundler_bundles where chain = @chain and state in ('live', 'mined')
order by executor, nonce limit @max;

-- name: BundlesFrom :many
select nonce from bundler_bundles where chain = @chain and executor = @executor and nonce >= @nonce order by nonce limit @max;

-- name: TargetHeld :one
select exists (select from bundler_bundles where chain = @chain and target = @target and state = 'live');

-- name: EndedFrom :one
select exists (
    select from bundler_bundles
    where chain = @chain and executor = @executor and nonce >= @nonce and state in ('mined', 'final', 'lost'));

-- name: SetBundle :execrows
update bundler_bundles set state = @state, alarm = '', tx_hash = @tx_hash, block_hash = @block_hash, block_height = @block_height
where chain = @chain and executor = @executor and nonce = @nonce and state = @was;

-- name: SetAlarm :execrows
update bundler_bundles set alarm = @alarm
where chain = @chain and executor = @executor and nonce = @nonce and state = 'live' and alarm <> @alarm;

-- name: Alarms :many
select * from bundler_bundles where chain = @chain and state = 'live' and alarm <> '' order by executor, nonce limit @max;

-- name: InsertAttempt :exec
insert into bundler_attempts (tx_hash, chain, executor, nonce, number, raw, max_fee, max_priority_fee, head, nothing, call, stored_at)
values (@tx_hash, @chain, @executor, @nonce, @number, @raw, @max_fee, @max_priority_fee, @head, @nothing, @call, @at);

-- name: InsertAttemptOperations :exec
insert into bundler_attempt_operations (tx_hash, position, operation)
select @tx_hash, o.position - 1, o.hash from unnest(@operations::bytea[]) with ordinality as o (hash, position);

-- name: Attempts :many
select * from bundler_attempts where chain = @chain and executor = @executor and nonce = @nonce order by number desc;

-- name: SetSent :exec
update bundler_attempts set sent_at = coalesce(sent_at, @at) where tx_hash = @tx_hash;

-- name: BundleOperations :many
select o.* from bundler_operations o
where o.hash in (
    select ao.operation from bundler_attempts a join bundler_attempt_operations ao on ao.tx_hash = a.tx_hash
    where a.chain = @chain and a.executor = @executor and a.nonce = @nonce)
order by o.accepted;

-- name: HeldLanes :many
select distinct b.executor, b.nonce, o.sender, o.lane
from bundler_bundles b
join bundler_attempts a on a.chain = b.chain and a.executor = b.executor and a.nonce = b.nonce
join bundler_attempt_operations ao on ao.tx_hash = a.tx_hash
join bundler_operations o on o.hash = ao.operation
where b.chain = @chain and b.state = 'live';

-- name: InLiveBundle :one
select exists (
    select from bundler_attempt_operations ao
    join bundler_attempts a on a.tx_hash = ao.tx_hash
    join bundler_bundles b on b.chain = a.chain and b.executor = a.executor and b.nonce = a.nonce
    where ao.operation = @operation and b.state = 'live');

-- Receipts.

-- name: InsertTransaction :exec
insert into bundler_transactions (tx_hash, chain, block_hash, block_height, receipt)
values (@tx_hash, @chain, @block_hash, @block_height, @receipt)
on conflict (tx_hash) do update set block_hash = excluded.block_hash, block_height = excluded.block_height, receipt = excluded.receipt;

-- name: DeleteTransaction :exec
delete from bundler_transactions where tx_hash = @tx_hash;

-- name: InsertReceipt :exec
insert into bundler_receipts (operation, tx_hash, success, actual_gas_cost, actual_gas_used, revert_reason, first_log, end_log)
values (@operation, @tx_hash, @success, @actual_gas_cost, @actual_gas_used, @revert_reason, @first_log, @end_log)
on conflict (operation) do update set tx_hash = excluded.tx_hash, success = excluded.success,
    actual_gas_cost = excluded.actual_gas_cost, actual_gas_used = excluded.actual_gas_used,
    revert_reason = excluded.revert_reason, first_log = excluded.first_log, end_log = excluded.end_log;

-- name: Receipt :one
select r.*, t.block_hash, t.block_height, t.receipt
from bundler_receipts r join bundler_transactions t on t.tx_hash = r.tx_hash
where r.operation = @operation;

-- name: Busy :one
select exists (
    select from bundler_operations o where o.chain = @chain and o.state in ('pooled', 'bundled', 'included')
    union all
    select from bundler_calls c where c.chain = @chain and c.state in ('pooled', 'bundled')
    union all
    select from bundler_bundles b where b.chain = @chain and b.state in ('live', 'mined'));

-- name: CountLive :one
select count(*) as live, count(*) filter (where nonce = @nonce) as same
from bundler_bundles where chain = @chain and executor = @executor and state = 'live';

-- Calls of Safes.

-- name: InsertCall :exec
insert into bundler_calls (id, chain, safe, safe_nonce, data, gas_limit, fee_bound, state, received_at, changed_at)
values (@id, @chain, @safe, @safe_nonce, @data, @gas_limit, @fee_bound, 'pooled', @at, @at);

-- name: Call :one
select * from bundler_calls where id = @id;

-- name: LockCall :one
select * from bundler_calls where id = @id for update;

-- name: LockCallSlot :one
select * from bundler_calls
where chain = @chain and safe = @safe and safe_nonce = @safe_nonce and state in ('pooled', 'bundled')
for update;

-- name: MoveCall :exec
update bundler_calls set state = @state, reason = @reason, changed_at = @at where id = @id and state <> @state;

-- name: RepoolCall :exec
update bundler_calls set state = 'pooled', reason = '', reverts = 0, data = @data, gas_limit = @gas_limit, fee_bound = @fee_bound, changed_at = @at
where id = @id;

-- name: RevertedCall :one
update bundler_calls set reverts = reverts + 1 where id = @id returning reverts;

-- name: CountCalls :one
select count(*) from bundler_calls where chain = @chain and state in ('pooled', 'bundled');

-- name: PooledCalls :many
select * from bundler_calls where chain = @chain and state = 'pooled' order by accepted limit @max;

-- name: BundleCalls :many
select c.* from bundler_calls c
where c.id in (select a.call from bundler_attempts a where a.chain = @chain and a.executor = @executor and a.nonce = @nonce)
order by c.accepted;

-- name: AttemptCall :one
select call from bundler_attempts where tx_hash = @tx_hash;

-- name: CallInLiveBundle :one
select exists (
    select from bundler_attempts a
    join bundler_bundles b on b.chain = a.chain and b.executor = a.executor and b.nonce = a.nonce
    where a.call = @call and b.state = 'live');

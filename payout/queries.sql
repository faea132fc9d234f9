-- name: BusyLanes :many
select distinct slot_lane from payout
where chain = $1 and wallet = $2 and state in ('planned', 'built', 'signing', 'signed', 'broadcast');

-- name: DeadLanes :many
-- DeadLanes are those whose next slot belongs to orders that can never be paid there.
select distinct s.lane from payout_slots s join payout p on p.id = s.payout_id
where s.chain = $1 and s.wallet = $2 and p.state in ('expired', 'cancelled');

-- name: RefusedLanes :one
-- RefusedLanes counts the lanes held by what every signer refuses.
select count(distinct slot_lane) from payout
where chain = $1 and wallet = $2 and state = 'signing' and refusals >= sqlc.arg(refusals);

-- name: SlotAnswered :one
-- SlotAnswered says whether a signer that was asked for the slot may have signed.
select exists (
    select from payout
    where chain = $1 and wallet = $2 and slot_kind = $3 and slot_lane = $4 and slot_sequence = $5 and answered);

-- name: SlotBound :one
-- SlotBound says whether signers may have given the slot to the orders of its payout.
select exists (
    select from payout
    where chain = $1 and wallet = $2 and slot_kind = $3 and slot_lane = $4 and slot_sequence = $5 and state = 'expired'
      and (answered or exists (select from payout_signatures s where s.payout_id = payout.id)));

-- name: LiveIntents :many
select intent from payout
where chain = $1 and wallet = $2 and state in ('planned', 'built', 'signing', 'signed', 'broadcast');

-- name: LockLane :exec
select pg_advisory_xact_lock(hashtextextended('payout/lane/' || sqlc.arg(lane)::text, 0));

-- name: Deferred :many
select withdrawal_id, until, batch from payout_deferred;

-- name: DeferredAmong :many
select * from payout_deferred where withdrawal_id = any(sqlc.arg(ids)::text[]);

-- name: PutOff :exec
-- PutOff makes withdrawals wait, twice as long each time.
insert into payout_deferred (withdrawal_id, tries, until, batch)
select unnest(sqlc.arg(ids)::text[]), 1, sqlc.arg(at)::timestamptz + make_interval(secs => sqlc.arg(seconds)::float8), sqlc.arg(batch)::text
on conflict (withdrawal_id) do update
set tries = payout_deferred.tries + 1, batch = excluded.batch,
    until = sqlc.arg(at)::timestamptz + make_interval(secs => sqlc.arg(seconds)::float8 * (1 << least(payout_deferred.tries, 6)));

-- name: Wait :exec
-- Wait makes withdrawals wait, and leaves what they go with as it is.
insert into payout_deferred (withdrawal_id, tries, until)
select unnest(sqlc.arg(ids)::text[]), 0, sqlc.arg(until)::timestamptz
on conflict (withdrawal_id) do update set until = excluded.until;

-- name: TakeUp :exec
delete from payout_deferred where withdrawal_id = any(sqlc.arg(ids)::text[]);

-- name: UsedSequences :many
select sequence from payout_slots
where chain = $1 and wallet = $2 and kind = $3 and lane = $4 and sequence >= $5
order by sequence limit sqlc.arg(first);

-- name: PayoutsOf :one
select count(*) from payout_orders where withdrawal_id = $1;

-- name: RevertedOf :one
-- RevertedOf counts the payouts of a withdrawal that failed in a final block.
select count(*) from payout_orders o join payout p on p.id = o.payout_id where o.withdrawal_id = $1 and p.state = 'reverted';

-- name: Insert :exec
insert into payout (id, chain, wallet, path, purpose, slot_kind, slot_lane, slot_sequence, intent, intent_hash,
                    next_at, created_at, updated_at, path_reason)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: InsertSlot :exec
insert into payout_slots (chain, wallet, kind, lane, sequence, payout_id) values ($1, $2, $3, $4, $5, $6);

-- name: FreeSlot :exec
delete from payout_slots where payout_id = $1;

-- name: InsertOrder :exec
insert into payout_orders (payout_id, position, withdrawal_id, order_hash) values ($1, $2, $3, $4);

-- name: Orders :many
select * from payout_orders where payout_id = any(sqlc.arg(ids)::text[]) order by payout_id, position;

-- name: EndOrders :exec
update payout_orders set live = false where payout_id = $1;

-- name: Claim :one
update payout set next_at = sqlc.arg(until)::timestamptz, version = version + 1
where id = (
    select p.id from payout p
    where p.state in ('planned', 'built', 'signing', 'signed', 'broadcast') and p.alarm = '' and p.next_at <= sqlc.arg(now)::timestamptz
      and p.chain = any(sqlc.arg(chains)::text[])
    order by p.next_at, p.id limit 1 for update skip locked)
returning *;

-- name: Resume :exec
update payout set next_at = sqlc.arg(now)::timestamptz, version = version + 1
where state in ('planned', 'built', 'signing', 'signed', 'broadcast') and next_at > sqlc.arg(now)::timestamptz
  and chain = any(sqlc.arg(chains)::text[]);

-- name: Get :one
select * from payout where id = $1;

-- name: Lock :one
select * from payout where id = $1 for update;

-- name: Save :execrows
update payout
set state = sqlc.arg(state), attempts = sqlc.arg(attempts), version = sqlc.arg(version)::bigint + 1, next_at = sqlc.arg(next_at),
    tries = sqlc.arg(tries), note = sqlc.arg(note), since_height = sqlc.narg(since_height),
    included_attempt = sqlc.narg(included_attempt), tx = sqlc.narg(tx), block_height = sqlc.narg(block_height),
    block_hash = sqlc.narg(block_hash), success = sqlc.narg(success), reason = sqlc.arg(reason),
    alarm = sqlc.arg(alarm), alarm_block = sqlc.narg(alarm_block), parked = sqlc.arg(parked), refusals = sqlc.arg(refusals),
    answered = sqlc.arg(answered), refused = sqlc.arg(refused), lost_block = sqlc.narg(lost_block), lost_height = sqlc.narg(lost_height), updated_at = sqlc.arg(updated_at)
where id = sqlc.arg(id) and version = sqlc.arg(version)::bigint;

-- name: Attempts :many
select * from payout_attempts where payout_id = any(sqlc.arg(ids)::text[]) order by payout_id, number;

-- name: InsertAttempt :exec
insert into payout_attempts (payout_id, number, format, unsigned, valid_until, created_at, cancels) values ($1, $2, $3, $4, $5, $6, $7);

-- name: PlanAttempt :exec
update payout_attempts set planned = $3 where payout_id = $1 and number = $2;

-- name: CostAttempt :exec
update payout_attempts set cost = $3 where payout_id = $1 and number = $2;

-- name: AddSpent :exec
insert into payout_spent (chain, resource, source, amount) values ($1, $2, $3, $4)
on conflict (chain, resource, source) do update set amount = payout_spent.amount + excluded.amount;

-- name: Spent :many
select * from payout_spent where chain = $1 order by resource, source;

-- name: SignAttempt :execrows
update payout_attempts set signed_id = $3, signed = $4 where payout_id = $1 and number = $2 and signed_id is null;

-- name: MarkBroadcast :exec
update payout_attempts set broadcast_at = coalesce(broadcast_at, sqlc.arg(at)::timestamptz) where payout_id = $1 and number = $2;

-- name: InsertSignature :exec
-- InsertSignature takes the place of an earlier one, which may have been bad.
insert into payout_signatures (payout_id, attempt, digest, signer, key, signature, created_at)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (payout_id, attempt, digest, signer) do update
set key = excluded.key, signature = excluded.signature, created_at = excluded.created_at;

-- name: Signatures :many
select * from payout_signatures where payout_id = $1 and attempt = $2 order by signer, digest;

-- name: CountSignatures :one
select count(*) from payout_signatures where payout_id = $1;

-- name: InsertCursor :exec
insert into payout_cursor (chain) values ($1) on conflict (chain) do nothing;

-- name: LockCursor :one
select * from payout_cursor where chain = $1 for update;

-- name: Cursor :one
select * from payout_cursor where chain = $1;

-- name: SaveCursor :exec
update payout_cursor set next_offset = $2, sequence = $3, epoch = $4, height = $5, block_hash = $6, final = $7 where chain = $1;

-- name: InsertBlock :exec
insert into payout_blocks (chain, height, hash, at) values ($1, $2, $3, $4);

-- name: DeleteBlock :exec
delete from payout_blocks where chain = $1 and height = $2;

-- name: BlockAt :one
select at from payout_blocks where chain = $1 and height = $2;

-- name: PruneBlocks :exec
delete from payout_blocks where chain = $1 and height < sqlc.arg(below)::bigint;

-- name: AttemptsBySignedID :many
-- AttemptsBySignedID finds the payout that is not dead where several had the same id.
select distinct on (a.signed_id) a.payout_id, a.number, a.signed_id, a.cancels, p.chain, p.state
from payout_attempts a join payout p on p.id = a.payout_id
where a.signed_id = any(sqlc.arg(ids)::bytea[])
order by a.signed_id, p.state = 'expired', p.created_at desc;

-- name: PayoutBySlot :one
select payout_id from payout_slots where chain = $1 and wallet = $2 and kind = $3 and lane = $4 and sequence = $5;

-- name: PayoutsBySafe :many
-- PayoutsBySafe are the Safe transactions of a wallet that are on their way.
select id from payout
where chain = $1 and wallet = $2 and slot_kind = 'safe' and state in ('signing', 'signed', 'broadcast') order by id;

-- name: LockIncludedIn :many
select * from payout where chain = $1 and state = 'included' and block_hash = $2 order by id for update;

-- name: LockAlarmedBy :many
select * from payout
where chain = $1 and (alarm_block = sqlc.arg(hash)::bytea and alarm <> '' or lost_block = sqlc.arg(hash)::bytea)
order by id for update;

-- name: LockLost :many
-- LockLost finds payouts whose slot a final block gave to something else, and people know.
select * from payout
where chain = $1 and state in ('signing', 'signed', 'broadcast') and alarm = '' and lost_height <= sqlc.arg(final)::bigint
  and slot_kind <> 'safe'
order by id limit sqlc.arg(first) for update;

-- name: LockOrphans :many
-- LockOrphans finds payouts whose first coin is an output of an attempt that did not land before
-- its payout ended.
select c.* from payout c
join payout_attempts a on a.signed_id = decode(split_part(c.slot_lane, ':', 1), 'hex')
join payout p on p.id = a.payout_id
where c.chain = $1 and c.slot_kind = 'coin' and c.state in ('signing', 'signed', 'broadcast') and c.alarm = ''
  and p.state in ('final', 'reverted', 'expired', 'cancelled') and p.included_attempt is distinct from a.number
order by c.id limit sqlc.arg(first) for update of c;

-- name: HasChild :one
-- HasChild says whether a payout on its way, that was signed, spends an output of an attempt of
-- one that did not land.
select exists (
    select from payout c join payout_attempts a on a.signed_id = decode(split_part(c.slot_lane, ':', 1), 'hex')
    where a.payout_id = $1 and c.slot_kind = 'coin' and c.state in ('signed', 'broadcast'));

-- name: LostSafe :many
-- LostSafe finds the same among those that may have lost a Safe's nonce.
select p.* from payout p join payout_cursor c on c.chain = p.chain
where p.chain = $1 and p.state in ('signing', 'signed', 'broadcast') and p.alarm = '' and p.lost_height <= c.final
  and p.slot_kind = 'safe'
order by p.id limit sqlc.arg(first);

-- name: LockFinal :many
select * from payout
where chain = $1 and state = 'included' and alarm = '' and block_height <= sqlc.arg(final)::bigint
order by block_height, id limit sqlc.arg(first) for update;

-- name: LockExpired :many
select * from payout p
where p.chain = $1 and p.state in ('signing', 'signed', 'broadcast') and p.alarm = '' and p.lost_block is null
  and not exists (select from payout_attempts a where a.payout_id = p.id
                  and (a.valid_until is null or a.valid_until >= sqlc.arg(final_time)::timestamptz))
order by p.id limit sqlc.arg(first) for update;

-- name: RecordEntry :exec
insert into payout_entries (chain, height, hash, entry) values ($1, $2, $3, $4);

-- name: EntriesOf :many
select entry from payout_entries where chain = $1 and hash = $2 order by position desc;

-- name: DropEntries :exec
delete from payout_entries where chain = $1 and hash = $2;

-- name: PruneEntries :exec
delete from payout_entries where chain = $1 and height <= sqlc.arg(final)::bigint;

-- name: Alarms :many
select * from payout where alarm <> '' or parked <> '' order by updated_at desc, id limit sqlc.arg(first);

-- name: InsertSweep :exec
insert into payout_sweeps (payout_id, position, chain, forwarder, salt, asset, expected) values ($1, $2, $3, $4, $5, $6, $7);

-- name: Sweeps :many
select * from payout_sweeps where payout_id = $1 order by position;

-- name: EndSweeps :exec
update payout_sweeps set live = false where payout_id = $1;

-- name: LiveSweeps :many
select * from payout_sweeps where chain = $1 and live order by payout_id, position;

-- name: SweptAmong :many
-- SweptAmong are those addresses that were ever swept.
select distinct forwarder from payout_sweeps where chain = $1 and forwarder = any(sqlc.arg(addresses)::text[]);

-- name: LiveDelegations :many
select intent from payout
where chain = $1 and purpose = 'delegate' and state in ('planned', 'built', 'signing', 'signed', 'broadcast') order by id;

-- name: DeferredSweeps :many
select * from payout_sweeps_deferred where chain = $1 order by quarantined desc, until, forwarder, asset limit sqlc.arg(first);

-- name: PayoutsInSlot :one
select count(*) from payout where chain = $1 and wallet = $2 and slot_kind = $3 and slot_lane = $4 and slot_sequence = $5;

-- name: AddSweepMove :exec
insert into payout_sweep_moves (payout_id, position, block_hash, tx, ref, amount) values ($1, $2, $3, $4, $5, $6);

-- name: DropSweepMoves :exec
delete from payout_sweep_moves where block_hash = $1;

-- name: IdleSweeps :many
-- IdleSweeps are those of a payout of which no block shows that anything moved.
select s.* from payout_sweeps s
where s.payout_id = $1 and s.expected > 0 and not exists (
    select from payout_sweep_moves m where m.payout_id = s.payout_id and m.position = s.position)
order by s.position;

-- name: PutSweepOff :exec
-- PutSweepOff doubles the wait with each try, for as long as the factor says.
insert into payout_sweeps_deferred (chain, forwarder, asset, tries, until, quarantined, reason)
values (sqlc.arg(chain), sqlc.arg(forwarder), sqlc.arg(asset), 1,
        sqlc.arg(at)::timestamptz + make_interval(secs => sqlc.arg(seconds)::bigint), sqlc.arg(quarantined), sqlc.arg(reason))
on conflict (chain, forwarder, asset) do update
set tries = payout_sweeps_deferred.tries + 1, quarantined = excluded.quarantined, reason = excluded.reason,
    until = sqlc.arg(at)::timestamptz + make_interval(secs => sqlc.arg(seconds)::bigint * (1 << least(payout_sweeps_deferred.tries, 10)));

-- name: TakeSweepUp :exec
-- TakeSweepUp forgets why sweeps of a payout were put off, for those that moved something.
delete from payout_sweeps_deferred d
using payout_sweeps s
where s.payout_id = $1 and d.chain = s.chain and d.forwarder = s.forwarder and d.asset = s.asset
  and exists (select from payout_sweep_moves m where m.payout_id = s.payout_id and m.position = s.position);

-- name: CountOpen :many
select state, count(*) as payouts, count(*) filter (where parked <> '') as parked, count(*) filter (where alarm <> '') as alarmed
from payout where chain = $1 and state in ('planned', 'built', 'signing', 'signed', 'broadcast', 'included')
group by state;

-- name: MarkUnproven :exec
update payout_orders set unproven = true where payout_id = $1 and position = any(sqlc.arg(positions)::integer[]);

-- name: MarkProven :exec
update payout_orders set unproven = false where payout_id = $1;

-- name: Unproven :many
select position from payout_orders where payout_id = $1 and unproven order by position;

-- name: InsertAudit :exec
insert into payout_audit (payout_id, action, actor, note, at) values ($1, $2, $3, $4, $5);

-- name: Audit :many
select * from payout_audit where payout_id = $1 order by id limit sqlc.arg(first);

-- name: ReleaseSweeps :execrows
delete from payout_sweeps_deferred where chain = $1 and forwarder = $2;

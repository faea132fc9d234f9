-- name: SignerLog :one
select * from signer_log where signer = $1;

-- name: SignerLogs :many
select * from signer_log order by signer;

-- name: SaveSignerLog :exec
insert into signer_log (signer, sequence, head, updated_at) values ($1, $2, $3, $4)
on conflict (signer) do update set sequence = excluded.sequence, head = excluded.head, updated_at = excluded.updated_at;

-- name: InsertSignerRecord :exec
insert into signer_record (signer, sequence, hash, line, missing) values ($1, $2, $3, $4, $5);

-- name: DropSignerRecords :exec
delete from signer_record where signer = $1 and sequence >= sqlc.arg(sequence)::bigint;

-- name: SignerRecordHash :one
select hash from signer_record where signer = $1 and sequence = $2;

-- name: SignerRecords :many
select * from signer_record where signer = $1 and sequence > sqlc.arg(after)::bigint order by sequence limit sqlc.arg(first);

-- name: MissingRecords :many
select * from signer_record where missing order by signer, sequence limit sqlc.arg(first);

-- name: CountMissing :one
select count(*) from signer_record where missing;

-- name: FoundRecord :exec
update signer_record set missing = false where signer = $1 and sequence = $2;

-- name: Halt :one
select * from payout_halt;

-- name: InsertHalt :execrows
insert into payout_halt (hash, reason, since) values ($1, $2, $3) on conflict (singleton) do nothing;

-- name: DeleteHalt :execrows
delete from payout_halt where hash = $1;

-- name: InsertHaltEnded :exec
insert into payout_halt_ended (hash, reason, since, statement, people, ended_at) values ($1, $2, $3, $4, $5, $6);

-- name: UnsignedPayouts :many
select * from payout where state in ('planned', 'built') order by id limit sqlc.arg(first);

-- name: InsertRestoredAttempt :exec
insert into payout_attempts (payout_id, number, format, unsigned, valid_until, signed_id, signed, created_at, cancels)
values ($1, $2, $3, '', sqlc.narg(valid_until), $4, '', $5, $6);

-- name: InsertRestoredSweep :exec
-- InsertRestoredSweep stores a leg that signers know. Another sweep of the same may be on its way
-- here, or be made again from another signer's log: the first one is the live one.
insert into payout_sweeps (payout_id, position, chain, forwarder, salt, asset, expected, live)
select $1, $2, $3, $4, $5, $6, 0, not exists (
    select from payout_sweeps s where s.chain = $3 and s.forwarder = $4 and s.asset = $6 and s.live);

-- name: UnsignedAttempts :many
-- UnsignedAttempts are the payouts on their way with an attempt that signers were asked for
-- and that has no signatures here.
select p.* from payout p
where p.chain = $1 and p.wallet = $2 and p.state in ('signing', 'signed', 'broadcast')
  and exists (select from payout_attempts a where a.payout_id = p.id and a.signed_id is null)
order by p.id limit sqlc.arg(first);

-- name: MarkAnswered :exec
update payout set answered = true, version = version + 1 where id = $1 and not answered;

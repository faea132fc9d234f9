-- name: WhichCopy :one
select payout_copy()::text;

-- name: IsAdmitted :one
select payout_is_admitted()::boolean;

-- name: SetAdmitted :execrows
insert into payout_admitted (server_start, noted, at)
select pg_postmaster_start_time(), pg_current_xact_id(), sqlc.arg(at)::timestamptz where payout_copy() = sqlc.arg(copy)::text
on conflict (singleton) do update set server_start = excluded.server_start, noted = excluded.noted, at = excluded.at;

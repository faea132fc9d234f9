-- name: LockPartition :one
select id, head, tail from stream_partition
where topic = @topic and partition = @partition
for update;

-- name: EnsurePartition :exec
insert into stream_partition (topic, partition) values (@topic, @partition)
on conflict do nothing;

-- name: Partition :one
select id, head, tail from stream_partition
where topic = @topic and partition = @partition;

-- name: InsertRecords :exec
insert into stream_record (partition_id, "offset", key, value, headers, appended_at)
select @partition_id, unnest(@offsets::bigint[]), unnest(@keys::text[]), unnest(@contents::bytea[]), unnest(@headers::jsonb[]), @appended_at;

-- name: MoveTail :exec
update stream_partition set tail = @tail where id = @id;

-- name: Wake :exec
select pg_notify('coffer_stream', @partition::text);

-- name: ReadRecords :many
select sized."offset", sized.key, sized.value, sized.headers, sized.appended_at
from (
    select r."offset", r.key, r.value, r.headers, r.appended_at,
        sum(octet_length(r.value)) over (order by r."offset") - octet_length(r.value) as bytes_before
    from (
        select "offset", key, value, headers, appended_at from stream_record
        where partition_id = (select id from stream_partition p where p.topic = @topic and p.partition = @partition)
            and "offset" >= @first_offset
        order by "offset"
        limit @max_records
    ) r
) sized
where sized.bytes_before < @max_bytes::bigint
order by sized."offset";

-- name: InsertOutbox :exec
-- One row of stream_commit a transaction. A row that has its place already is another
-- transaction's, with the same number, from before the database was moved to another server.
with mark as (
    insert into stream_commit default values
    on conflict (xid) do update set place = null where stream_commit.place is not null
)
insert into stream_outbox (topic, partition, key, value, headers, appended_at)
select @topic, @partition, unnest(@keys::text[]), unnest(@contents::bytea[]), unnest(@headers::jsonb[]), @appended_at;

-- name: OutboxHasRows :one
select exists (select from stream_commit);

-- name: LockSequencer :exec
select pg_advisory_xact_lock(@lock_key::bigint);

-- name: PickCommits :many
-- The next transactions, as many as stay below max_bytes, and at least one.
select counted.place
from (
    select picked.place, sum(size.bytes) over (order by picked.place) - size.bytes as bytes_before
    from (
        select xid, coalesce(place, 0)::bigint as place from stream_commit
        where place is not null
        order by stream_commit.place
        limit @max_commits
        for update skip locked
    ) picked
    cross join lateral (
        select coalesce(sum(octet_length(o.value) + @record_bytes::bigint), 0)::bigint as bytes from stream_outbox o
        where o.xid = picked.xid
    ) size
) counted
where counted.bytes_before < @max_bytes::bigint
order by counted.place;

-- name: EnsureOutboxPartitions :exec
insert into stream_partition (topic, partition)
select distinct o.topic, o.partition
from stream_outbox o join stream_commit c on c.xid = o.xid
where c.place = any (@places::bigint[])
on conflict do nothing;

-- name: LockOutboxPartitions :many
select p.id, p.topic, p.partition from stream_partition p
where exists (
    select from stream_outbox o join stream_commit c on c.xid = o.xid
    where c.place = any (@places::bigint[]) and o.topic = p.topic and o.partition = p.partition
)
order by p.id
for update;

-- name: MoveOutbox :execrows
insert into stream_record (partition_id, "offset", key, value, headers, appended_at)
select p.id, p.tail + row_number() over (partition by p.id order by c.place, o.id) - 1, o.key, o.value, o.headers, o.appended_at
from stream_outbox o
join stream_commit c on c.xid = o.xid
join stream_partition p on p.topic = o.topic and p.partition = o.partition
where c.place = any (@places::bigint[]);

-- name: MoveOutboxTails :exec
update stream_partition p set tail = p.tail + moved.n
from (
    select o.topic, o.partition, count(*) as n
    from stream_outbox o join stream_commit c on c.xid = o.xid
    where c.place = any (@places::bigint[])
    group by o.topic, o.partition
) moved
where p.topic = moved.topic and p.partition = moved.partition;

-- name: DeleteOutbox :exec
delete from stream_outbox o using stream_commit c
where c.xid = o.xid and c.place = any (@places::bigint[]);

-- name: DeleteCommits :exec
delete from stream_commit where place = any (@places::bigint[]);

-- name: HeadersAt :one
select headers from stream_record where partition_id = @partition_id and "offset" = @at_offset;

-- name: MoveHead :exec
update stream_partition set head = @head where id = @id;

-- name: DeleteTrimmed :execrows
delete from stream_record r
where r.partition_id = @partition_id and r."offset" in (
    select d."offset" from stream_record d
    where d.partition_id = @partition_id and d."offset" < @before
    order by d."offset"
    limit @max_records
);

-- name: AcquireLease :one
insert into stream_lease (name, holder, epoch, expires) values (@name, @holder, 1, @expires)
on conflict (name) do update
set holder = excluded.holder, epoch = stream_lease.epoch + 1, expires = excluded.expires
where stream_lease.expires <= @acquired_at or stream_lease.holder = excluded.holder
returning epoch;

-- name: RenewLease :execrows
update stream_lease set expires = @expires
where name = @name and holder = @holder and epoch = @epoch;

-- name: Lease :one
select name, holder, epoch, expires from stream_lease where name = @name;

-- name: ShareLease :one
select holder, epoch from stream_lease where name = @name for share;

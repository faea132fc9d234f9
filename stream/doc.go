// Package stream is the log between the parts of Coffer: topics of partitions of records
// with gap-free offsets in the order in which they were committed. [Log] is the contract,
// which package streamtest checks; [Postgres] is the default implementation.
//
// A consumer keeps the offset of the next record it wants in the database, and moves it in
// the transaction that applies the record's effects. That makes the effects happen exactly
// once on any log, so that a log only has to deliver every record at least once, always
// the same.
//
// # Two ways in
//
// [Postgres.Append] is a transaction of its own. It locks the partition's row, compares
// its tail with what the writer expects, and writes records and tail. A writer that names
// the tail it expects learns that somebody else was there first (ErrTail); whoever loses
// an answer reads the tail and sees whether the append happened.
//
// [Postgres.AppendTx] is part of the transaction whose facts it states. It must not hold
// a lock that every such transaction wants, so it leaves the records in an outbox, and
// the sequencer ([Postgres.Sequence]) moves them into the log:
//
//	AppendTx            commit of the caller            Sequence
//	outbox row ───────▶ place in commit order ───────▶ offset, readable
//	   │
//	   └── rollback: never was
//
// # Why nothing is skipped and the order is the order of commits
//
// Numbers drawn when a row is written appear in another order than they were drawn:
// a reader that remembers "seen up to 7" skips 6 when its transaction commits later. The
// sequencer remembers no number. It takes what is in the outbox, visible to a snapshot
// taken while it holds the sequencer's lock, and deletes what it took in the transaction
// that gives out the offsets. A row of a transaction in flight is not visible, stays, and
// is taken later, with a later offset.
//
// For the order, every transaction with outbox rows has one row in stream_commit, keyed by
// its pg_current_xact_id(), whose place is drawn from a sequence by a deferred trigger:
// after the caller's last statement, during commit. Take two transactions A and B, where
// A's commit had returned before B's began, the only case in which anybody can say that
// A came first; it holds in particular when B waited for a row lock of A. Then A drew the
// smaller place. And any snapshot that sees B sees A. So either the same step takes both,
// and orders them by place, or an earlier step took A alone. Commits that overlap in
// time have no order that anybody could observe, and get the one of the log. Records of
// one transaction stay together, in the order in which they were appended.
//
// # Large events
//
// A record's value is at most MaxValue bytes. [Split] cuts a larger event into parts that
// carry the event's sequence, the writer's epoch, i of n and the hash of the whole;
// [Assembler] puts them together again. An event takes effect whole: a set that was cut
// short is dropped when a first part follows. [Postgres.Trim] cuts between events only.
//
// # Leases
//
// A lease says who may act in a role. Its epoch grows with every change of hands. A holder
// who slept through the end of his lease cannot write beside his successor: a record carries
// the epoch and [Postgres.Append] the tail that the writer expects, so that of two writers
// one wins, and readers refuse an epoch that goes back. Where a transaction writes rows
// instead, [CheckLease] holds the lease's row until it ends.
package stream

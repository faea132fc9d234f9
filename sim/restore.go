package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/withdrawal"
)

// tables are those of the system, but for the version's.
func (w *World) tables() []string {
	return w.strings(`select quote_ident(c.relname) from pg_class c
		where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relispartition and c.relname <> 'goose_db_version'`)
}

func (w *World) exec(statements ...string) {
	_, err := w.db.Pool().Exec(w.ctx, strings.Join(statements, ";\n"))
	w.must(err)
}

// actBackup copies every table. Whoever pays has read the signers' logs before.
func (w *World) actBackup(rng *rand.Rand) {
	w.anyWorker(rng).admit()
	statements := []string{"drop schema if exists backup cascade", "create schema backup"}
	for _, table := range w.tables() {
		statements = append(statements, fmt.Sprintf("create table backup.%s as table public.%s", table, table))
	}
	w.exec(statements...)
	w.copied = true
	w.tell("a copy of the database is made")
}

// actRestore puts the copy back under signers that have signed since, and does what operators do
// then (docs/restore.md).
func (w *World) actRestore(rng *rand.Rand) {
	if !w.copied {
		return
	}
	w.seen["restored"]++
	for _, k := range w.workers {
		k.process.Arm(0)
		if k.process.Died() == "" {
			k.process.Kill()
		}
		w.must(k.process.Close(w.db))
	}
	statements := []string{"begin", "set local session_replication_role = replica"} // no triggers
	for _, table := range w.tables() {
		statements = append(statements, "delete from public."+table,
			fmt.Sprintf("insert into public.%s overriding system value table backup.%s", table, table))
	}
	w.exec(append(statements, "commit")...)
	for _, c := range w.chains {
		w.views[c.id] = newView(w, c)
	}
	w.heard = subscriber{last: map[string]coffer.Event{}}
	w.later(2 * leaseTTL) // whoever held a lease then does not any more
	for _, k := range w.workers {
		k.start(0)
	}
	w.forget()
	dies := 0
	if rng.IntN(2) == 0 {
		dies = between(rng, 1, 300)
	}
	done := w.recover(w.workers[0], dies)
	w.seen["payouts made again"] += done.Payouts
	w.seen["orders made again"] += done.Orders
	w.tell("the copy of the database is put back: %d payouts and %d orders are made again from the signers' logs", done.Payouts, done.Orders)
	for _, k := range w.workers {
		k.admit()
	}
}

// forget lets customers forget the withdrawals that the copy does not have: they ask again, or
// never.
func (w *World) forget() {
	known := map[string]bool{}
	for _, id := range w.strings("select id from withdrawal") {
		known[id] = true
	}
	for _, wish := range w.wishes {
		if !known[wish.got.ID] {
			wish.got = coffer.Withdrawal{}
		}
	}
}

// maxImports is how often a person looks before an import must have come to its end.
const maxImports = 20

// recover imports what signers know and the database does not. The process dies at its n-th point,
// and another begins again; 0 lets it live.
func (w *World) recover(k *worker, n int) (done payout.Imported) {
	for _, c := range w.chains {
		c.Lag(0)
	}
	k.process.Arm(n)
	for {
		imported, err := w.restored(k)
		done.Payouts, done.Attempts, done.Orders = done.Payouts+imported.Payouts, done.Attempts+imported.Attempts, done.Orders+imported.Orders
		at := k.process.Died()
		if at == "" {
			w.must(err)
			k.process.Arm(0)
			return done
		}
		w.seen["died after a restore"]++
		w.tell("      %s died at %q while signers' logs were imported", k.name, at)
		w.must(k.process.Close(w.db))
		k.start(0)
	}
}

// restored is what operators do after a restore (docs/restore.md).
func (w *World) restored(k *worker) (done payout.Imported, err error) {
	k.index(200, w.chains...)
	k.deposit(2000, w.chains...)
	var logs []payout.SignerLog
	for _, s := range w.signers {
		logs = append(logs, heard{s, k.process})
	}
	if err := k.payouts.Admit(w.ctx, logs, threshold, func(string, error) {}); err == nil || !errors.Is(err, payout.ErrHalted) {
		return done, err
	}
	halt, err := payout.Halted(w.ctx, w.db)
	if err != nil {
		return done, err
	}
	for range maxImports {
		var step payout.Imported
		step, err = k.payouts.Import(w.ctx, readLine)
		done.Payouts, done.Attempts, done.Orders = done.Payouts+step.Payouts, done.Attempts+step.Attempts, done.Orders+step.Orders
		if !errors.Is(err, withdrawal.ErrElsewhere) {
			break
		}
		w.clearAlarms() // a person let a payout go after the copy was made
	}
	if err != nil {
		return done, err
	}
	if err := k.payouts.Unhalt(w.ctx, halt.Hash, "statement", []string{"alice", "bob"}); err != nil {
		return done, err
	}
	for _, c := range w.chains { // addresses for change that are known again have a past
		for more, n := true, 0; more && n < maxImports; n++ {
			if more, err = k.deposits.Backfill(w.ctx, c.id); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

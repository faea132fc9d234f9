package sim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/indexer"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/stream"
	"github.com/cofferhq/coffer/tron"
)

// errAway is what a signer that is away says.
var errAway = coffer.Errorf(coffer.CodeUnavailable, "the signer is away")

// record writes down what is about to be signed.
func (k *tronKey) record(r coffer.SigningRequest, e coffer.Effects) {
	intent := r.Intent
	text, err := json.Marshal(logLine{k.end(len(k.records)), &payout.LoggedPayout{
		ID: intent.ID, IntentHash: intent.Hash(), Intent: &intent, Orders: r.Orders, ValidUntil: e.ValidUntil, IDs: e.Digests,
	}})
	if err != nil {
		panic(err)
	}
	rec, err := readLine(text, uint64(len(k.records)+1))
	if err != nil {
		panic(err)
	}
	k.records = append(k.records, rec)
}

// end is the hash of the n-th record.
func (k *tronKey) end(n int) coffer.Hash {
	if n == 0 {
		return coffer.Hash{}
	}
	return k.records[n-1].Hash
}

// Read implements payout.SignerLog.
func (k *tronKey) Read(_ context.Context, after uint64, _ coffer.Hash) (payout.LogPage, error) {
	if k.away {
		return payout.LogPage{}, errAway
	}
	page := payout.LogPage{Sequence: uint64(len(k.records)), Head: k.end(len(k.records))}
	page.Records = slices.Clone(k.records[min(after, page.Sequence):])
	return page, nil
}

// Seen implements payout.SignerLog.
func (k *tronKey) Seen(context.Context, uint64, coffer.Hash) error { return nil }

func (w *tronWorld) exec(statements ...string) {
	w.t.Helper()
	_, err := w.db.Pool().Exec(w.t.Context(), strings.Join(statements, ";\n"))
	w.must(err)
}

func (w *tronWorld) tables() (names []string) {
	w.t.Helper()
	rows, err := w.db.Pool().Query(w.t.Context(), `select quote_ident(c.relname) from pg_class c
		where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relispartition and c.relname <> 'goose_db_version'`)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		var name string
		w.must(rows.Scan(&name))
		names = append(names, name)
	}
	w.must(rows.Err())
	return names
}

// backup copies every table.
func (w *tronWorld) backup() {
	w.t.Helper()
	statements := []string{"create schema backup"}
	for _, table := range w.tables() {
		statements = append(statements, fmt.Sprintf("create table backup.%s as table public.%s", table, table))
	}
	w.exec(statements...)
}

// restore puts the copy back, and starts from it.
func (w *tronWorld) restore() {
	w.t.Helper()
	statements := []string{"begin", "set local session_replication_role = replica"} // no triggers
	for _, table := range w.tables() {
		statements = append(statements, "delete from public."+table,
			fmt.Sprintf("insert into public.%s overriding system value table backup.%s", table, table))
	}
	w.exec(append(statements, "commit")...)
	var err error
	w.indexer, err = indexer.New(indexer.Config{
		Source: tron.NewSource(w.client), Log: stream.NewPostgres(w.db, w.clock), DB: w.db, Clock: w.clock, Holder: "test", Start: w.began.Height + 1,
	})
	w.must(err)
	w.must(w.payouts.Resume(w.t.Context()))
}

// admit reads the signers' logs, and imports what the database lacks of them.
func (w *tronWorld) admit() payout.Imported {
	w.t.Helper()
	logs := make([]payout.SignerLog, len(w.signers))
	for n, s := range w.signers {
		logs[n] = s
	}
	ctx := w.t.Context()
	err := w.payouts.Admit(ctx, logs, 2, func(string, error) {})
	if err == nil {
		return payout.Imported{}
	}
	if !errors.Is(err, payout.ErrHalted) {
		w.t.Fatal("admit: ", err)
	}
	halt, err := payout.Halted(ctx, w.db)
	w.must(err)
	done, err := w.payouts.Import(ctx, readLine)
	w.must(err)
	w.must(w.payouts.Unhalt(ctx, halt.Hash, "statement", []string{"alice", "bob"}))
	w.must(w.payouts.Admit(ctx, logs, 2, func(string, error) {}))
	return done
}

// sweptBy counts the sweeps in a signer's log by address.
func (k *tronKey) sweptBy() map[coffer.Address]int {
	count := map[coffer.Address]int{}
	for _, rec := range k.records {
		for _, s := range rec.Payout.Intent.Sweeps {
			count[s.Forwarder]++
		}
	}
	return count
}

// A database from before two sweeps is put back under the signers. What they signed is made again,
// the blocks are read again, and nothing is lent or swept twice. The log of the one signer
// that signs sweeps is read at once, or only after the blocks were read again.
func TestARestoredDatabaseSweepsNothingTwiceOnTRON(t *testing.T) {
	for name, late := range map[string]bool{"the sweeper's log is read": false, "the sweeper is away": true} {
		t.Run(name, func(t *testing.T) {
			w := newTRONSweeps(t)
			sweeper := w.signers[1]
			addresses := w.arrive(100*usdtUnits, 50*usdtUnits)
			w.admit()
			w.backup()
			w.run(6)
			if len(sweeper.sweptBy()) != 2 {
				t.Fatalf("swept %v, want two addresses", sweeper.sweptBy())
			}
			slots := map[coffer.Slot]string{}
			for _, s := range w.signers {
				for _, rec := range s.records {
					slots[rec.Payout.Intent.Slot] = rec.Payout.ID
				}
			}

			w.restore()
			sweeper.away = late
			if done := w.admit(); done.Payouts < 4 {
				t.Errorf("imported %+v, want two sweeps and what was lent", done)
			}
			w.follow()
			w.run(3)
			if late {
				sweeper.away = false
				if done := w.admit(); done.Payouts != 2 {
					t.Errorf("imported %+v of the sweeper, want two sweeps", done)
				}
			}
			w.run(4 * tronSolid)
			if late { // what landed unseen ends with its time, ten minutes
				w.mine(220)
				w.run(3)
			}
			w.wantSwept(150*usdtUnits, addresses...)
			for _, s := range w.signers {
				for _, rec := range s.records {
					if id, known := slots[rec.Payout.Intent.Slot]; known && id != rec.Payout.ID {
						t.Errorf("slot %s was that of payout %s, and is that of %s", rec.Payout.Intent.Slot, id, rec.Payout.ID)
					}
				}
			}
			for address, n := range sweeper.sweptBy() {
				if n != 1 {
					t.Errorf("%s was swept %d times", address, n)
				}
			}
		})
	}
}

package ledger_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestTablesRefuseChange(t *testing.T) {
	b := newBooks(t)
	b.spendable(alice, 100)
	b.must(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("w1", alice, 10), start) })
	b.must(func(tx pgx.Tx) error { return b.VoidHold(t.Context(), tx, "w1", start) })
	b.sealAll()

	for _, sql := range []string{
		"update ledger_entry set kind = 'x'",
		"delete from ledger_entry",
		"truncate ledger_entry cascade",
		"update ledger_posting set amount = amount * 2",
		"delete from ledger_posting",
		"truncate ledger_posting",
		"update ledger_commit set place = place + 1000",
		"delete from ledger_commit",
		"truncate ledger_commit",
		"update ledger_seal set entries = 1",
		"delete from ledger_seal",
		"update ledger_hold set state = 'active', ended = null",
		"update ledger_hold set amount = 11",
		"delete from ledger_hold",
		"update ledger_balance set available = -1",
		// An entry of this transaction that does not balance, or has no postings.
		`with e as (insert into ledger_entry (id, kind, resource, chain, at, content) values ('x', 'x', '', '', now(), sha256('x')) returning seq)
			insert into ledger_posting (entry, ordinal, account, asset, amount) select seq, 0, 'equity:opening', 'a', 5 from e`,
		`insert into ledger_entry (id, kind, resource, chain, at, content) values ('x', 'x', '', '', now(), sha256('x'))`,
		// Two assets that only balance together.
		`with e as (insert into ledger_entry (id, kind, resource, chain, at, content) values ('x', 'x', '', '', now(), sha256('x')) returning seq)
			insert into ledger_posting (entry, ordinal, account, asset, amount)
			select seq, 0, 'equity:opening', 'a', 5 from e union all select seq, 1, 'equity:opening', 'b', -5 from e`,
		// An entry that says another transaction wrote it.
		`insert into ledger_entry (id, kind, resource, chain, at, content, xid) values ('x', 'x', '', '', now(), sha256('x'), '3')`,
		// Balanced postings added to an entry of the past, or to none.
		`insert into ledger_posting (entry, ordinal, account, asset, amount)
			select min(seq), 10 + n, 'equity:opening', 'a', 3 - 2 * n from ledger_entry cross join (values (1), (2)) v (n) group by n`,
		`insert into ledger_posting (entry, ordinal, account, asset, amount) values (-1, 0, 'equity:opening', 'a', 1), (-1, 1, 'equity:opening', 'a', -1)`,
	} {
		err := b.tx(func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), sql)
			return err
		})
		if err == nil {
			t.Errorf("accepted: %s", sql)
		}
	}
	b.wantSound()
}

func TestUnbalancedEntryIsRefusedAfterEarlyCheck(t *testing.T) {
	b := newBooks(t)
	err := b.tx(func(tx pgx.Tx) error {
		if err := b.Post(t.Context(), tx, credit("d1", alice, 1, 1)); err != nil {
			return err
		}
		if _, err := tx.Exec(t.Context(), "set constraints all immediate"); err != nil {
			return err
		}
		if _, err := tx.Exec(t.Context(), "set constraints all deferred"); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `insert into ledger_posting (entry, ordinal, account, asset, amount) select seq, 9, 'equity:opening', 'a', 5 from ledger_entry`)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "does not sum to zero") {
		t.Fatalf("got %v, want a refusal", err)
	}
}

// TestVerifyFindsWhatASuperuserChanged turns the triggers off, as only a superuser can.
func TestVerifyFindsWhatASuperuserChanged(t *testing.T) {
	const rehash = `update ledger_entry set content = sha256('forged') where id = 'd1';`
	for _, c := range []struct{ name, sql, want string }{
		{"amount of a posting", "update ledger_posting set amount = amount * 2 where entry = (select seq from ledger_entry where id = 'd1')", `entry "d1"`},
		{"account of a posting", "update ledger_posting set account = 'user:acct_eve:pending' where account = 'user:acct_alice:pending' and amount = -7", `entry "d1"`},
		{"order of postings", "update ledger_posting set ordinal = 2 - ordinal where entry = (select seq from ledger_entry where id = 'd1')", `entry "d1"`},
		{"block of an entry", "update ledger_entry set height = 8 where id = 'd1'", `entry "d1"`},
		{"time of an entry", "update ledger_entry set at = at + interval '1 microsecond' where id = 'd1'", `entry "d1"`},
		{"entry and its content hash", rehash, `entry "d1"`},
		{"postings taken away", "delete from ledger_posting where entry = (select seq from ledger_entry where id = 'd1')", `entry "d1" has no postings`},
		{"entry taken away", "delete from ledger_posting where entry = (select seq from ledger_entry where id = 'd1'); delete from ledger_entry where id = 'd1'", "seal 1 covers"},
		{"order of commits", "update ledger_commit set place = -place; update ledger_commit c set place = (select max(-place) + 1 from ledger_commit) + c.place", "seal 1"},
		{"seal", "update ledger_seal set blocks = '' where number = 1", "seal 1 covers"},
		{"time of a seal", "update ledger_seal set sealed_at = sealed_at + interval '1 microsecond'", "seal 1 covers"},
		{"first seal taken away", "delete from ledger_seal where number = 1", "seal 2 does not follow seal 0"},
		{"commit taken away", "delete from ledger_commit where place = (select max(place) from ledger_commit)", `entry "late" belongs to no commit`},
		{"posting from nowhere", "insert into ledger_posting (entry, ordinal, account, asset, amount) values (-1, 0, 'equity:opening', 'a', 1)", "posting to equity:opening belongs to no entry"},
		{"balance", "update ledger_balance set available = available + 1 where account = 'acct_alice'", "balance user:acct_alice:available"},
		{"balance from nowhere", "insert into ledger_balance (account, asset, available, pending, held, review) values ('acct_eve', 'a', 5, 0, 0, 0)", "balance user:acct_eve:available"},
		{"balance taken away", "delete from ledger_balance where account = 'acct_alice'", "balance user:acct_alice:"},
		{"hold", "update ledger_hold set amount = amount + 1", "account acct_alice has"},
		{"hold taken away", "delete from ledger_hold", "account acct_alice has"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBooks(t)
			b.post(credit("d1", alice, 7, 1))
			b.sealAll()
			b.spendable(alice, 100)
			b.sealAll()
			b.must(func(tx pgx.Tx) error { return b.Hold(t.Context(), tx, hold("w1", alice, 10), start) })
			b.post(credit("late", bob, 3, 9))
			b.wantSound()

			b.must(func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), "set local session_replication_role = replica; "+c.sql)
				return err
			})

			report, err := b.Verify(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(report.Difference, c.want) {
				t.Fatalf("difference %q, want one with %q", report.Difference, c.want)
			}
		})
	}
}

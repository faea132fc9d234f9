package postgres_test

import (
	"context"
	"io/fs"
	"os"
	"path"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer/postgres"
)

// before returns a database as it was before a migration.
func before(t *testing.T, file string) *postgres.DB {
	t.Helper()
	old := fstest.MapFS{}
	names, err := fs.Glob(os.DirFS("migrations"), "*.sql")
	if err != nil || len(names) == 0 {
		t.Fatal(len(names), "migrations:", err)
	}
	for _, name := range names {
		if name >= file {
			continue
		}
		text, err := os.ReadFile(path.Join("migrations", name))
		if err != nil {
			t.Fatal(err)
		}
		old[name] = &fstest.MapFile{Data: text}
	}
	db := bare(t)
	if err := postgres.MigrateFiles(t.Context(), db, old); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestPayoutsThatWentToTheSignersCountAsAnswered(t *testing.T) {
	db := before(t, "0042")
	states := []string{"planned", "built", "cancelled", "signing", "signed", "broadcast", "expired"}
	for _, state := range states {
		run(t, db, `with new as (select '`+state+`'::text as state)
			insert into payout (id, chain, wallet, path, purpose, slot_kind, slot_lane, slot_sequence, intent, intent_hash, next_at, created_at, updated_at)
			select state, 'eip155:1', 'w', 'userop', 'orders', 'entrypoint', state, 0, '{}', sha256(state::bytea), 'epoch', 'epoch', 'epoch' from new`)
		run(t, db, "alter table payout disable trigger user")
		run(t, db, "update payout set state = '"+state+"', version = 7 where id = '"+state+"'")
		run(t, db, "alter table payout enable trigger user")
	}
	if err := postgres.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	rows, err := db.Pool().Query(t.Context(), "select state, answered, version from payout")
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		State    string
		Answered bool
		Version  int64
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil || len(all) != len(states) {
		t.Fatal(len(all), "payouts:", err)
	}
	for _, got := range all {
		want := row{got.State, true, 8}
		if got.State == "planned" || got.State == "built" || got.State == "cancelled" {
			want = row{got.State, false, 7}
		}
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

func TestOrdersThatSignersWereAskedAboutAreKnownAfterTheMigration(t *testing.T) {
	db := before(t, "0043")
	run(t, db, "alter table payout disable trigger user")
	run(t, db, "alter table withdrawal disable trigger user")
	for _, w := range []string{"fresh", "planned", "expired", "committed"} {
		run(t, db, "insert into withdrawal_requests values ('acme', '"+w+"', sha256('"+w+"'), 'epoch')")
		run(t, db, `insert into withdrawal (id, tenant, account, chain, asset, destination, memo, amount, fee_cap, expires, order_hash,
			idempotency_key, fee, state, committed, sequence, created_at, updated_at)
			values ('`+w+`', 'acme', 'a', 'c', 'c/x', 'd', '', 1, 1, 'epoch', sha256('`+w+`'), '`+w+`', 1, 'approved', '`+w+`' = 'committed', 3, 'epoch', 'epoch')`)
		if w == "planned" || w == "expired" {
			run(t, db, `insert into payout (id, chain, wallet, path, purpose, slot_kind, slot_lane, slot_sequence, intent, intent_hash, state, next_at, created_at, updated_at)
				values ('`+w+`', 'c', 'w', 'userop', 'orders', 'entrypoint', '`+w+`', 0, '{}', sha256('`+w+`'), '`+w+`', 'epoch', 'epoch', 'epoch')`)
			run(t, db, "insert into payout_orders (payout_id, position, withdrawal_id, order_hash) values ('"+w+"', 0, '"+w+"', sha256('o'))")
		}
	}
	run(t, db, "alter table payout enable trigger user")
	run(t, db, "alter table withdrawal enable trigger user")
	if err := postgres.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	rows, err := db.Pool().Query(t.Context(), "select id from withdrawal where asked order by id")
	if err != nil {
		t.Fatal(err)
	}
	asked, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || !slices.Equal(asked, []string{"committed", "expired"}) {
		t.Errorf("asked: %v, %v", asked, err)
	}
}

// The note that the signers' logs were read ends with the server.
func TestAnAdmissionEndsWithTheServer(t *testing.T) {
	dir := privateDir(t)
	admitted := func(statement string) (yes bool) {
		t.Helper()
		server, err := postgres.StartPrivate(t.Context(), postgres.PrivateConfig{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := server.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}()
		db, err := postgres.Open(t.Context(), server.DSN())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := postgres.Migrate(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		if statement != "" {
			run(t, db, statement)
			run(t, db, "vacuum (full, freeze) payout_admitted")
		}
		if err := db.Pool().QueryRow(t.Context(), "select payout_is_admitted()").Scan(&yes); err != nil {
			t.Fatal(err)
		}
		return yes
	}
	if !admitted("insert into payout_admitted (server_start, noted, at) values (pg_postmaster_start_time(), pg_current_xact_id(), 'epoch')") {
		t.Error("what was just noted does not count")
	}
	if admitted("") {
		t.Error("it counts after a restart")
	}
}

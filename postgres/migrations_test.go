package postgres_test

import (
	"io/fs"
	"os"
	"path"
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

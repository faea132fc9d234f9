package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
)

func files(names ...string) fstest.MapFS {
	fs := fstest.MapFS{}
	for _, name := range names {
		table := strings.TrimSuffix(name[5:], ".sql")
		fs[name] = &fstest.MapFile{Data: []byte("-- +goose Up\ncreate table " + table + " (n int);\n")}
	}
	return fs
}

// bare returns a database without tables.
func bare(t *testing.T) *postgres.DB {
	db := postgrestest.New(t)
	run(t, db, "drop schema public cascade")
	run(t, db, "create schema public")
	return db
}

func wantVersion(t *testing.T, db *postgres.DB, want int64) {
	t.Helper()
	if got, err := postgres.Version(t.Context(), db); err != nil || got != want {
		t.Errorf("version %d, error %v: want %d", got, err, want)
	}
}

func TestMigrateBringsAnEmptyDatabaseUpAndIsRepeatable(t *testing.T) {
	db := bare(t)
	wantVersion(t, db, 0)
	if err := postgres.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	var tables int
	if err := db.Pool().QueryRow(t.Context(), "select count(*) from pg_tables where tablename like 'stream\\_%'").Scan(&tables); err != nil || tables == 0 {
		t.Errorf("%d tables, error %v", tables, err)
	}
	version, err := postgres.Version(t.Context(), db)
	if err != nil || version == 0 {
		t.Fatalf("version %d, error %v", version, err)
	}
	if err := postgres.Migrate(t.Context(), db); err != nil {
		t.Errorf("again: %v", err)
	}
	wantVersion(t, db, version)
}

func TestMigrateOfCompetingProcesses(t *testing.T) {
	db := bare(t)
	errs := make(chan error, 3)
	for range cap(errs) {
		go func() { errs <- postgres.Migrate(t.Context(), db) }()
	}
	for range cap(errs) {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestMigrateRefusesANewerDatabase(t *testing.T) {
	db := bare(t)
	if err := postgres.MigrateFiles(t.Context(), db, files("0001_a.sql", "0002_b.sql", "0003_c.sql")); err != nil {
		t.Fatal(err)
	}
	err := postgres.MigrateFiles(t.Context(), db, files("0001_a.sql"))
	var newer postgres.ErrNewerDatabase
	if !errors.As(err, &newer) || newer.Have != 3 || newer.Want != 1 {
		t.Errorf("error %v: want ErrNewerDatabase with 3 and 1", err)
	}
	wantVersion(t, db, 3)
}

func TestMigrationIsOneTransaction(t *testing.T) {
	db := bare(t)
	broken := files("0001_a.sql")
	broken["0002_b.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\ncreate table b (n int);\nselect 1/0;\n")}
	if err := postgres.MigrateFiles(t.Context(), db, broken); err == nil || !strings.Contains(err.Error(), "division by zero") {
		t.Errorf("error %v: want a division by zero", err)
	}
	wantVersion(t, db, 1)
	var exists bool
	if err := db.Pool().QueryRow(t.Context(), "select to_regclass('b') is not null").Scan(&exists); err != nil || exists {
		t.Errorf("table b exists: %v, error %v", exists, err)
	}
	if err := postgres.MigrateFiles(t.Context(), db, files("0001_a.sql", "0002_b.sql")); err != nil {
		t.Errorf("after the repair: %v", err)
	}
	wantVersion(t, db, 2)
}

func TestCheckVersionWantsThisProgramsVersionAndChangesNothing(t *testing.T) {
	db := bare(t)
	var older postgres.ErrOlderDatabase
	if err := postgres.CheckVersion(t.Context(), db); !errors.As(err, &older) || older.Have != 0 || older.Want == 0 {
		t.Errorf("an empty database: %v", err)
	}
	wantVersion(t, db, 0)
	if err := postgres.Migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	if err := postgres.CheckVersion(t.Context(), db); err != nil {
		t.Errorf("a database that was migrated: %v", err)
	}
	run(t, db, "insert into goose_db_version (version_id, is_applied) values (999999, true)")
	var newer postgres.ErrNewerDatabase
	if err := postgres.CheckVersion(t.Context(), db); !errors.As(err, &newer) || newer.Have != 999999 {
		t.Errorf("a newer database: %v", err)
	}
}

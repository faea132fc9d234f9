package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Bounds of Migrate: one statement, and the wait for another process that migrates.
const (
	MigrationTimeout     = 10 * time.Minute
	migrationLockSeconds = 1
	migrationLockTries   = 600
)

// ErrNewerDatabase says that a newer program has migrated the database: this one does not
// know its tables and must not touch it.
type ErrNewerDatabase struct {
	Have int64 // newest migration of the database
	Want int64 // newest migration this program knows
}

// Error implements error.
func (e ErrNewerDatabase) Error() string {
	return fmt.Sprintf("database is at migration %d, this program knows %d at most: use a newer program", e.Have, e.Want)
}

// Migrate brings the database up to this program's version. Each file runs in one
// transaction; a session lock keeps two processes apart. It returns ErrNewerDatabase,
// having changed nothing, when the database has a migration this program does not know.
func Migrate(ctx context.Context, db *DB) error {
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return migrate(ctx, db, files)
}

func migrate(ctx context.Context, db *DB, files fs.FS) error {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(migrationLockSeconds, migrationLockTries))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}

	// A connection of its own: building an index takes longer than a query may.
	cfg := db.pool.Config().ConnConfig
	cfg.RuntimeParams["statement_timeout"] = milliseconds(MigrationTimeout)
	conn := stdlib.OpenDB(*cfg)
	defer func() { _ = conn.Close() }()

	provider, err := goose.NewProvider(goose.DialectPostgres, conn, files, goose.WithSessionLocker(locker), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if err := checkKnown(ctx, db, provider); err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	// Another process may have gone further while this one waited for the lock.
	return checkKnown(ctx, db, provider)
}

// ErrOlderDatabase says that the database lacks migrations that this program needs.
type ErrOlderDatabase struct {
	Have int64 // newest migration of the database
	Want int64 // newest migration this program knows
}

// Error implements error.
func (e ErrOlderDatabase) Error() string {
	return fmt.Sprintf("database is at migration %d, this program needs %d: migrate it first", e.Have, e.Want)
}

// CheckVersion returns nil when the database is at this program's version, and otherwise
// ErrNewerDatabase or ErrOlderDatabase. It changes nothing.
func CheckVersion(ctx context.Context, db *DB) error {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("check the version: %w", err)
	}
	var want int64
	for _, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return fmt.Errorf("check the version: %w", err)
		}
		want = max(want, version)
	}
	have, err := Version(ctx, db)
	switch {
	case err != nil:
		return err
	case have > want:
		return ErrNewerDatabase{Have: have, Want: want}
	case have < want:
		return ErrOlderDatabase{Have: have, Want: want}
	}
	return nil
}

func checkKnown(ctx context.Context, db *DB, provider *goose.Provider) error {
	var want int64
	for _, source := range provider.ListSources() {
		want = max(want, source.Version)
	}
	have, err := Version(ctx, db)
	if err != nil {
		return err
	}
	if have > want {
		return ErrNewerDatabase{Have: have, Want: want}
	}
	return nil
}

// Version returns the newest migration the database has, 0 for an empty one.
func Version(ctx context.Context, db *DB) (int64, error) {
	var exists bool
	err := db.pool.QueryRow(ctx, "select to_regclass('goose_db_version') is not null").Scan(&exists)
	if err != nil {
		return 0, fmt.Errorf("database version: %w", err)
	}
	if !exists {
		return 0, nil
	}

	var version int64
	err = db.pool.QueryRow(ctx, "select version_id from goose_db_version where is_applied order by version_id desc limit 1").Scan(&version)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("database version: %w", err)
	}
	return version, nil
}

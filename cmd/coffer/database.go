package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/postgres"
	"github.com/spf13/cobra"
)

const stopTimeout = 15 * time.Second

// database is an open database and what runs it.
type database struct {
	*postgres.DB
	server *postgres.Server // nil unless this process runs it
	log    *slog.Logger
}

// ended is closed when the private server has ended; it never is where there is none.
func (d *database) ended() <-chan struct{} {
	if d.server == nil {
		return nil
	}
	return d.server.Done()
}

// close closes the connections and stops the private server.
func (d *database) close() {
	if d.DB != nil {
		d.DB.Close()
	}
	if d.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := d.server.Stop(ctx); err != nil {
		d.log.Error("stop the private database", "err", err)
	}
}

// openDatabase opens the configured database, or starts the private one. ErrLocked means
// that another process runs it.
func openDatabase(ctx context.Context, c config.Config, log *slog.Logger) (*database, error) {
	dsn, err := c.Postgres.Source()
	if err != nil {
		return nil, err
	}
	d := &database{log: log}
	if dsn == "" {
		d.server, err = postgres.StartPrivate(ctx, postgres.PrivateConfig{Dir: filepath.Join(c.DataDir, "postgres")})
		if err != nil {
			return nil, err
		}
		dsn = d.server.DSN()
	}
	if d.DB, err = postgres.Open(ctx, dsn); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// joinDatabase opens the private database that another process runs.
func joinDatabase(ctx context.Context, c config.Config) (*database, error) {
	dsn, err := postgres.PrivateDSN(filepath.Join(c.DataDir, "postgres"))
	if err != nil {
		return nil, err
	}
	db, err := postgres.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	return &database{DB: db}, nil
}

// withDatabase opens the database of a command's configuration for the time of run. The
// database has to be of this binary's version unless migrate is set, which brings it there.
func withDatabase(cmd *cobra.Command, migrate bool, run func(ctx context.Context, db *postgres.DB, out io.Writer) error) error {
	c, err := readConfig(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	db, err := openDatabase(ctx, c, newLogger(c.Log))
	if errors.Is(err, postgres.ErrLocked) { // a server is up: use its database
		db, err = joinDatabase(ctx, c)
	}
	if err != nil {
		return err
	}
	defer db.close()
	bring := postgres.CheckVersion
	if migrate {
		bring = postgres.Migrate
	}
	if err := bring(ctx, db.DB); err != nil {
		return err
	}
	return run(ctx, db.DB, cmd.OutOrStdout())
}

func migrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database to this binary's version",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withDatabase(cmd, true, func(ctx context.Context, db *postgres.DB, out io.Writer) error {
				version, err := postgres.Version(ctx, db)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(out, "database at version %d\n", version)
				return err
			})
		},
	}
	configFlags(cmd)
	return cmd
}

// exitQuietly turns the end of a context, which is how a server is told to stop, into
// success.
func exitQuietly(ctx context.Context, err error) error {
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		return nil
	}
	return err
}

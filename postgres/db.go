package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Limits that every connection of a pool gets, unless the DSN names another value.
const (
	StatementTimeout = 30 * time.Second
	LockTimeout      = 10 * time.Second
	IdleInTxTimeout  = 30 * time.Second
	ConnectTimeout   = 10 * time.Second
	MaxConns         = 20
)

// MaxTxAttempts is how often Tx runs its function before it gives up on a transaction
// that keeps losing against others.
const MaxTxAttempts = 10

// Longest pause before a second and before any later attempt of a transaction.
const (
	firstTxPause = 5 * time.Millisecond
	maxTxPause   = 500 * time.Millisecond
)

// DB is a pool of connections to one database.
type DB struct {
	pool  *pgxpool.Pool
	pause func(attempt int) time.Duration
}

type options struct {
	pause func(attempt int) time.Duration
	dial  func(ctx context.Context, network, addr string) (net.Conn, error)
}

// Option changes how Open connects.
type Option func(*options)

// WithPause sets how long Tx waits after a failed attempt (counted from 1).
func WithPause(pause func(attempt int) time.Duration) Option {
	return func(o *options) { o.pause = pause }
}

// WithDialer sets how connections are made.
func WithDialer(dial func(ctx context.Context, network, addr string) (net.Conn, error)) Option {
	return func(o *options) { o.dial = dial }
}

// Open connects to the database of a DSN, as a URL or as keywords and values, and checks
// that it answers.
func Open(ctx context.Context, dsn string, opts ...Option) (*DB, error) {
	o := options{pause: jitter}
	for _, opt := range opts {
		opt(&o)
	}

	cfg, err := poolConfig(dsn)
	if err != nil {
		return nil, err
	}
	if o.dial != nil {
		cfg.ConnConfig.DialFunc = o.dial
	}

	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	return &DB{pool: pool, pause: o.pause}, nil
}

func poolConfig(dsn string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("database DSN: %w", err) // pgx leaves the password out
	}

	defaults := map[string]string{
		"application_name":                    "coffer",
		"timezone":                            "UTC",
		"statement_timeout":                   milliseconds(StatementTimeout),
		"lock_timeout":                        milliseconds(LockTimeout),
		"idle_in_transaction_session_timeout": milliseconds(IdleInTxTimeout),
	}
	for name, value := range defaults {
		if _, ok := cfg.ConnConfig.RuntimeParams[name]; !ok {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = ConnectTimeout
	}
	// pgxpool's own default depends on the number of cores.
	if plain, err := pgx.ParseConfig(dsn); err == nil && plain.RuntimeParams["pool_max_conns"] == "" {
		cfg.MaxConns = MaxConns
	}
	return cfg, nil
}

func milliseconds(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }

// Pool returns the connections, for statements outside a transaction.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Close waits for the connections in use and closes all.
func (db *DB) Close() { db.pool.Close() }

// Tx runs fn in a transaction at read committed (take row locks for more) and commits it.
// A transaction that lost a deadlock or a serialization conflict is run again, at most
// MaxTxAttempts times, so fn may run more than once and must keep no effect outside tx.
//
// When the connection breaks during the commit the outcome is unknown: the error says that
// the transaction failed, and yet it may have happened. Callers make commands repeatable.
func (db *DB) Tx(ctx context.Context, fn func(tx pgx.Tx) error) error {
	for attempt := 1; ; attempt++ {
		err := pgx.BeginTxFunc(ctx, db.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, fn)
		if err == nil || !lostConflict(err) {
			return err
		}
		if attempt == MaxTxAttempts {
			return fmt.Errorf("transaction lost %d conflicts in a row: %w", attempt, err)
		}

		wait := time.NewTimer(db.pause(attempt))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return errors.Join(ctx.Err(), err)
		}
	}
}

// lostConflict reports whether running the same transaction again can succeed:
// serialization_failure and deadlock_detected.
func lostConflict(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// jitter is a random pause below a bound that doubles with every attempt, so that
// transactions which met once do not meet again.
func jitter(attempt int) time.Duration {
	bound := min(firstTxPause<<min(attempt-1, 16), maxTxPause)
	return rand.N(bound) // #nosec G404 -- spreads load, hides nothing
}

// Package postgrestest gives each test a migrated database of its own on a real
// PostgreSQL.
//
// The first call of [New] in a test process starts a private server in memory, or under
// the directory of temporary files where TMPDIR is set or memory is short, and migrates one
// template database. Every test gets a copy of it,
// dropped when the test ends. Tests may run in parallel, and need no TestMain: a watchdog
// process waits for the end of the test process, however it comes, then stops the server
// and removes its directory. Should the watchdog be killed too, the kernel stops the
// server and the next test process on the machine removes the directory.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer/postgres"
)

const (
	startTimeout  = 2 * time.Minute
	createTimeout = time.Minute
	closeTimeout  = 10 * time.Second
	template      = "coffer_template"
)

// cluster is the server of this process.
type cluster struct {
	dsn  string
	dir  string
	dbs  atomic.Int64
	stop *os.File // the watchdog acts when the last copy of this closes, with the process
}

var shared = sync.OnceValues(start)

// New returns a migrated, empty database for one test. A machine without PostgreSQL fails
// the test.
func New(t testing.TB, opts ...postgres.Option) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), NewDSN(t), opts...)
	if err != nil {
		t.Fatalf("open test database: %v", err)
	}
	t.Cleanup(func() { closeDB(t, db) })
	return db
}

// closeDB tells of a connection that the test did not give back, where Close alone would
// wait for it until the whole run times out.
func closeDB(t testing.TB, db *postgres.DB) {
	closed := make(chan struct{})
	go func() {
		db.Close()
		close(closed)
	}()
	timer := time.NewTimer(closeTimeout)
	defer timer.Stop()
	select {
	case <-closed:
	case <-timer.C:
		t.Errorf("the test left %d connections in use: end its transactions and close its rows", db.Pool().Stat().AcquiredConns())
	}
}

// NewDSN is New for tests that connect by themselves.
func NewDSN(t testing.TB) string {
	t.Helper()
	c, err := shared()
	if err != nil {
		t.Fatalf("start PostgreSQL for tests: %v", err)
	}

	name := fmt.Sprintf("test_%d", c.dbs.Add(1))
	if err := c.exec(fmt.Sprintf("create database %s template %s strategy file_copy", name, template)); err != nil {
		t.Fatalf("create test database: %v", err)
	}
	t.Cleanup(func() {
		if err := c.exec(fmt.Sprintf("drop database %s with (force)", name)); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	return c.database(name)
}

func start() (*cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()

	if err := removeStale(ctx); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(scratchDirs()[0], fmt.Sprintf("coffer-pgtest-%d-", os.Getpid()))
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir}
	if err := c.watch(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	server, err := postgres.StartPrivate(ctx, postgres.PrivateConfig{Dir: dir, Disposable: true})
	if err != nil {
		return nil, err
	}
	c.dsn = server.DSN()
	return c, c.makeTemplate(ctx)
}

// watch starts the watchdog: its standard input ends when this process does.
func (c *cluster) watch() error {
	const script = `cat >/dev/null
data="$1/data"
pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
	kill -QUIT "$pid" 2>/dev/null
	tries=0
	while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 200 ]; do sleep 0.05; tries=$((tries+1)); done
fi
find "$1" -mindepth 1 -maxdepth 1 ! -name lock -exec rm -rf -- {} +
rm -rf -- "$1"` // the lock last: without it nobody would dare to remove the rest
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	//nolint:noctx // it outlives every test: its end is that of its standard input
	cmd := exec.Command("/bin/sh", "-c", script, "watchdog", c.dir) // #nosec G204 -- a fixed script and our own directory
	cmd.Stdin = in
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the terminal is not for it
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the watchdog: %w", err)
	}
	c.stop = out
	return errors.Join(in.Close(), cmd.Process.Release())
}

func (c *cluster) makeTemplate(ctx context.Context) error {
	if err := c.exec("create database " + template); err != nil {
		return err
	}
	db, err := postgres.Open(ctx, c.database(template))
	if err != nil {
		return err
	}
	defer db.Close() // a database can be copied only while nobody uses it
	return postgres.Migrate(ctx, db)
}

func (c *cluster) database(name string) string { return c.dsn + " dbname=" + name }

// exec runs one statement outside the test databases.
func (c *cluster) exec(sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), createTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.dsn)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

var dirPattern = regexp.MustCompile(`^coffer-pgtest-(\d+)-`)

// scratchDirs returns where servers are put, the preferred place first.
func scratchDirs() []string {
	if memory := memoryDir(); memory != "" && os.Getenv("TMPDIR") == "" {
		return []string{memory, os.TempDir()}
	}
	return []string{os.TempDir()}
}

// removeStale removes what killed test processes left behind.
func removeStale(ctx context.Context) error {
	var left []string
	for _, scratch := range scratchDirs() {
		dirs, err := filepath.Glob(filepath.Join(scratch, "coffer-pgtest-*"))
		if err != nil {
			return err
		}
		left = append(left, dirs...)
	}
	for _, dir := range left {
		match := dirPattern.FindStringSubmatch(filepath.Base(dir))
		if match == nil {
			continue
		}
		pid, err := strconv.Atoi(match[1])
		if err != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		err = postgres.RemovePrivate(ctx, dir)
		if err != nil && !errors.Is(err, postgres.ErrLocked) && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, os.ErrPermission) {
			return fmt.Errorf("remove the left-over %s: %w", dir, err)
		}
	}
	return nil
}

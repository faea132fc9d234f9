package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer/postgres"
)

const startDeadline = 2 * time.Minute

// TestMain also is the program whose death the tests below look at.
func TestMain(m *testing.M) {
	if dir := os.Getenv("COFFER_TEST_STARTER"); dir != "" {
		os.Exit(startAndWait(dir))
	}
	code := m.Run()
	if made != "" {
		if err := os.RemoveAll(made); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// startAndWait starts a server, says so on standard output, and waits for its death.
func startAndWait(dir string) int {
	server, err := postgres.StartPrivate(context.Background(), postgres.PrivateConfig{Dir: dir})
	if err != nil {
		fmt.Println("error:", err)
		return 1
	}
	fmt.Println("started")
	<-server.Done()
	return 2
}

// openDir returns a directory that every user can reach, unlike t.TempDir.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "coffer-private-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// privateDir returns a directory for a private server, which ends with the test.
func privateDir(t *testing.T) string {
	t.Helper()
	dir := openDir(t)
	t.Cleanup(func() {
		if err := postgres.RemovePrivate(context.WithoutCancel(t.Context()), dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	})
	return dir
}

// made is a directory where a server was made and stopped; the first usedDir makes it.
var made string

// usedDir returns a directory that a server has run on, as after a clean stop. Copying is
// faster than making one.
func usedDir(t *testing.T) string {
	t.Helper()
	if made == "" {
		dir, err := os.MkdirTemp("", "coffer-private-")
		if err != nil {
			t.Fatal(err)
		}
		made = dir
		stop(t, start(t, made))
	}
	dir := privateDir(t)
	if out, err := exec.Command("cp", "-a", filepath.Join(made, "data"), dir).CombinedOutput(); err != nil {
		t.Fatalf("copy: %v: %s", err, out)
	}
	return dir
}

func start(t *testing.T, dir string) *postgres.Server {
	t.Helper()
	server, err := postgres.StartPrivate(t.Context(), postgres.PrivateConfig{Dir: dir, StartTimeout: startDeadline})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-server.Done():
		default:
			stop(t, server)
		}
	})
	return server
}

func stop(t *testing.T, server *postgres.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), startDeadline)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, server *postgres.Server) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), server.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// keep notes a number in the server; kept counts what is noted.
func keep(t *testing.T, server *postgres.Server) {
	t.Helper()
	db := open(t, server)
	run(t, db, "create table if not exists kept (n int)")
	run(t, db, "insert into kept values (1)")
}

func kept(t *testing.T, server *postgres.Server) int {
	t.Helper()
	var n int
	if err := open(t, server).Pool().QueryRow(t.Context(), "select count(*) from kept").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func wantNoProcesses(t *testing.T, dir string) {
	t.Helper()
	eventually(t, func() error {
		pids, err := postgres.ProcessesIn(filepath.Join(dir, "data"))
		if err == nil && len(pids) > 0 {
			err = fmt.Errorf("processes %v are left", pids)
		}
		return err
	})
}

// eventually waits until check has no error.
func eventually(t *testing.T, check func() error) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(err)
		}
	}
}

func TestPrivateServerKeepsItsDataOverACleanRestart(t *testing.T) {
	dir := privateDir(t)
	server := start(t, dir)
	keep(t, server) // the connections stay open: stopping cuts them off
	stop(t, server)
	wantNoProcesses(t, dir)
	if got := kept(t, start(t, dir)); got != 1 {
		t.Errorf("%d rows: want 1", got)
	}
}

func TestPrivateServerFlushesToDiskAndHasNoPort(t *testing.T) {
	db := open(t, start(t, usedDir(t)))
	for name, want := range map[string]string{"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on", "listen_addresses": "", "server_encoding": "UTF8", "TimeZone": "UTC"} {
		var got string
		if err := db.Pool().QueryRow(t.Context(), "select current_setting($1)", name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, error %v: want %q", name, got, err, want)
		}
	}
}

func TestPrivateServerNeverRunsAsRoot(t *testing.T) {
	dir := usedDir(t)
	start(t, dir)
	pids, err := postgres.ProcessesIn(filepath.Join(dir, "data"))
	if err != nil || len(pids) == 0 {
		t.Fatalf("processes %v, error %v", pids, err)
	}
	out, err := exec.Command("ps", "-o", "uid=", "-p", strconv.Itoa(pids[0])).Output()
	if uid := strings.TrimSpace(string(out)); err != nil || uid == "" || uid == "0" {
		t.Errorf("runs as uid %q, error %v", uid, err)
	}
}

func TestSecondStarterIsTurnedAway(t *testing.T) {
	dir := usedDir(t)
	server := start(t, dir)
	_, err := postgres.StartPrivate(t.Context(), postgres.PrivateConfig{Dir: dir})
	if !errors.Is(err, postgres.ErrLocked) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("error %v: want ErrLocked that names process %d", err, os.Getpid())
	}
	if err := postgres.RemovePrivate(t.Context(), dir); !errors.Is(err, postgres.ErrLocked) {
		t.Errorf("remove: error %v: want ErrLocked", err)
	}
	keep(t, server)
}

// The program is killed and starts again at once, while the kernel still stops what it
// left behind.
func TestStartAfterTheStarterWasKilled(t *testing.T) {
	dir := usedDir(t)
	first := starter(t, dir)
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // "signal: killed"
	server := start(t, dir)
	keep(t, server)
	if got := kept(t, server); got != 1 {
		t.Errorf("%d rows: want 1", got)
	}
}

// Nothing outlives a killed program, even if it never starts again.
func TestKilledStarterLeavesNoProcesses(t *testing.T) {
	dir := usedDir(t)
	first := starter(t, dir)
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	wantNoProcesses(t, dir)
}

func starter(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0]) // #nosec G204 -- this test
	cmd.Env = append(os.Environ(), "COFFER_TEST_STARTER="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(io.LimitReader(out, 4096)).ReadString('\n')
	if err != nil || line != "started\n" {
		t.Fatalf("the starter says %q, error %v", line, err)
	}
	return cmd
}

// A server whose starter is gone and that nobody told to stop, with a client at work.
func TestStartStopsAnOrphanFirst(t *testing.T) {
	dir := usedDir(t)
	server := start(t, dir)
	keep(t, server)
	stop(t, server)

	orphan, err := server.Abandon()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- orphan.Wait() }()
	db := openSoon(t, server.DSN())
	run(t, db, "insert into kept values (2)")

	second := start(t, dir)
	if err := <-ended; err != nil {
		t.Errorf("the orphan ended with %v: want a clean end", err)
	}
	if got := kept(t, second); got != 2 {
		t.Errorf("%d rows: want 2", got)
	}
}

func openSoon(t *testing.T, dsn string) *postgres.DB {
	t.Helper()
	var db *postgres.DB
	eventually(t, func() (err error) {
		db, err = postgres.Open(t.Context(), dsn)
		return err
	})
	t.Cleanup(db.Close)
	return db
}

// The postmaster is killed, the machine as good as without power.
func TestPrivateServerRecoversFromItsOwnDeath(t *testing.T) {
	dir := usedDir(t)
	server := start(t, dir)
	keep(t, server)
	content, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(content), "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-server.Done()
	if err := server.Stop(t.Context()); err == nil {
		t.Error("stopping a killed server reported a clean end")
	}
	if got := kept(t, start(t, dir)); got != 1 {
		t.Errorf("%d rows: want 1", got)
	}
}

// After a restart of the machine or container the noted process id may be anybody's, even
// of a program of the same user.
func TestStartIgnoresLockFilesThatNameAnotherProgram(t *testing.T) {
	dir := usedDir(t)
	other := exec.Command("cat")
	if _, err := other.StdinPipe(); err != nil { // cat waits for it
		t.Fatal(err)
	}
	if err := errors.Join(postgres.AsServer(other), other.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	})

	data, sockets := filepath.Join(dir, "data"), filepath.Join(dir, "run")
	if err := os.Mkdir(sockets, 0o700); err != nil {
		t.Fatal(err)
	}
	content := fmt.Appendf(nil, "%d\n%s\n1\n5432\n\n\n", other.Process.Pid, data)
	for _, path := range []string{filepath.Join(data, "postmaster.pid"), filepath.Join(sockets, ".s.PGSQL.5432.lock")} {
		if err := os.WriteFile(path, content, 0o644); err != nil { // #nosec G306 -- as PostgreSQL's user could
			t.Fatal(err)
		}
	}
	keep(t, start(t, dir))
}

func TestStartMakesAHalfMadeDirectoryAnew(t *testing.T) {
	dir := privateDir(t)
	if err := os.MkdirAll(filepath.Join(dir, "data.new", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "data.new", "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	keep(t, start(t, dir))
}

func TestLongPathsGetAShortSocket(t *testing.T) {
	dir := filepath.Join(openDir(t), strings.Repeat("long", 20), "with a space")
	server := start(t, dir)
	keep(t, server)
	if strings.Contains(server.DSN(), "long") {
		t.Errorf("the socket is at %s", server.DSN())
	}
	stop(t, server)
	if err := postgres.RemovePrivate(t.Context(), dir); err != nil {
		t.Error(err)
	}
	socket := strings.TrimPrefix(strings.Fields(server.DSN())[0], "host=")
	if _, err := os.Stat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left, error %v", socket, err)
	}
}

// Whoever removes a directory meets others who do the same, at any moment.
func TestCompetingRemovers(t *testing.T) {
	const rounds, removers = 10, 4
	for range rounds {
		dir := filepath.Join(t.TempDir(), "left")
		if err := os.MkdirAll(filepath.Join(dir, "data", "base"), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"lock", "data/PG_VERSION", "data/base/1", "log"} {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var group errgroup.Group
		for range removers {
			group.Go(func() error {
				for {
					switch err := postgres.RemovePrivate(t.Context(), dir); {
					case err == nil, errors.Is(err, os.ErrNotExist):
						return nil
					case !errors.Is(err, postgres.ErrLocked):
						return err
					}
				}
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestClosedParentDirectoryIsNamed(t *testing.T) {
	closed := filepath.Join(openDir(t), "closed")
	mode := os.FileMode(0o700) // as root: closed to the account that runs PostgreSQL
	if os.Geteuid() != 0 {
		mode = 0
	}
	if err := os.Mkdir(closed, mode); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.StartPrivate(t.Context(), postgres.PrivateConfig{Dir: filepath.Join(closed, "db")})
	if err == nil || !strings.Contains(err.Error(), closed) {
		t.Errorf("error %v: want one that names %s", err, closed)
	}
	if os.Geteuid() == 0 && !strings.Contains(err.Error(), "chmod o+x "+closed) {
		t.Errorf("error %v: want the remedy", err)
	}
}

func TestMissingBinariesMeetAClearError(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("PG_BIN", "")
	postgres.SetDebianBinaries(t, filepath.Join(t.TempDir(), "*"))
	_, err := postgres.StartPrivate(t.Context(), postgres.PrivateConfig{Dir: privateDir(t)})
	if !errors.Is(err, postgres.ErrNoBinaries) || !strings.Contains(err.Error(), "apt-get install postgresql") {
		t.Errorf("error %v: want ErrNoBinaries with the remedy", err)
	}
}

func TestConfiguredBinariesAreNotReplacedByOthers(t *testing.T) {
	empty := t.TempDir()
	_, err := postgres.StartPrivate(t.Context(), postgres.PrivateConfig{Dir: privateDir(t), BinDir: empty})
	if err == nil || !strings.Contains(err.Error(), empty) {
		t.Errorf("error %v: want one that names %s", err, empty)
	}
	t.Setenv("PG_BIN", empty)
	if _, err := postgres.StartPrivate(t.Context(), postgres.PrivateConfig{Dir: privateDir(t)}); err == nil || !strings.Contains(err.Error(), empty) {
		t.Errorf("PG_BIN: error %v: want one that names %s", err, empty)
	}
}

func TestDataOfAnotherMajorVersionIsLeftAlone(t *testing.T) {
	dir := privateDir(t)
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("12\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := postgres.StartPrivate(t.Context(), postgres.PrivateConfig{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "PostgreSQL 12") || !strings.Contains(err.Error(), "postgresql-12") {
		t.Errorf("error %v: want one that asks for PostgreSQL 12", err)
	}
	if entries, err := os.ReadDir(data); err != nil || len(entries) != 1 {
		t.Errorf("the directory has %d entries, error %v: want the one we made", len(entries), err)
	}
}

func TestEndedContextStopsTheStart(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := usedDir(t)
	if server, err := postgres.StartPrivate(ctx, postgres.PrivateConfig{Dir: dir}); err == nil {
		stop(t, server)
		t.Error("started")
	}
	wantNoProcesses(t, dir)
	keep(t, start(t, dir)) // the lock was given back
}

package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Names inside a private server, and its bounds.
const (
	privateUser     = "coffer"
	privateDatabase = "coffer"
	privatePort     = "5432" // names the socket file; nothing listens on a network
	socketName      = ".s.PGSQL." + privatePort

	DefaultStartTimeout = 2 * time.Minute // initdb, or recovery after a crash
	maxSocketPath       = 107             // sun_path less its final zero byte
	maxLogBytes         = 8 << 20         // a longer log is set aside at the next start
	logTailBytes        = 2 << 10         // how much of the log an error quotes
	readyPoll           = 20 * time.Millisecond
	readyTimeout        = 2 * time.Second // one attempt to connect
)

// ErrLocked is returned when another process has the directory.
var ErrLocked = errors.New("directory is in use by another process")

// PrivateConfig says where and how to run a private server.
type PrivateConfig struct {
	Dir          string        // holds data, socket, lock and log; made when absent
	BinDir       string        // binaries of PostgreSQL; empty looks in PG_BIN, PATH and Debian's places
	StartTimeout time.Duration // zero means DefaultStartTimeout

	// Disposable trades every promise about crashes for speed: nothing is flushed to disk.
	// For tests only.
	Disposable bool
}

// Server is a running private server.
type Server struct {
	dir     string
	sockets string
	lock    *os.File
	cmd     *exec.Cmd
	done    chan struct{} // closed when the postmaster has ended
	exit    error         // why, once done is closed
}

// StartPrivate starts a private server on cfg.Dir, making its data directory first where
// there is none, and returns when it accepts connections. It stops what an earlier,
// killed starter left running there. ErrLocked means that a living process has it.
func StartPrivate(ctx context.Context, cfg PrivateConfig) (_ *Server, err error) {
	if cfg.StartTimeout == 0 {
		cfg.StartTimeout = DefaultStartTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.StartTimeout)
	defer cancel()

	runAs, err := serverAccount()
	if err != nil {
		return nil, err
	}
	dir, err := makeDir(cfg.Dir, runAs)
	if err != nil {
		return nil, fmt.Errorf("private database: %w", err)
	}
	s := &Server{dir: dir, done: make(chan struct{})}
	if s.lock, err = lockDir(dir); err != nil {
		return nil, fmt.Errorf("private database: %w", err)
	}
	defer func() {
		if err != nil {
			_ = s.lock.Close()
		}
	}()

	bin, err := prepare(ctx, cfg, dir, runAs)
	if err != nil {
		return nil, fmt.Errorf("private database in %s: %w", dir, err)
	}
	if s.sockets, err = socketDir(dir, runAs); err != nil {
		return nil, fmt.Errorf("private database in %s: %w", dir, err)
	}
	if err := s.launch(bin, cfg.Disposable, runAs); err != nil {
		return nil, fmt.Errorf("private database in %s: %w", dir, err)
	}
	if err := s.ready(ctx); err != nil {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), immediateStop)
		defer cancel()
		return nil, errors.Join(fmt.Errorf("private database in %s: %w", dir, err), s.Stop(stop))
	}
	return s, nil
}

// prepare finds the binaries, stops what is left of an earlier server and makes the data
// directory where there is none.
func prepare(ctx context.Context, cfg PrivateConfig, dir string, runAs account) (binaries, error) {
	data := filepath.Join(dir, "data")
	major, err := dataMajor(data)
	if err != nil {
		return binaries{}, err
	}
	bin, err := findBinaries(ctx, cfg.BinDir, major)
	if err != nil {
		return binaries{}, err
	}
	if err := runAs.canEnter(bin.dir); err != nil {
		return binaries{}, err
	}
	if major != 0 {
		return bin, stopOrphans(ctx, data)
	}
	return bin, initialise(ctx, bin, dir, runAs, cfg.Disposable)
}

// launch starts the postmaster on a thread that lives as long as it does.
func (s *Server) launch(bin binaries, disposable bool, runAs account) error {
	log, err := s.openLog()
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()

	data := filepath.Join(s.dir, "data")
	args := []string{"-D", data}
	for name, value := range settings(s.sockets, disposable) {
		args = append(args, "-c", name+"="+value)
	}
	//nolint:noctx // the server ends with Stop or with this process, not with who asked for it
	s.cmd = exec.Command(filepath.Join(bin.dir, "postgres"), args...) // #nosec G204 -- the operator's own path
	s.cmd.Dir, s.cmd.Env, s.cmd.SysProcAttr = data, environment(), command(runAs)
	s.cmd.Stdout, s.cmd.Stderr = log, log

	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: see dieWithParent
		if err := s.cmd.Start(); err != nil {
			close(s.done)
			started <- err
			return
		}
		started <- nil
		s.exit = s.cmd.Wait()
		close(s.done)
	}()
	return <-started
}

// settings of every private server. Failed statements are reported by who made them and
// are not repeated in the log, where their values would stay.
func settings(sockets string, disposable bool) map[string]string {
	m := map[string]string{
		"listen_addresses":        "",
		"port":                    privatePort,
		"unix_socket_directories": sockets,
		"unix_socket_permissions": "0700",
		"max_connections":         "200",
		"log_min_messages":        "log",
		"log_min_error_statement": "panic",
		"timezone":                "UTC",
	}
	if disposable {
		for _, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			m[name] = "off"
		}
		m["wal_level"] = "minimal"
		m["max_wal_senders"] = "0"
		m["dynamic_shared_memory_type"] = "mmap" // in the directory, so that it goes with it
		m["max_wal_size"] = "96MB"               // it may be kept in memory
		m["min_wal_size"] = "32MB"
	}
	return m
}

func (s *Server) openLog() (*os.File, error) {
	path := filepath.Join(s.dir, "postgres.log")
	if info, err := os.Stat(path); err == nil && info.Size() > maxLogBytes {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600) // #nosec G304 -- our own directory
}

// ready waits until the server answers, and makes the database the first time.
func (s *Server) ready(ctx context.Context) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		conn, err := s.connect(ctx)
		if err == nil {
			err = createDatabase(ctx, conn)
			return errors.Join(err, conn.Close(ctx))
		}
		select {
		case <-s.done:
			return fmt.Errorf("PostgreSQL ended while starting: %w: %s", s.exit, s.logTail())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w: %w: %s", ctx.Err(), err, s.logTail())
		case <-tick.C:
		}
	}
}

func (s *Server) connect(ctx context.Context) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return pgx.Connect(ctx, s.dsn("postgres"))
}

func createDatabase(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "create database "+pgx.Identifier{privateDatabase}.Sanitize())
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Code == "42P04" { // duplicate_database
		return nil
	}
	return err
}

func (s *Server) logTail() string {
	content, err := os.ReadFile(filepath.Join(s.dir, "postgres.log"))
	if err != nil {
		return err.Error()
	}
	return tail(content)
}

func tail(b []byte) string {
	b = bytes.TrimSpace(b)
	return string(b[max(0, len(b)-logTailBytes):])
}

// DSN returns how to connect, for Open.
func (s *Server) DSN() string { return s.dsn(privateDatabase) }

func (s *Server) dsn(database string) string {
	return fmt.Sprintf("host=%s port=%s user=%s dbname=%s sslmode=disable", s.sockets, privatePort, privateUser, database)
}

// Done is closed when the server has ended, asked to or not.
func (s *Server) Done() <-chan struct{} { return s.done }

// Stop ends the server cleanly, cutting off whoever is connected, and gives the directory
// free. When ctx ends first it stops without a checkpoint, and the next start recovers.
func (s *Server) Stop(ctx context.Context) error {
	defer func() { _ = s.lock.Close() }()

	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		if err := s.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop private database in %s: %w", s.dir, err)
		}
		select {
		case <-s.done:
			if s.exit != nil {
				return fmt.Errorf("private database in %s ended badly: %w: %s", s.dir, s.exit, s.logTail())
			}
			return nil
		case <-ctx.Done():
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), immediateStop)
			defer cancel()
		}
	}
	return fmt.Errorf("private database in %s does not stop: %s", s.dir, strings.TrimSpace(s.logTail()))
}

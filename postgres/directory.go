package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"syscall"
)

const lockName = "lock" // the file in a directory that is locked, not its presence

// makeDir returns the directory's real path. As root it opens the directory to the
// account, which owns only the parts inside that it needs.
func makeDir(dir string, runAs account) (string, error) {
	if dir == "" {
		return "", errors.New("no directory configured")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o711); err != nil { // #nosec G301 -- the account must pass through
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	if runAs.switched {
		if err := os.Chmod(dir, 0o711); err != nil { // #nosec G302 -- the account must pass through
			return "", err
		}
	}
	return dir, runAs.canEnter(dir)
}

// lockDir takes the directory for this process. The kernel drops the lock with us.
func lockDir(dir string) (*os.File, error) { return takeLock(dir, os.O_RDWR|os.O_CREATE) }

func takeLock(dir string, flag int) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	f, err := os.OpenFile(path, flag, 0o600) // #nosec G304 -- the operator's own path
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { // #nosec G115 -- a descriptor
		holder, _ := io.ReadAll(io.LimitReader(f, 20))
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s is held by process %s", ErrLocked, dir, bytes.TrimSpace(holder))
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := writeHolder(f); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

func writeHolder(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// dataMajor returns the major version a data directory was made by, 0 when there is none.
func dataMajor(data string) (int, error) {
	content, err := os.ReadFile(filepath.Join(data, "PG_VERSION")) // #nosec G304 -- our own directory
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(string(bytes.TrimSpace(content)))
	if err != nil || major <= 0 {
		return 0, fmt.Errorf("%s/PG_VERSION says %.20q: want a number", data, content)
	}
	return major, nil
}

// initialise runs initdb beside the final place, so that a crash leaves no half directory.
func initialise(ctx context.Context, bin binaries, dir string, runAs account, disposable bool) error {
	unfinished, data := filepath.Join(dir, "data.new"), filepath.Join(dir, "data")
	if err := stopOrphans(ctx, unfinished); err != nil { // an initdb whose starter was killed
		return err
	}
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	if err := os.Mkdir(unfinished, 0o700); err != nil {
		return err
	}
	if err := runAs.own(unfinished); err != nil {
		return err
	}

	args := []string{"-D", unfinished, "-U", privateUser, "-A", "trust", "-E", "UTF8", "--locale=C", "--data-checksums"}
	if disposable {
		args = append(args, "--no-sync")
	}
	// The thread must outlive initdb: the kernel takes the end of it for our death.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, filepath.Join(bin.dir, "initdb"), args...) // #nosec G204 -- the operator's own path
	cmd.Dir, cmd.Env, cmd.SysProcAttr = unfinished, environment(), command(runAs)
	cmd.WaitDelay = immediateStop
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, tail(out))
	}
	if err := os.Rename(unfinished, data); err != nil {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir) // #nosec G304 -- our own directory
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

// environment hides the variables that would redirect PostgreSQL's programs.
func environment() []string {
	return []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
}

var plainPath = regexp.MustCompile(`^[-+._/A-Za-z0-9]+$`)

// socketDir makes the directory of the socket: ours, or a short one among the temporary
// files when the path would be too long for a socket address or needs quoting.
func socketDir(dir string, runAs account) (string, error) {
	sockets := socketPath(dir)
	if !fitsSocket(sockets) {
		return "", fmt.Errorf("%s is too long for a socket: want %d bytes at most; set TMPDIR", sockets, maxSocketPath)
	}
	if err := os.Mkdir(sockets, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	// Among the temporary files anybody may have made it before us.
	info, err := os.Lstat(sockets)
	if err != nil {
		return "", err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || (stat.Uid != runAs.uid && stat.Uid != uint32(os.Geteuid())) { // #nosec G115 -- not negative on Unix
		return "", fmt.Errorf("%s is not a directory of ours", sockets)
	}
	if err := os.Chmod(sockets, 0o700); err != nil { // #nosec G302 -- a directory
		return "", err
	}
	if err := runAs.own(sockets); err != nil {
		return "", err
	}
	// PostgreSQL obeys the lock beside a socket, too, when its process id is anybody's. We
	// have seen that no server is left, so what lies here is nobody's.
	for _, name := range []string{"", ".lock"} {
		if err := os.Remove(filepath.Join(sockets, socketName+name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return sockets, runAs.canEnter(sockets)
}

func socketPath(dir string) string {
	if sockets := filepath.Join(dir, "run"); fitsSocket(sockets) {
		return sockets
	}
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join(os.TempDir(), fmt.Sprintf("coffer-%x", sum[:6]))
}

func fitsSocket(dir string) bool {
	return len(dir)+len("/"+socketName) <= maxSocketPath && plainPath.MatchString(dir)
}

// RemovePrivate stops what is left of a private server on dir and removes the directory
// with everything in it. A directory that a living process holds is left alone: ErrLocked.
func RemovePrivate(ctx context.Context, dir string) error {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	lock, err := takeLock(dir, os.O_RDWR)
	if errors.Is(err, os.ErrNotExist) {
		return removeEmpty(dir)
	}
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()

	for _, name := range []string{"data", "data.new"} {
		if err := stopOrphans(ctx, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return errors.Join(os.RemoveAll(socketPath(dir)), removeLocked(dir))
}

// removeEmpty removes a directory whose starter or remover died next to its lock. Without
// a lock and not empty, it is somebody's who is about to remove the rest.
func removeEmpty(dir string) error {
	err := os.Remove(dir)
	if errors.Is(err, syscall.ENOTEMPTY) {
		return fmt.Errorf("%w: %s is being removed", ErrLocked, dir)
	}
	return err
}

// removeLocked removes a directory, its lock last: whoever comes meanwhile finds it held.
func removeLocked(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == lockName {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir)
}

package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// How long a server gets for a fast shutdown (it writes a checkpoint), then for an
// immediate one, and how often we look.
const (
	fastStop      = 60 * time.Second
	immediateStop = 10 * time.Second
	processPoll   = 20 * time.Millisecond
)

// command is how PostgreSQL's programs are started: as the account, told to stop when we
// die, and in a process group of their own, so that the interrupt of a terminal reaches us
// and not our database under us.
func command(a account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if a.switched {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	dieWithParent(attr)
	return attr
}

// stopOrphans ends every process of a server on the data directory whose starter is gone,
// and removes a lock file that names a process which is no such server. The caller holds
// the lock of the directory, so nobody else starts one meanwhile.
func stopOrphans(ctx context.Context, data string) error {
	pids, err := processesIn(data)
	if err != nil {
		return err
	}
	if len(pids) == 0 {
		return removeStalePID(data)
	}

	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, fastStop}, {syscall.SIGQUIT, immediateStop}} {
		if err := signalServer(data, pids, step.signal); err != nil {
			return err
		}
		pids, err = waitGone(ctx, data, step.wait)
		if err != nil || len(pids) == 0 {
			return err
		}
	}
	return fmt.Errorf("a PostgreSQL that nobody owns still uses %s (processes %v)", data, pids)
}

// signalServer signals the postmaster; backends that lost theirs are signalled themselves.
func signalServer(data string, pids []int, signal syscall.Signal) error {
	if pid, err := readPID(data); err == nil {
		for _, p := range pids {
			if p == pid {
				pids = []int{pid}
				break
			}
		}
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop the PostgreSQL left on %s (process %d): %w", data, pid, err)
		}
	}
	return nil
}

func waitGone(ctx context.Context, data string, limit time.Duration) ([]int, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errStillThere)
	defer cancel()
	tick := time.NewTicker(processPoll)
	defer tick.Stop()
	for {
		pids, err := processesIn(data)
		if err != nil || len(pids) == 0 {
			return nil, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), errStillThere) {
				return pids, nil
			}
			return nil, ctx.Err()
		}
	}
}

var errStillThere = errors.New("still there")

// removeStalePID removes a lock file that PostgreSQL would obey only because its process
// id belongs to somebody else by now, as happens after every restart of a container.
func removeStalePID(data string) error {
	pid, err := readPID(data)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return nil // PostgreSQL sees that itself, and checks its shared memory too
	}
	return os.Remove(filepath.Join(data, "postmaster.pid"))
}

func readPID(data string) (int, error) {
	content, err := os.ReadFile(filepath.Join(data, "postmaster.pid")) // #nosec G304 -- our own directory
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(content, []byte("\n"))
	pid, err := strconv.Atoi(string(bytes.TrimSpace(line)))
	if err != nil || pid <= 0 {
		return 0, fmt.Errorf("%s/postmaster.pid starts with %.20q: want a process id", data, line)
	}
	return pid, nil
}

package main

import (
	"bufio"
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
)

// Bounds of child processes.
const (
	readyTimeout = 60 * time.Second
	endTimeout   = 20 * time.Second // after which a process that was asked to end is killed
	logTail      = 4 << 10
)

// process is a child of ours that serves: a signer or the server itself.
type process struct {
	name    string
	address string // what it said behind "ready "
	log     string // file with what it wrote to standard error
	cmd     *exec.Cmd
	done    chan struct{} // closed when it has ended
}

// startProcess starts a child and waits until it says that it is ready. The child gets a
// process group of its own, so that Ctrl-C reaches us alone, and ends when we die.
func startProcess(ctx context.Context, name, logDir string, cmd *exec.Cmd) (*process, error) {
	p := &process{name: name, log: filepath.Join(logDir, name+".log"), cmd: cmd, done: make(chan struct{})}
	logFile, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = logFile.Close() }() // the child writes to a descriptor of its own
	cmd.Stderr = logFile
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}

	// The kernel ties Pdeathsig to the thread that started the child, so that thread waits.
	started := make(chan error, 1)
	ready := make(chan string, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		defer close(p.done)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if address, ok := strings.CutPrefix(lines.Text(), readyPrefix); ok {
				ready <- address
				break
			}
		}
		for lines.Scan() {
			continue // drain, so that the child never blocks
		}
		_ = cmd.Wait() // how it ended is in its log
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}

	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	select {
	case p.address = <-ready:
		return p, nil
	case <-p.done:
		return nil, fmt.Errorf("%s ended before it was ready:\n%s", name, p.tail())
	case <-ctx.Done():
		p.kill()
		return nil, fmt.Errorf("%s is not ready: %w\n%s", name, ctx.Err(), p.tail())
	}
}

// stop asks the process to end and waits.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	timer := time.NewTimer(endTimeout)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		p.kill()
		return fmt.Errorf("%s did not end within %s and was killed", p.name, endTimeout)
	}
}

// kill ends the process without asking, as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
}

// tail is the end of the process's log.
func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-logTail):])
}

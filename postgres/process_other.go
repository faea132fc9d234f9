//go:build !linux

package postgres

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// dieWithParent does nothing: only Linux tells a child that its parent died. A server that
// is left over is stopped by the next start.
func dieWithParent(*syscall.SysProcAttr) {}

// processesIn returns the postmaster that the lock file of the data directory names, if
// that process really is one on this directory.
func processesIn(data string) ([]int, error) {
	pid, err := readPID(data)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output() // #nosec G204 -- a number
	if err != nil || !strings.Contains(string(out), "postgres") || !strings.Contains(string(out), data) {
		return nil, nil
	}
	return []int{pid}, nil
}

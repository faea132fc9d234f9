package postgres

import (
	"errors"
	"fmt"
	"path/filepath"
)

// PrivateDSN is how to reach the private server on a directory that another process of
// this user runs (StartPrivate said ErrLocked). It touches nothing: when that process has
// ended, connecting fails.
func PrivateDSN(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("private database: no directory configured")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("private database: %w", err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", fmt.Errorf("private database: %w", err)
	}
	s := Server{dir: dir, sockets: socketPath(dir)}
	return s.DSN(), nil
}

package signer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Errors of unlocking a token.
var (
	ErrPIN       = errors.New("the token refuses the PIN")
	ErrPINLocked = errors.New("too many wrong PINs")
)

// maxPINAttempts is how many wrong PINs in a row we try, restarts included: SoftHSM never
// locks, and a real HSM that does must not be locked by a supervisor's restarts.
const maxPINAttempts = 3

const maxPINBytes = 255

// PIN opens a token. It never prints itself.
type PIN struct {
	hidden
	secret string
}

// readPIN takes the PIN from a file that others cannot read, or from an environment
// variable, never from a flag or a configuration value.
func readPIN(file, env string) (PIN, error) {
	switch {
	case (file == "") == (env == ""):
		return PIN{}, errors.New("token: set either pin_file or pin_env")
	case env != "":
		return checkPIN(os.Getenv(env), "environment variable "+env)
	}
	info, err := os.Stat(file)
	if err != nil {
		return PIN{}, fmt.Errorf("token: pin_file: %w", err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return PIN{}, fmt.Errorf("token: pin_file %s can be read or written by everybody", file)
	}
	text, err := os.ReadFile(file) // #nosec G304 -- the operator's own file
	if err != nil {
		return PIN{}, fmt.Errorf("token: pin_file: %w", err)
	}
	return checkPIN(string(bytes.TrimRight(text, "\r\n")), "file "+file)
}

func checkPIN(secret, from string) (PIN, error) {
	if secret == "" || len(secret) > maxPINBytes {
		return PIN{}, fmt.Errorf("token: the PIN from %s is empty or longer than %d bytes", from, maxPINBytes)
	}
	return PIN{secret: secret}, nil
}

// attempts counts wrong PINs in a file, so that a restart does not begin anew.
type attempts struct{ path string }

// begin counts an attempt before it is made: one that a crash cuts short counts too.
func (a attempts) begin() error {
	n := 0
	text, err := os.ReadFile(a.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return fmt.Errorf("count PIN attempts: %w", err)
	default:
		if n, err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
			n = maxPINAttempts
		}
	}
	if n >= maxPINAttempts {
		return fmt.Errorf("%w: %d in a row; correct the PIN, then remove %s", ErrPINLocked, maxPINAttempts, a.path)
	}
	return a.write(n + 1)
}

func (a attempts) write(n int) error {
	file, err := os.OpenFile(a.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("count PIN attempts: %w", err)
	}
	_, err = file.WriteString(strconv.Itoa(n) + "\n")
	err = errors.Join(err, file.Sync(), file.Close(), syncDir(filepath.Dir(a.path)))
	if err != nil {
		return fmt.Errorf("count PIN attempts: %w", err)
	}
	return nil
}

// succeeded forgets the attempts.
func (a attempts) succeeded() error {
	if err := os.Remove(a.path); err != nil {
		return fmt.Errorf("count PIN attempts: %w", err)
	}
	return nil
}

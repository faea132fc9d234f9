package devnet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const softHSMTimeout = 30 * time.Second

// Token is a SoftHSM2 token in a directory of its own. A process sees it when its
// environment has SOFTHSM2_CONF set to Conf before the module is loaded.
type Token struct {
	Module string // path of the PKCS#11 module
	Conf   string // path of the configuration that knows this token alone
	Label  string
}

// Env is the environment variable to start a process with.
func (t Token) Env() string { return "SOFTHSM2_CONF=" + t.Conf }

// softHSMModules are the places where Debian's packages put the module.
var softHSMModules = []string{
	"/usr/lib/softhsm/libsofthsm2.so",
	"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
	"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
}

var errSoftHSM = errors.New("SoftHSM2 is missing: apt-get install softhsm2")

// NewToken initialises a token under dir, or returns the one that an earlier call made
// there. PINs have 4 to 255 characters. They pass through a command line, which other users
// of the machine can read: fit for development, like SoftHSM itself.
func NewToken(ctx context.Context, dir, label, pin, soPIN string) (Token, error) {
	util, err := exec.LookPath("softhsm2-util")
	if err != nil {
		return Token{}, errSoftHSM
	}
	module, err := softHSMModule()
	if err != nil {
		return Token{}, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return Token{}, fmt.Errorf("softhsm token %s: %w", label, err)
	}
	token := Token{Module: module, Conf: filepath.Join(dir, "softhsm2.conf"), Label: label}
	if err := token.writeConf(filepath.Join(dir, "tokens")); err != nil {
		return Token{}, fmt.Errorf("softhsm token %s: %w", label, err)
	}

	ctx, cancel := context.WithTimeout(ctx, softHSMTimeout)
	defer cancel()
	slots, err := token.run(ctx, util, "--show-slots")
	if err != nil {
		return Token{}, err
	}
	if hasLabel(slots, label) {
		return token, nil
	}
	_, err = token.run(ctx, util, "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", soPIN)
	return token, err
}

func softHSMModule() (string, error) {
	for _, path := range softHSMModules {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errSoftHSM
}

func (t Token) writeConf(tokens string) error {
	if err := os.MkdirAll(tokens, 0o700); err != nil {
		return err
	}
	conf := fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n", tokens)
	return os.WriteFile(t.Conf, []byte(conf), 0o600)
}

func (t Token) run(ctx context.Context, util string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, util, args...) // #nosec G204 -- softhsm2-util with our own arguments
	cmd.Env = append(os.Environ(), t.Env())
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("softhsm token %s: %s %s: %w: %s", t.Label, filepath.Base(util), args[0], err, bytes.TrimSpace(out))
	}
	return out, nil
}

// hasLabel looks for a line "Label: <label>" in what softhsm2-util says about its slots.
func hasLabel(slots []byte, label string) bool {
	for line := range bytes.Lines(slots) {
		name, value, found := bytes.Cut(line, []byte(":"))
		if found && string(bytes.TrimSpace(name)) == "Label" && string(bytes.TrimSpace(value)) == label {
			return true
		}
	}
	return false
}

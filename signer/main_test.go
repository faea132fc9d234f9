package signer

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/cofferhq/coffer"
)

// Every test process has SoftHSM tokens of its own: the module reads SOFTHSM2_CONF once,
// when it is loaded. Children that a test starts as signers share their parent's.
const (
	testPIN = "87654321"
	soPIN   = "12345678"
)

var testTokens = []string{"one", "two", "three", "twin", "twin"}

var testModule = func() string {
	paths := []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
		"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"}
	i := slices.IndexFunc(paths, func(p string) bool { _, err := os.Stat(p); return err == nil })
	if i < 0 {
		return "libsofthsm2.so is not installed"
	}
	return paths[i]
}()

func TestMain(m *testing.M) {
	if path := os.Getenv("COFFER_TEST_SIGNER"); path != "" {
		os.Exit(childSigner(path))
	}
	dir, err := os.MkdirTemp("", "coffer-signer-test-")
	if err != nil {
		fatal(err)
	}
	if err := initTokens(dir); err != nil {
		fatal(err)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fatal(err)
	}
	os.Exit(code)
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func initTokens(dir string) error {
	conf := filepath.Join(dir, "softhsm2.conf")
	tokens := filepath.Join(dir, "tokens")
	text := "directories.tokendir = " + tokens + "\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n"
	if err := os.Mkdir(tokens, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return err
	}
	if err := os.Setenv("SOFTHSM2_CONF", conf); err != nil {
		return err
	}
	for _, label := range testTokens {
		out, err := exec.Command("softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", soPIN, "--pin", testPIN).CombinedOutput()
		if err != nil {
			return fmt.Errorf("softhsm2-util: %w: %s", err, out)
		}
	}
	return nil
}

// childSigner is a signer process of its own, told where it listens by a line on stdout.
func childSigner(path string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg, err := LoadConfig(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.Ready = func(addr net.Addr) { fmt.Println(addr) }
	explain := func(c ChainConfig) (coffer.Explainer, error) {
		if c.Chain.Namespace() == coffer.NamespaceUTXO {
			return explainerOf(c)
		}
		return fakeExplainer{}, nil
	}
	if err := run(ctx, cfg, explain); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

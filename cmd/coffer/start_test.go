package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/postgres"
)

// refusalTimeout bounds how long a program may take to say that it does not start.
const refusalTimeout = 30 * time.Second

// TestRefusesToStart gives server and signers what they must not start with. Each refusal
// is exit status 1 and an error that names what is wrong, and in the end the books, the
// signer's log and the database's version are what they were.
func TestRefusesToStart(t *testing.T) {
	s := newTestStack(t)
	checkBundlerRPC(t, s)
	if err := s.server.stop(); err != nil {
		t.Fatal(err)
	}
	books := s.books(t)

	t.Run("server", func(t *testing.T) { serverRefuses(t, s) })
	t.Run("database", func(t *testing.T) { refusesNewerDatabase(t, s) })
	t.Run("signer", func(t *testing.T) { signerRefuses(t, s) })

	if after := s.books(t); after != books {
		t.Errorf("the refusals changed the books: %q, then %q", books, after)
	}
	if err := s.startServer(t.Context()); err != nil {
		t.Errorf("the server does not start with what it should: %v", err)
	}
}

// startNode starts a node besides those of the stack, which ends with the test.
func startNode(t *testing.T, chainID uint64) *devnet.Anvil {
	t.Helper()
	node, err := devnet.Start(t.Context(), devnet.Config{ChainID: chainID})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
		defer cancel()
		if err := node.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return node
}

func serverRefuses(t *testing.T, s *stack) {
	other := startNode(t, 56)
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	policy := s.path("other-policy.yaml")
	text, err := os.ReadFile(s.path("policy.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(policy, append(text, "# another policy\n"...), 0o600); err != nil {
		t.Fatal(err)
	}

	strictGuard, err := s.anvil.DeployGuard(t.Context(), s.contracts, 2*devnet.GuardDelay, devnet.GuardWindow)
	if err != nil {
		t.Fatal(err)
	}
	guard := "guard: " + s.contracts.Guard.Hex()

	for name, c := range map[string]struct{ old, new, says string }{
		"absent node":                        {s.anvil.URL, "http://127.0.0.1:1", "for their chain id"},
		"node of another chain":              {s.anvil.URL, other.URL, "the node runs chain eip155:56, not " + string(s.chain)},
		"another policy":                     {s.path("policy.yaml"), policy, "has pinned the policy"},
		"absent signers":                     {"address: 127.0.0.1:", "address: 127.0.0.2:", "wants 2 owners' signatures"},
		"a threshold that is not the Safe's": {"threshold: 2", "threshold: 3", "signing.threshold is 3"},
		"decimals that are not the token's":  {"decimals: 6", "decimals: 18", "18 in the configuration"},
		"another token":                      {s.contracts.Token.Hex(), s.executors[0].Hex(), "answers 0 bytes"},
		"another wallet":                     {"wallet: " + s.safe.Hex(), "wallet: " + s.factory.Hex(), "wallet " + s.factory.Hex()},
		"a guard that the wallet lacks":      {guard, "guard: " + strictGuard.Hex(), "its guard is " + s.contracts.Guard.Hex()},
		"a guard that is something else":     {guard, "guard: " + s.contracts.Token.Hex(), "guard " + s.contracts.Token.Hex()},
		"a port in use":                      {"listen: 127.0.0.1:0", "listen: " + taken.Addr().String(), "http.listen"},
		"a key that nobody knows":            {"data_dir:", "data_dri: x\ndata_dir:", "data_dri"},
	} {
		t.Run(name, func(t *testing.T) {
			config := variant(t, s.configFile(), c.old, c.new)
			refuses(t, testProgram(t.Context(), "serve", "--config", config), c.says)
		})
	}
}

// refusesNewerDatabase makes the database one that a later program has migrated.
func refusesNewerDatabase(t *testing.T, s *stack) {
	version := func(statement string) {
		t.Helper()
		server, err := postgres.StartPrivate(t.Context(), postgres.PrivateConfig{Dir: s.path("data", "postgres")})
		if err != nil {
			t.Fatal(err)
		}
		db, err := postgres.Open(t.Context(), server.DSN())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Pool().Exec(t.Context(), statement); err != nil {
			t.Error(err)
		}
		db.Close()
		if err := server.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	version("insert into goose_db_version (version_id, is_applied) values (9999, true)")
	refuses(t, testProgram(t.Context(), "serve", "--config", s.configFile()), "database is at migration 9999")
	refuses(t, testProgram(t.Context(), "migrate", "--config", s.configFile()), "use a newer program")
	version("delete from goose_db_version where version_id = 9999")
}

func signerRefuses(t *testing.T, s *stack) {
	name := signerName(0)
	if err := s.signers[0].stop(); err != nil {
		t.Fatal(err)
	}
	log := readFile(t, s.path(name, "log.jsonl"))
	wrong := filepath.Join(t.TempDir(), "pin")
	if err := os.WriteFile(wrong, []byte("11111111\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	for what, c := range map[string]struct{ old, new, says string }{
		"wrong PIN":           {s.path("secrets", "pin"), wrong, "the token refuses the PIN"},
		"absent PIN":          {s.path("secrets", "pin"), wrong + "-absent", "pin_file"},
		"missing token":       {"label: " + name, "label: another", `no initialized token is labelled "another"`},
		"missing key":         {"owner: owner", "owner: another", `key "another"`},
		"another policy":      {s.path("policy.yaml"), s.path("other-policy.yaml"), "pinned is"},
		"log of another":      {"name: " + name, "name: signer-9", `belongs to signer "` + name + `"`},
		"a key nobody knows":  {"listen:", "pin: 87654321\nlisten:", "field pin not found"},
		"a library not there": {s.tokens[0].Module, "/nowhere.so", "cannot be loaded as a PKCS#11 library"},
	} {
		t.Run(what, func(t *testing.T) {
			config := variant(t, s.path(name+".yaml"), c.old, c.new)
			cmd := testProgram(t.Context(), "signer", "--config", config)
			cmd.Env = append(cmd.Env, s.tokens[0].Env())
			text := refuses(t, cmd, c.says)
			if strings.Contains(text, stackPIN) {
				t.Errorf("the refusal tells the PIN: %q", text)
			}
		})
	}

	if !bytes.Equal(log, readFile(t, s.path(name, "log.jsonl"))) {
		t.Error("the refusals changed the signer's log")
	}
	var err error
	if s.signers[0], err = s.startSigner(t.Context(), t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := s.writeServerConfig(); err != nil { // it listens on another port
		t.Fatal(err)
	}
	if _, err := os.Stat(s.path(name, "pin-attempts")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the right PIN did not end the count of wrong ones: %v", err)
	}
}

// refuses wants a program to end by itself with status 1, saying so and why, and returns
// what it said.
func refuses(t *testing.T, cmd *exec.Cmd, says string) string {
	t.Helper()
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(refusalTimeout, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait()
	late.Stop()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("ended with %v, want exit status 1:\n%s", err, out.String())
	}
	if text := out.String(); !strings.Contains(text, "coffer: ") || !strings.Contains(text, says) || strings.Contains(text, "panic") {
		t.Errorf("said %q, want an error with %q", text, says)
	}
	return out.String()
}

// variant writes a copy of a configuration in which something is different.
func variant(t *testing.T, file, old, replacement string) string {
	t.Helper()
	text := string(readFile(t, file))
	changed := strings.ReplaceAll(text, old, replacement)
	if changed == text {
		t.Fatalf("%s does not hold %q:\n%s", file, old, text)
	}
	path := filepath.Join(t.TempDir(), filepath.Base(file))
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// books is what the ledger holds, in a line.
func (s *stack) books(t *testing.T) string {
	t.Helper()
	text, err := s.command(t.Context(), nil, "ledger", "verify", "--config", s.configFile())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

package main

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cofferhq/coffer/devnet"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"golang.org/x/sync/errgroup"
)

// What a development stack is made of.
const (
	stackSigners   = 3
	stackThreshold = 2
	stackExecutors = 2 // the first signers hold a gas key each
	stackTenant    = "demo"
	stackPIN       = "87654321" // of throw-away SoftHSM tokens
	serverName     = "coffer"   // in the server's certificate
	blockTime      = 1          // seconds
	finalityBlocks = 6          // more than anvil needs with two slots in an epoch
)

// stack is a whole system on this machine: real nodes with the real contracts, SoftHSM
// tokens, signer processes, and the server as a process of its own.
type stack struct {
	dir  string
	self func(ctx context.Context, args ...string) *exec.Cmd // runs this program
	say  func(format string, args ...any)

	*devChain             // the one in front, the first unless on says otherwise
	chains    []*devChain // all
	bitcoin   *btcChain   // beside them
	tron      *tronChain  // the same; nil unless withTRON
	withTRON  bool

	tokens    []devnet.Token
	owners    []common.Address
	executors []common.Address    // gas keys of the first signers
	approvers []*ecdsa.PrivateKey // two people's keys; the policy file names them

	issuer string // public key of who signs the sanctions list

	signers []*process
	server  *process
	api     client
}

// newStack makes the directory of a stack. The private database runs as another user, who
// has to be able to walk through.
func newStack(self func(ctx context.Context, args ...string) *exec.Cmd, say func(format string, args ...any)) (*stack, error) {
	dir, err := os.MkdirTemp("", "coffer-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o711); err != nil { //nolint:gosec // others may walk through, not look
		return nil, err
	}
	for _, sub := range []string{"logs", "secrets", "data"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o711); err != nil { //nolint:gosec // as above
			return nil, err
		}
	}
	chains := devChains()
	return &stack{dir: dir, self: self, say: say, devChain: chains[0], chains: chains}, nil
}

// selfCommand runs this program's executable.
func selfCommand(ctx context.Context, args ...string) *exec.Cmd {
	path, err := os.Executable()
	if err != nil {
		path = os.Args[0]
	}
	return exec.CommandContext(ctx, path, args...) //nolint:gosec // it is ourselves
}

func (s *stack) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

// up brings everything up, the server last.
func (s *stack) up(ctx context.Context) error {
	type step struct {
		what string
		run  func(ctx context.Context) error
	}
	steps := []step{
		{"two nodes (anvil), Ethereum-like and BSC-like, with Safe 1.5.0, Safe4337Module, EntryPoint v0.7 and a test USDT", s.startChains},
		{"a Bitcoin node on regtest (btcd), with a simulator of the Omni Layer", s.startBitcoin},
		{"three SoftHSM tokens with a key each, and two executors'", s.makeKeys},
		{"on each chain a 2-of-3 Safe, a forwarder factory, funds", s.makeWallets},
		{"a 2-of-3 Bitcoin wallet", s.makeBitcoinWallet},
		{"policy, certificates, configuration", s.writeFiles},
		{"three signer processes", s.startSigners},
		{"private PostgreSQL, tenant and API key", s.makeTenant},
		{"coffer serve", func(ctx context.Context) error { return s.startServer(ctx) }},
	}
	if s.withTRON {
		at := slices.IndexFunc(steps, func(one step) bool { return strings.HasPrefix(one.what, "policy") })
		steps = slices.Insert(steps, at, step{"a TRON node (tronsim) with a test USDT, and an account with a 2-of-3 permission", s.startTRON})
	}
	for _, step := range steps {
		begin := time.Now()
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		s.say("  up: %s (%.1f s)", step.what, time.Since(begin).Seconds())
	}
	return nil
}

func (s *stack) startChains(ctx context.Context) error {
	return s.eachChain(ctx, func(ctx context.Context, c *devChain) error {
		return c.start(ctx, s.path(fmt.Sprintf("anvil-%d.json", c.number)))
	})
}

func (s *stack) makeKeys(ctx context.Context) error {
	pinFile := s.path("secrets", "pin")
	if err := os.WriteFile(pinFile, []byte(stackPIN+"\n"), 0o600); err != nil {
		return err
	}
	s.tokens = make([]devnet.Token, stackSigners)
	s.owners = make([]common.Address, stackSigners)
	s.executors = make([]common.Address, stackExecutors)
	group, ctx := errgroup.WithContext(ctx)
	for i := range stackSigners {
		group.Go(func() (err error) {
			name := signerName(i)
			if s.tokens[i], err = devnet.NewToken(ctx, s.path("hsm", name), name, stackPIN, stackPIN); err != nil {
				return err
			}
			if s.owners[i], err = s.makeAddress(ctx, i, "owner"); err != nil || i >= stackExecutors {
				return err
			}
			s.executors[i], err = s.makeAddress(ctx, i, "executor")
			return err
		})
	}
	return group.Wait()
}

func signerName(i int) string { return fmt.Sprintf("signer-%d", i+1) }

// makeKey makes a key in a signer's token, and returns what the command prints.
func (s *stack) makeKey(ctx context.Context, i int, label string, flags ...string) (string, error) {
	token := s.tokens[i]
	return s.command(ctx, []string{token.Env()}, append([]string{"signer", "key", "--module", token.Module, "--token", token.Label,
		"--pin-file", s.path("secrets", "pin"), "--dir", s.path(signerName(i)), "--label", label}, flags...)...)
}

func (s *stack) makeAddress(ctx context.Context, i int, label string) (common.Address, error) {
	text, err := s.makeKey(ctx, i, label)
	if err != nil {
		return common.Address{}, err
	}
	if !common.IsHexAddress(text) {
		return common.Address{}, fmt.Errorf("signer key printed %.80q", text)
	}
	return common.HexToAddress(text), nil
}

// command runs a command of ours and returns what it printed.
func (s *stack) command(ctx context.Context, env []string, args ...string) (string, error) {
	cmd := s.self(ctx, args...)
	cmd.Env = append(cmd.Environ(), env...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	// Asked to end, it stops the database it may have started; killed, it could not.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = endTimeout
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("coffer %s: %w: %s", strings.Join(args[:2], " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// makeWallets funds every chain and makes the keys of the people who approve.
func (s *stack) makeWallets(ctx context.Context) error {
	for range stackThreshold {
		key, err := crypto.GenerateKey()
		if err != nil {
			return err
		}
		s.approvers = append(s.approvers, key)
	}
	return s.eachChain(ctx, func(ctx context.Context, c *devChain) error { return c.fund(ctx, s.owners, s.executors) })
}

func ether(n int64) *big.Int { return new(big.Int).Mul(big.NewInt(n), big.NewInt(1e18)) }

func (s *stack) startSigners(ctx context.Context) error {
	s.signers = make([]*process, stackSigners)
	group, groupCtx := errgroup.WithContext(ctx)
	for i := range stackSigners {
		group.Go(func() (err error) {
			s.signers[i], err = s.startSigner(groupCtx, ctx, i)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return s.writeServerConfig()
}

// startSigner starts one signer, which lives as long as life. It listens where it did before.
func (s *stack) startSigner(ctx, life context.Context, i int) (*process, error) {
	if before := s.signers[i]; before != nil {
		if err := replaceIn(s.path(signerName(i)+".yaml"), "listen: 127.0.0.1:0\n", "listen: "+before.address+"\n"); err != nil {
			return nil, err
		}
	}
	cmd := s.self(context.WithoutCancel(life), "signer", "--config", s.path(signerName(i)+".yaml"))
	cmd.Env = append(cmd.Environ(), s.tokens[i].Env())
	return startProcess(ctx, signerName(i), s.path("logs"), cmd)
}

// makeTenant makes the tenant and its API key, and with them the database.
func (s *stack) makeTenant(ctx context.Context) error {
	if _, err := s.command(ctx, nil, "tenant", "create", "--config", s.configFile(), "--id", stackTenant, "--name", "Demo"); err != nil {
		return err
	}
	key, err := s.command(ctx, nil, "tenant", "key", "--config", s.configFile(), "--tenant", stackTenant, "--name", "demo", "--scope", "admin")
	s.api.key = key
	return err
}

func (s *stack) configFile() string { return s.path("coffer.yaml") }

// startServer starts `coffer serve`, the first time or after it was killed.
func (s *stack) startServer(ctx context.Context, env ...string) (err error) {
	cmd := s.self(context.WithoutCancel(ctx), "serve", "--config", s.configFile())
	cmd.Env = append(cmd.Environ(), env...)
	if s.server, err = startProcess(ctx, "coffer", s.path("logs"), cmd); err != nil {
		return err
	}
	s.api.url = "http://" + s.server.address + "/graphql"
	return nil
}

// down stops everything that is up and removes the stack's files.
func (s *stack) down() error {
	if err := s.halt(); err != nil {
		return err
	}
	return os.RemoveAll(s.dir)
}

// halt stops everything that is up, the server first, and leaves the files.
func (s *stack) halt() error {
	var found []error
	for _, p := range append([]*process{s.server}, s.signers...) {
		if p != nil {
			found = append(found, p.stop())
		}
	}
	for _, c := range s.chains {
		if c.anvil == nil {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
		found = append(found, c.anvil.Stop(ctx))
		cancel()
	}
	if s.bitcoin != nil {
		ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
		if s.bitcoin.omni != nil {
			found = append(found, s.bitcoin.omni.stop(ctx))
		}
		found = append(found, s.bitcoin.node.Stop(ctx))
		cancel()
	}
	if s.tron != nil {
		found = append(found, s.tron.stop())
	}
	if err := errors.Join(found...); err != nil {
		return fmt.Errorf("%w (logs are in %s)", err, s.path("logs"))
	}
	return nil
}

// logs says the end of every process's log, for when something went wrong.
func (s *stack) logs(say func(format string, args ...any)) {
	for _, p := range append([]*process{s.server}, s.signers...) {
		if p != nil {
			say("--- %s\n%s", p.name, p.tail())
		}
	}
}

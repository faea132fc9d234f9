// Package devnet runs local chains for the demo, development and tests: anvil (EVM), with
// the audited contracts deployed where they live on real chains, btcd (Bitcoin) on regtest,
// and SoftHSM tokens for signers. Nothing here is used in production, and nothing here is a fake: the node,
// the contracts and the PKCS#11 module are the real ones.
//
//	a, err := devnet.Start(ctx, devnet.Config{})    // an anvil of our own, on a free port
//	defer a.Stop(context.WithoutCancel(ctx))
//	c, err := a.Deploy(ctx)                         // EntryPoint, Safe, its 4337 module, a token
//	safe, err := a.CreateSafe(ctx, owners, 2, 0)    // an M-of-N wallet
//
//	b, err := devnet.StartBitcoin(ctx, devnet.BitcoinConfig{}) // btcd, with test money
//	payment, err := b.Pay(ctx, address, satoshi)                // into the pool
//	_, err = b.Mine(ctx, 1)
//	err = b.Reorg(ctx, 2, 3)                                    // two blocks off, three others on
//
// Transactions of this package are signed by the node itself for its first development
// account, on Bitcoin by one key that is in the source for everybody to read. The only other
// keys here are those that Owners makes, to be thrown away.
package devnet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/ethclient"
	"github.com/ethereum/go-ethereum/rpc"
)

const (
	defaultChainID        = 31337
	defaultTokenDecimals  = 6 // as USDT has on Ethereum
	defaultSlotsInAnEpoch = 2 // anvil's safe block is latest-2, its final one latest-4

	startTimeout = 20 * time.Second
	stopTimeout  = 10 * time.Second // then the process is killed
	callTimeout  = 30 * time.Second // one JSON-RPC call
	logTailBytes = 16 << 10
)

// Config says which chain to run. The zero value is a fresh chain 31337 that mines each
// transaction at once.
type Config struct {
	ChainID        uint64        // 31337 when zero
	SlotsInAnEpoch int           // 2 when zero, so that finality comes within a few blocks
	BlockTime      time.Duration // zero: a block for each transaction
	Port           int           // zero: a free one
	TokenDecimals  uint8         // of the token that Deploy makes; 6 when zero
	Genesis        time.Time     // of block 0, in whole seconds; now when zero
	Binary         string        // empty: $COFFER_ANVIL, PATH, or contracts/node_modules/.bin
}

// Anvil is a running node of ours.
type Anvil struct {
	URL     string
	ChainID uint64

	decimals   uint8      // of the test token
	submitting sync.Mutex // held while the node gives a transaction its nonce

	cmd     *exec.Cmd
	client  *rpc.Client
	faucet  common.Address // the node's first development account
	log     *tail
	done    chan struct{} // closed when the process has ended
	exitErr error         // valid after done
}

// Start runs anvil and returns when it answers with the chain id that was asked for. The
// process gets a process group of its own, so that Ctrl-C reaches only us, and is
// interrupted when we die.
func Start(ctx context.Context, config Config) (*Anvil, error) {
	if config.ChainID == 0 {
		config.ChainID = defaultChainID
	}
	if config.TokenDecimals == 0 {
		config.TokenDecimals = defaultTokenDecimals
	}
	binary, err := FindAnvil(config.Binary)
	if err != nil {
		return nil, err
	}
	// The node outlives ctx, which bounds the start alone; Stop ends it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), binary, config.args()...) // #nosec G204 -- a developer's own choice of binary
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start anvil: %w", err)
	}
	cmd.Stderr = cmd.Stdout
	a := &Anvil{ChainID: config.ChainID, decimals: config.TokenDecimals, cmd: cmd, log: &tail{}, done: make(chan struct{})}
	started, listening := make(chan error, 1), make(chan string, 1)
	go a.run(output, started, listening)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}

	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := a.connect(ctx, listening); err != nil {
		_ = a.Stop(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("start anvil: %w; its last words:\n%s", err, a.Logs())
	}
	return a, nil
}

func (c Config) args() []string {
	slots := c.SlotsInAnEpoch
	if slots == 0 {
		slots = defaultSlotsInAnEpoch
	}
	args := []string{
		"--host", "127.0.0.1", "--port", strconv.Itoa(c.Port),
		"--chain-id", strconv.FormatUint(c.ChainID, 10),
		"--slots-in-an-epoch", strconv.Itoa(slots),
	}
	if !c.Genesis.IsZero() {
		args = append(args, "--timestamp", strconv.FormatInt(c.Genesis.Unix(), 10))
	}
	if c.BlockTime > 0 {
		args = append(args, "--block-time", strconv.FormatFloat(c.BlockTime.Seconds(), 'f', 3, 64))
	}
	return args
}

// FindAnvil returns the anvil binary to run: the given one, $COFFER_ANVIL, the one on PATH,
// or the one that npm installed into contracts/ of the repository around the working
// directory or around our own executable.
func FindAnvil(binary string) (string, error) {
	if binary == "" {
		binary = os.Getenv("COFFER_ANVIL")
	}
	if binary != "" {
		return exec.LookPath(binary)
	}
	if found, err := exec.LookPath("anvil"); err == nil {
		return found, nil
	}
	var starts []string
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	for _, dir := range starts {
		for {
			candidate := filepath.Join(dir, "contracts", "node_modules", ".bin", "anvil")
			if _, err := os.Stat(candidate); err == nil {
				return candidate, nil
			}
			parent := filepath.Dir(dir)
			if parent == dir {
				break
			}
			dir = parent
		}
	}
	return "", errors.New("anvil is missing: run tools/setup in the repository, or name it in COFFER_ANVIL")
}

// run starts the process and reads what it says until it ends; the address it listens on
// goes to listening. Linux sends the parent-death signal when the thread that started the
// process ends, so this goroutine keeps its thread until then.
func (a *Anvil) run(output io.Reader, started chan<- error, listening chan<- string) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := a.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadString('\n')
		a.log.add(line)
		if address, ok := strings.CutPrefix(strings.TrimSpace(line), "Listening on "); ok {
			select {
			case listening <- address:
			default: // said before
			}
		}
		if err != nil {
			break
		}
	}
	a.exitErr = a.cmd.Wait()
	close(a.done)
}

func (a *Anvil) connect(ctx context.Context, listening <-chan string) error {
	select {
	case address := <-listening:
		a.URL = "http://" + address
	case <-a.done:
		return fmt.Errorf("it ended at once: %w", errors.Join(a.exitErr, errEnded))
	case <-ctx.Done():
		return fmt.Errorf("it does not listen: %w", ctx.Err())
	}
	client, err := rpc.DialContext(ctx, a.URL)
	if err != nil {
		return fmt.Errorf("dial %s: %w", a.URL, err)
	}
	a.client = client
	id, err := a.Eth().ChainID(ctx)
	if err != nil {
		return fmt.Errorf("ask for its chain id: %w", err)
	}
	if !id.IsUint64() || id.Uint64() != a.ChainID {
		return fmt.Errorf("it runs chain %s instead of %d", id, a.ChainID)
	}
	var accounts []common.Address
	if err := client.CallContext(ctx, &accounts, "eth_accounts"); err != nil || len(accounts) == 0 {
		return fmt.Errorf("ask for its accounts: %d given: %w", len(accounts), err)
	}
	a.faucet = accounts[0]
	return nil
}

var errEnded = errors.New("the process has ended")

// RPC returns the JSON-RPC client of this node; it is closed by Stop.
func (a *Anvil) RPC() *rpc.Client { return a.client }

// Eth returns the same client with Ethereum's methods.
func (a *Anvil) Eth() *ethclient.Client { return ethclient.NewClient(a.client) }

// Faucet is the development account that pays for what this package does; the node itself
// signs for it.
func (a *Anvil) Faucet() common.Address { return a.faucet }

// Logs returns the last words of the process, at most 16 KiB.
func (a *Anvil) Logs() string { return a.log.String() }

// Done is closed when the process has ended, wanted or not.
func (a *Anvil) Done() <-chan struct{} { return a.done }

// Stop interrupts the process and waits for its end; after ten seconds, or when ctx ends,
// it is killed. A second Stop does nothing.
func (a *Anvil) Stop(ctx context.Context) error {
	if a.client != nil {
		a.client.Close()
	}
	select {
	case <-a.done:
		return nil
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if err := a.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop anvil: %w", err)
	}
	select {
	case <-a.done:
		return nil
	case <-ctx.Done():
	}
	if err := a.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill anvil: %w", err)
	}
	<-a.done
	return fmt.Errorf("anvil was killed because it did not stop: %w", ctx.Err())
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) add(line string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, line...)
	if extra := len(t.text) - logTailBytes; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

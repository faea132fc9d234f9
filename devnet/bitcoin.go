package devnet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// The variables of the environment that choose the node. Without them it is btcd.
const (
	// EnvBitcoinRPC is the URL, with user and password, of a node on regtest that runs already
	// and is nobody else's while we use it.
	EnvBitcoinRPC = "TEST_BITCOIN_RPC"
	// EnvBitcoind is a binary that takes Bitcoin Core's arguments, to be run instead of btcd;
	// tools/bitcoind gets one.
	EnvBitcoind = "TEST_BITCOIND"
)

const (
	bitcoinUser      = "devnet"
	bitcoinPassword  = "devnet" // #nosec G101 -- of a node that listens on this machine only
	bitcoinMature    = 20       // coins that can be spent when it starts
	maxBitcoinAnswer = 64 << 20
	portAttempts     = 3
)

// BitcoinConfig says which node to run. The zero value is a fresh regtest that is thrown away.
type BitcoinConfig struct {
	Port   int    // of JSON-RPC; zero: a free one
	Binary string // btcd, or bitcoind; empty: see EnvBitcoind, then btcd on PATH or in .tools/bin
	ZMQ    string // tcp://host:port where bitcoind publishes the hashes of blocks; btcd cannot
	Bare   bool   // with no block but the first: who starts it brings the chain, and has no test money
}

// Bitcoin is a node on regtest with a wallet of test money. Its blocks are made here, so that
// they hold what a test wants and forks are real ones.
type Bitcoin struct {
	URL string // with user and password

	config   BitcoinConfig
	attached bool // to a node that is not ours
	binary   string
	dir      string
	ids      atomic.Uint64

	process *bitcoinProcess

	mu     sync.Mutex
	chain  []bitcoinBlock // by height, as last seen
	wallet bitcoinWallet
}

// bitcoinProcess is a running node.
type bitcoinProcess struct {
	cmd     *exec.Cmd
	log     *tail
	done    chan struct{} // closed when it has ended
	exitErr error         // valid after done
}

// StartBitcoin runs btcd, or uses what the environment names, and returns when there is money
// to pay with. The process is interrupted when we die.
func StartBitcoin(ctx context.Context, config BitcoinConfig) (*Bitcoin, error) {
	b := &Bitcoin{config: config, wallet: newBitcoinWallet()}
	if given := os.Getenv(EnvBitcoinRPC); given != "" && config.Binary == "" {
		b.URL, b.attached = given, true
	} else {
		var err error
		if b.binary, err = FindBitcoin(config.Binary); err != nil {
			return nil, err
		}
		if b.dir, err = os.MkdirTemp("", "coffer-bitcoin-"); err != nil {
			return nil, fmt.Errorf("start a Bitcoin node: %w", err)
		}
		if err := b.startOnSomePort(ctx); err != nil {
			b.removeDir()
			return nil, err
		}
	}
	if config.Bare {
		return b, nil
	}
	if err := b.fund(ctx); err != nil {
		_ = b.Stop(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("mine the first blocks: %w; the node's last words:\n%s", err, b.Logs())
	}
	return b, nil
}

// FindBitcoin returns the node to run: the given binary, $TEST_BITCOIND, or the btcd that
// tools/setup builds, on PATH or in .tools/bin of the repository around the working directory
// or around our own executable.
func FindBitcoin(binary string) (string, error) {
	if binary == "" {
		binary = os.Getenv(EnvBitcoind)
	}
	if binary != "" {
		return exec.LookPath(binary)
	}
	if found, err := exec.LookPath("btcd"); err == nil {
		return found, nil
	}
	if found, ok := findAround(filepath.Join(".tools", "bin", "btcd")); ok {
		return found, nil
	}
	return "", errors.New("btcd is missing: run tools/setup in the repository")
}

// findAround looks for a file of the repository around the working directory or our own
// executable.
func findAround(name string) (string, bool) {
	var starts []string
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	for _, dir := range starts {
		for {
			candidate := filepath.Join(dir, name)
			if _, err := os.Stat(candidate); err == nil {
				return candidate, true
			}
			parent := filepath.Dir(dir)
			if parent == dir {
				break
			}
			dir = parent
		}
	}
	return "", false
}

// isCore reports whether the binary takes Bitcoin Core's arguments.
func (b *Bitcoin) isCore() bool { return strings.Contains(filepath.Base(b.binary), "bitcoind") }

// startOnSomePort starts the node. btcd chooses a free port itself; for others one is looked
// for, which somebody else may take first.
func (b *Bitcoin) startOnSomePort(ctx context.Context) error {
	if !b.isCore() || b.config.Port != 0 {
		return b.start(ctx, b.config.Port)
	}
	var err error
	for range portAttempts {
		var port int
		if port, err = freePort(ctx); err != nil {
			return err
		}
		if err = b.start(ctx, port); err == nil || ctx.Err() != nil {
			return err
		}
	}
	return err
}

func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("look for a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}

func (b *Bitcoin) args(port int) []string {
	if b.isCore() {
		args := []string{
			"-regtest", "-datadir=" + b.dir, "-server", "-listen=0", "-txindex=1", "-fallbackfee=0.0001",
			"-rpcbind=127.0.0.1", "-rpcallowip=127.0.0.1", "-rpcport=" + strconv.Itoa(port),
			"-rpcuser=" + bitcoinUser, "-rpcpassword=" + bitcoinPassword,
		}
		if b.config.ZMQ != "" {
			args = append(args, "-zmqpubhashblock="+b.config.ZMQ)
		}
		return args
	}
	return []string{
		"--regtest", "--notls", "--txindex", "--addrindex", "--nolisten", "--nodnsseed", "--utxocachemaxsize=16",
		"--datadir=" + filepath.Join(b.dir, "data"), "--logdir=" + filepath.Join(b.dir, "log"), "--configfile=" + filepath.Join(b.dir, "btcd.conf"),
		"--rpclisten=127.0.0.1:" + strconv.Itoa(port), "--rpcuser=" + bitcoinUser, "--rpcpass=" + bitcoinPassword,
	}
}

// start runs the node and returns when it answers.
func (b *Bitcoin) start(ctx context.Context, port int) error {
	// btcd would write its own configuration where it finds none.
	if err := os.WriteFile(filepath.Join(b.dir, "btcd.conf"), nil, 0o600); err != nil {
		return fmt.Errorf("start a Bitcoin node: %w", err)
	}
	// The node outlives ctx, which bounds the start alone; Stop ends it.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), b.binary, b.args(port)...) // #nosec G204 -- a developer's own choice of binary
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start a Bitcoin node: %w", err)
	}
	cmd.Stderr = cmd.Stdout
	p := &bitcoinProcess{cmd: cmd, log: &tail{}, done: make(chan struct{})}
	started, listening := make(chan error, 1), make(chan string, 1)
	if b.isCore() { // it does not say where it listens
		listening <- net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	go p.run(output, started, listening)
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", b.binary, err)
	}
	b.process = p

	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := b.connect(ctx, listening); err != nil {
		_ = b.stopProcess(context.WithoutCancel(ctx))
		return fmt.Errorf("start %s: %w; its last words:\n%s", b.binary, err, p.log)
	}
	return nil
}

// run starts the process and reads what it says until it ends. Linux sends the parent-death
// signal when the thread that started the process ends, so this goroutine keeps its thread.
func (p *bitcoinProcess) run(output io.Reader, started chan<- error, listening chan<- string) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadString('\n')
		p.log.add(line)
		if _, address, ok := strings.Cut(strings.TrimSpace(line), "RPC server listening on "); ok {
			select {
			case listening <- address:
			default: // said before
			}
		}
		if err != nil {
			break
		}
	}
	p.exitErr = p.cmd.Wait()
	close(p.done)
}

// connect waits until the node listens and answers.
func (b *Bitcoin) connect(ctx context.Context, listening <-chan string) error {
	select {
	case address := <-listening:
		b.URL = (&url.URL{Scheme: "http", Host: address, User: url.UserPassword(bitcoinUser, bitcoinPassword)}).String()
	case <-b.process.done:
		return fmt.Errorf("it ended at once: %w", errors.Join(b.process.exitErr, errEnded))
	case <-ctx.Done():
		return fmt.Errorf("it does not listen: %w", ctx.Err())
	}
	const poll = 20 * time.Millisecond
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		err := b.Call(ctx, nil, "getblockcount")
		if err == nil {
			return nil
		}
		select {
		case <-ticker.C:
		case <-b.process.done:
			return fmt.Errorf("it ended: %w", errors.Join(b.process.exitErr, errEnded))
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", err)
		}
	}
}

// Node is the node as a chain's configuration names it.
func (b *Bitcoin) Node() utxo.Node { return utxo.Node{URL: b.URL} }

// Logs returns the last words of the process, at most 16 KiB; nothing of a node that is not
// ours.
func (b *Bitcoin) Logs() string {
	if b.process == nil {
		return ""
	}
	return b.process.log.String()
}

// Done is closed when the process has ended, wanted or not; nil for a node that is not ours.
func (b *Bitcoin) Done() <-chan struct{} {
	if b.process == nil {
		return nil
	}
	return b.process.done
}

// Restart stops the node and starts it with the same chain on the same port. Its pool may be
// empty then.
func (b *Bitcoin) Restart(ctx context.Context) error {
	if b.attached {
		return errors.New("restart: the node is not ours")
	}
	u, err := url.Parse(b.URL)
	if err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.sync(ctx); err != nil {
		return fmt.Errorf("restart: %w", err)
	}
	if err := b.stopProcess(ctx); err != nil {
		return err
	}
	if err := b.start(ctx, port); err != nil {
		return err
	}
	return b.restore(ctx)
}

// Stop ends the process and removes its data. A second Stop does nothing.
func (b *Bitcoin) Stop(ctx context.Context) error {
	if b.attached {
		return nil
	}
	err := b.stopProcess(ctx)
	b.removeDir()
	return err
}

func (b *Bitcoin) removeDir() {
	_ = os.RemoveAll(b.dir)
}

func (b *Bitcoin) stopProcess(ctx context.Context) error {
	p := b.process
	if p == nil {
		return nil
	}
	select {
	case <-p.done:
		return nil
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the Bitcoin node: %w", err)
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill the Bitcoin node: %w", err)
	}
	<-p.done
	return fmt.Errorf("the Bitcoin node was killed because it did not stop: %w", ctx.Err())
}

// BitcoinError is what the node refuses with.
type BitcoinError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *BitcoinError) Error() string { return fmt.Sprintf("%s (%d)", e.Message, e.Code) }

// Call calls a method of the node, under a deadline. A nil result is not read.
func (b *Bitcoin) Call(ctx context.Context, result any, method string, params ...any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if params == nil {
		params = []any{}
	}
	id := b.ids.Add(1)
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": id, "method": method, "params": params})
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.URL, bytes.NewReader(body)) // user and password go along
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxBitcoinAnswer))
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  *BitcoinError   `json:"error"`
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("%s: HTTP status %d, %.200q", method, response.StatusCode, text)
	}
	if answer.Error != nil {
		return fmt.Errorf("%s: %w", method, answer.Error)
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Result, result); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return nil
}

// hashText is a hash as Bitcoin's nodes write it.
func hashText(h coffer.Hash) string { return strings.TrimPrefix(h.String(), "0x") }

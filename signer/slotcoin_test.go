package signer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/devnet/omnisim"
	"github.com/cofferhq/coffer/utxo"
)

// coinField is three signers of a 2-of-3 wallet, a real chain that holds its money, and nodes
// of the signers' own.
type coinField struct {
	*psbtQuorum
	node *devnet.Bitcoin
	pool *utxo.Client
}

const coinFinal = 3 // confirmations

// newCoinField puts so many coins of 1 BTC into the wallet. The first signer has the nodes that
// are given, by URL, and all have the real one.
func newCoinField(t *testing.T, coins int, nodes ...func(real string) string) *coinField {
	t.Helper()
	w := newStoppedField(t, seeds(2), coins, nodes...)
	for _, f := range w.signers {
		f.start()
	}
	return w
}

// newStoppedField is a field whose signers do not run yet.
func newStoppedField(t *testing.T, seeded []int, coins int, nodes ...func(real string) string) *coinField {
	t.Helper()
	node, err := devnet.StartBitcoin(t.Context(), devnet.BitcoinConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	w := &coinField{psbtQuorum: newStoppedQuorum(t, seeded), node: node}
	password := filepath.Join(t.TempDir(), "password")
	for n, f := range w.signers {
		f.clock.now = time.Now().UTC()
		chain := &f.cfg.Chains[1]
		chain.Confirmations = coinFinal
		chain.Nodes = []NodeConfig{w.login(node.URL, password)}
		if n > 0 {
			continue
		}
		for _, other := range nodes {
			chain.Nodes = append(chain.Nodes, w.login(other(node.URL), password))
		}
	}
	w.pool, err = utxo.Dial(t.Context(), utxo.Config{Network: utxo.Regtest, Nodes: []utxo.Node{node.Node()}})
	w.must(err)
	t.Cleanup(w.pool.Close)
	for n := range coins {
		w.pay(w.path(utxo.BranchReceive, uint32(n)), 100_000_000)
	}
	w.mine(1)
	return w
}

// login splits a URL into what the configuration has of it.
func (w *coinField) login(text, password string) NodeConfig {
	w.t.Helper()
	u, err := url.Parse(text)
	w.must(err)
	secret, _ := u.User.Password()
	w.must(os.WriteFile(password, []byte(secret+"\n"), 0o600))
	c := NodeConfig{User: u.User.Username(), PasswordFile: password}
	u.User = nil
	c.URL = u.String()
	return c
}

func (w *coinField) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *coinField) mine(n int) {
	w.t.Helper()
	_, err := w.node.Mine(w.t.Context(), n)
	w.must(err)
}

// pay gives the wallet a coin at a path.
func (w *coinField) pay(path string, sat int64) {
	w.t.Helper()
	w.payMany(path, sat)
}

// payMany gives the wallet coins at a path by one transaction.
func (w *coinField) payMany(path string, amounts ...int64) {
	w.t.Helper()
	script, err := w.wallet.At(path)
	w.must(err)
	var outputs []devnet.BitcoinOutput
	for _, sat := range amounts {
		outputs = append(outputs, devnet.BitcoinOutput{To: script.Address, Satoshi: sat})
	}
	paid, err := w.node.PayMany(w.t.Context(), outputs)
	w.must(err)
	w.own(decodeTx(w.t, paid.Raw), path)
}

func decodeTx(t testing.TB, raw []byte) *wire.MsgTx {
	t.Helper()
	tx := wire.NewMsgTx(2)
	if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	return tx
}

// own counts the outputs of a transaction that pay a path.
func (w *coinField) own(tx *wire.MsgTx, path string) {
	w.t.Helper()
	script, err := w.wallet.At(path)
	w.must(err)
	id := utxo.HashOf(tx.TxHash())
	w.previous[id] = tx
	for n, out := range tx.TxOut {
		if bytes.Equal(out.PkScript, script.Output) {
			w.coins = append(w.coins, coffer.Coin{ID: coffer.NewCoinID(id, uint32(n)), Address: script.Address, Path: path, Amount: coffer.NewAmount(uint64(out.Value))})
		}
	}
}

// payout pays orders with one coin.
func (w *coinField) payout(id string, coin int, orders ...coffer.Order) coffer.SigningRequest {
	w.t.Helper()
	all := w.coins
	w.coins = all[:coin+1]
	defer func() { w.coins = all }()
	return w.request(id, coin, orders...)
}

// cancellation pays a payout's coin back to the wallet.
func (w *coinField) cancellation(r coffer.SigningRequest) coffer.SigningRequest {
	w.t.Helper()
	c := coffer.SigningRequest{Intent: r.Intent}
	c.Intent.Purpose, c.Intent.Orders, c.Intent.Payments = coffer.PurposeCancel, nil, nil
	w.build(&c, len(c.Intent.Coins), 20_000)
	return c
}

// signed is the transaction that two signers sign.
func (w *coinField) signed(r coffer.SigningRequest, a, b int) coffer.Signed {
	w.t.Helper()
	signed, err := utxo.Finalize(w.wallet, r.Unsigned, append(w.sign(a, r), w.sign(b, r)...))
	w.must(err)
	return signed
}

// land puts a transaction into the newest block.
func (w *coinField) land(signed coffer.Signed) {
	w.t.Helper()
	_, err := w.node.MineWith(w.t.Context(), signed.Bytes)
	w.must(err)
}

// An order whose payout was cancelled is signed in another slot once the cancellation is final,
// by the signer that signed it and by the one that only sees it in the chain.
func TestACancelledBitcoinPayoutSetsItsOrdersFree(t *testing.T) {
	w := newCoinField(t, 3)
	f := w.signers[0]
	order := w.order("wd_1", 40_000_000)
	first := w.payout("po_1", 0, order)
	for n := range w.signers {
		w.sign(n, first)
	}
	second := w.payout("po_2", 1, order)
	f.refuses(second, coffer.CodeConflict, "it may still be used")

	cancelled := w.signed(w.cancellation(first), 0, 1)
	f.refuses(second, coffer.CodeConflict, "it may still be used")
	w.land(cancelled)
	w.mine(coinFinal - 2)
	f.refuses(second, coffer.CodeConflict, "is not spent up to block")
	w.mine(1)

	before := f.info().Sequence
	paid := w.signed(second, 0, 2)
	if got := f.info().Sequence; got != before+2 {
		t.Errorf("the log grew from %d to %d, want the end of the slot and the payout", before, got)
	}
	f.restart()
	f.refuses(w.payout("po_3", 2, order), coffer.CodeConflict, "bound to slot "+second.Intent.Slot.String())
	f.refuses(first, coffer.CodeConflict, "bound to slot "+second.Intent.Slot.String())
	f.refuses(w.payout("po_1", 0, w.order("wd_2", 1_000_000)), coffer.CodeConflict, "was consumed by "+cancelled.ID.String())

	w.land(paid)
	w.mine(coinFinal - 1)
	for _, n := range []int{0, 2} { // no two signers are left who would sign a third slot
		_, err := w.signers[n].client.Sign(t.Context(), w.payout("po_3", 2, order))
		if says := "was paid in slot " + second.Intent.Slot.String(); coffer.ErrorCode(err) != coffer.CodeConflict || !strings.Contains(err.Error(), says) {
			t.Errorf("signer %d, of a paid order: %v", n, err)
		}
	}
}

// A signer looks at no more than maxScanBlocks blocks for one request, and goes on with the next.
func TestALongSearchForASpendGoesOn(t *testing.T) {
	w := newCoinField(t, 2)
	f := w.signers[0]
	order := w.order("wd_1", 40_000_000)
	first := w.payout("po_1", 0, order)
	w.sign(0, first)
	w.mine(maxScanBlocks)
	w.land(w.signed(w.cancellation(first), 0, 1))
	w.mine(coinFinal)
	tip, err := w.node.Tip(t.Context())
	w.must(err)

	second := w.payout("po_2", 1, order)
	for range (tip.Height - coinFinal) / maxScanBlocks {
		f.refuses(second, coffer.CodeUnavailable, "ask again")
	}
	w.sign(0, second)
}

// A batch may gather orders from more dead slots than a signer looks at for one request.
func TestABatchFromManyDeadCoinsIsSignedInTheEnd(t *testing.T) {
	const dead = maxEnds + 4
	w := newCoinField(t, 0)
	f := w.signers[0]
	amounts := slices.Repeat([]int64{2_000_000}, dead+1)
	w.payMany(w.path(utxo.BranchReceive, 0), append(amounts, 100_000_000)...)
	w.mine(1)
	all := w.coins
	request := func(coin int, orders ...coffer.Order) coffer.SigningRequest {
		w.coins = all[:coin+1]
		r := w.draft(fmt.Sprintf("po_%d", coin), coin, orders...)
		r.Intent.FeeBound = coffer.NewAmount(10_000) // all of them within the day's limit
		w.build(&r, 1, 10_000)
		return r
	}
	var orders []coffer.Order
	for n := range dead {
		orders = append(orders, w.order(fmt.Sprintf("wd_%d", n), 1_000_000))
		w.sign(0, request(n, orders[n]))
	}
	alive := w.order("wd_alive", 1_000_000)
	w.sign(0, request(dead, alive))

	w.coins = all[:dead]
	others := w.draft("po_all", 0, w.order("wd_9", 10_000_000))
	w.build(&others, dead, 20_000)
	w.land(w.signed(others, 1, 2))
	w.mine(coinFinal - 1)

	with := request(dead+1, append(orders[:dead:dead], alive)...)
	f.advances(with, maxEnds)
	_, err := f.client.Sign(t.Context(), with)
	if coffer.ErrorCode(err) != coffer.CodeConflict || !strings.Contains(err.Error(), "it may still be used") {
		t.Fatalf("an order whose slot is alive: %v", err)
	}
	f.restart()
	f.refuses(with, coffer.CodeConflict, "it may still be used")
	w.sign(0, request(dead+1, orders...))
}

// Two signers may sign behind the third one's back. What they put into the chain sets the third
// one's order free unless it may have paid it.
func TestAStrangersSpendOfTheAnchor(t *testing.T) {
	w := newCoinField(t, 3)
	f := w.signers[0]
	free, paid := w.order("wd_1", 40_000_000), w.order("wd_2", 30_000_000)
	w.sign(0, w.payout("po_1", 0, free))
	variant := w.payout("po_2", 1, paid)
	w.sign(0, variant)

	w.land(w.signed(w.payout("po_1", 0, w.order("wd_9", 10_000_000)), 1, 2))
	w.build(&variant, 1, 15_000)
	w.land(w.signed(variant, 1, 2))
	f.refuses(w.payout("po_3", 2, free), coffer.CodeConflict, "it may still be used")
	w.mine(coinFinal)

	f.refuses(w.payout("po_3", 2, paid), coffer.CodeConflict, "paid what order wd_2 asks for")
	w.sign(0, w.payout("po_3", 2, free))
}

// An order of tokens is free when its coin was spent by what is no message of the Omni Layer,
// though this signer did not sign it: a cancellation by the others. Any message may have paid it.
func TestAnOrderOfTokensWhoseCoinAStrangerSpent(t *testing.T) {
	w := newCoinField(t, 0)
	cfg := w.signers[0].cfg.Chains[1]
	cfg.Omni = tether
	observer, err := newCoinObserver(cfg, time.Now, slog.New(slog.DiscardHandler))
	w.must(err)
	defer observer.close()
	holder, err := omnisim.NewWallet(w.node, "holder")
	w.must(err)
	w.must(holder.Fund(t.Context(), 1))

	order := orderRecord{ID: "wd_1", Asset: tetherAsset, Amount: coffer.NewAmount(50), Destination: w.node.Faucet()}
	view := func(spender []byte) slotView {
		spent := decodeTx(t, spender).TxIn[0].PreviousOutPoint
		coin := coffer.NewCoinID(utxo.HashOf(spent.Hash), spent.Index)
		return slotView{
			key:   slotKey{bitcoin, w.wallet.Address(), coffer.Slot{Kind: coffer.SlotCoin, Lane: string(coin)}},
			since: time.Now(), native: bitcoinNative, payments: []orderRecord{order},
		}
	}
	plain, err := w.node.Pay(t.Context(), order.Destination, 50_000)
	w.must(err)
	message, err := holder.Send(t.Context(), utxo.OmniSimpleSend{Property: tether, Amount: 1}, order.Destination)
	w.must(err)
	w.mine(coinFinal)

	ended, err := observer.end(t.Context(), view(plain.Raw), time.Now())
	if err != nil || ended.End != endOther || ended.By != plain.ID {
		t.Errorf("a payment of bitcoin: %+v, %v", ended, err)
	}
	if ended, err := observer.end(t.Context(), view(message.Raw), time.Now()); !errors.Is(err, errAlive) || !strings.Contains(err.Error(), "may have paid order wd_1") {
		t.Errorf("a message: %+v, %v", ended, err)
	}
}

// replayer stands before a node. It writes down what the node says until it is told to say it
// again.
type replayer struct {
	t testing.TB

	mu      sync.Mutex
	said    map[string]chaintest.Answer
	again   bool
	pretend uint64 // blocks above the head
}

func (r *replayer) front(real string) string {
	u, err := url.Parse(real)
	if err != nil {
		r.t.Fatal(err)
	}
	login := u.User
	front, err := url.Parse(chaintest.Tamper(r.t, real, r.alter))
	if err != nil {
		r.t.Fatal(err)
	}
	front.User = login
	return front.String()
}

func (r *replayer) alter(method string, params []any, answer chaintest.Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := fmt.Sprint(method, params)
	if before, ok := r.said[key]; ok && r.again {
		for name := range answer {
			delete(answer, name)
		}
		for name, value := range before {
			answer[name] = value
		}
		return
	}
	if !r.again {
		r.said[key] = chaintest.Answer{}
		for name, value := range answer {
			r.said[key][name] = value
		}
	}
	r.lie(method, answer)
}

// lie makes the chain longer than it is.
func (r *replayer) lie(method string, answer chaintest.Answer) {
	if r.pretend == 0 {
		return
	}
	result, ok := answer["result"].(map[string]any)
	if !ok || method != "getblockchaininfo" {
		return
	}
	for _, field := range []string{"blocks", "headers"} {
		if height, ok := result[field].(float64); ok {
			result[field] = height + float64(r.pretend)
		}
	}
}

func (r *replayer) set(again bool, pretend uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.again, r.pretend = again, pretend
}

// One of a signer's two nodes lies: it shows a chain that was dropped, or final blocks that are
// none yet.
func TestALyingBitcoinNodeSetsNothingFree(t *testing.T) {
	liar := &replayer{t: t, said: map[string]chaintest.Answer{}}
	w := newCoinField(t, 3, liar.front)
	f := w.signers[0]
	order, other := w.order("wd_1", 40_000_000), w.order("wd_2", 30_000_000)
	first := w.payout("po_1", 0, order)
	w.sign(0, first)
	w.sign(1, first)
	w.sign(0, w.payout("po_2", 1, other))
	w.land(w.signed(w.cancellation(first), 0, 1))

	liar.set(false, coinFinal-1)
	f.refuses(w.payout("po_3", 2, order), coffer.CodeUnavailable, "does not prove itself")
	alone := w.signers[1] // with the liar
	alone.cfg.Chains[1].Nodes = f.cfg.Chains[1].Nodes[1:]
	alone.restart()
	alone.refuses(w.payout("po_3", 2, order), coffer.CodeUnavailable, "does not prove itself")

	liar.set(false, 0)
	w.mine(coinFinal)
	both := f.cfg.Chains[1].Nodes
	f.cfg.Chains[1].Nodes = both[1:]
	f.restart()
	f.refuses(w.payout("po_3", 2, other), coffer.CodeConflict, "is not spent up to block") // every block is written down
	w.must(w.node.Reorg(t.Context(), coinFinal+1, coinFinal+3))
	liar.set(true, 0)
	for _, nodes := range [][]NodeConfig{both, {both[1], both[0]}} {
		f.cfg.Chains[1].Nodes = nodes
		f.restart()
		f.refuses(w.payout("po_3", 2, order), coffer.CodeUnavailable, "disagree")
	}

	// What the liar shows would have been enough alone.
	f.cfg.Chains[1].Nodes = both[1:]
	f.restart()
	w.sign(0, w.payout("po_3", 2, order))
}

func TestNodesOfABitcoinSignerAreChecked(t *testing.T) {
	q := newStoppedQuorum(t, nil)
	f := q.signers[0]
	good := NodeConfig{URL: "http://127.0.0.1:8332", User: "u", PasswordFile: filepath.Join(t.TempDir(), "absent")}
	for name, test := range map[string]struct {
		edit func(c *ChainConfig)
		says string
	}{
		"rpc as on EVM chains":    {func(c *ChainConfig) { c.RPC = []string{"http://127.0.0.1:8332"} }, "Bitcoin has nodes"},
		"a URL without a host":    {func(c *ChainConfig) { c.Nodes[0].URL = "127.0.0.1:8332" }, "nodes[0]: url"},
		"a password in the URL":   {func(c *ChainConfig) { c.Nodes[0].URL = "http://u:p@127.0.0.1:8332" }, "keys of their own"},
		"a user without password": {func(c *ChainConfig) { c.Nodes[0].PasswordFile = "" }, "want both or none"},
		"a cookie beside a user":  {func(c *ChainConfig) { c.Nodes[0].CookieFile = "/cookie" }, "not both"},
		"the same twice":          {func(c *ChainConfig) { c.Nodes = append(c.Nodes, good) }, "no second opinion"},
		"too many": {func(c *ChainConfig) {
			for n := range maxNodes {
				c.Nodes = append(c.Nodes, NodeConfig{URL: fmt.Sprintf("http://127.0.0.1:%d", n+1)})
			}
		}, "at most"},
		"confirmations without nodes": {func(c *ChainConfig) { c.Nodes, c.Confirmations = nil, 6 }, "without nodes"},
		"too many confirmations":      {func(c *ChainConfig) { c.Confirmations = maxConfirmations + 1 }, "confirmations"},
		"no password file":            {func(*ChainConfig) {}, "password_file"},
		"a password file too large": {func(c *ChainConfig) {
			c.Nodes[0].PasswordFile = filepath.Join(t.TempDir(), "large")
			f.must(os.WriteFile(c.Nodes[0].PasswordFile, make([]byte, maxPasswordBytes+1), 0o600))
		}, "more than"},
	} {
		chains := f.cfg.Chains
		f.cfg.Chains = append([]ChainConfig(nil), chains...)
		f.cfg.Chains[1].Nodes = []NodeConfig{good}
		test.edit(&f.cfg.Chains[1])
		err := f.tryStart()
		if err == nil {
			f.close()
		}
		f.cfg.Chains = chains
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
	f.cfg.Chains[0].Nodes = []NodeConfig{good}
	wantError(t, f.cfg.Check(), nil, "are of Bitcoin only")
}

package utxo

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// faults is a node that knows some transactions, and fails as it is told to.
type faults struct {
	known    map[coffer.Hash]*wire.MsgTx
	unspent  map[coffer.CoinID]Unspent
	spenders map[coffer.CoinID]coffer.Hash
	refuses  error // to take or to test a transaction
	id       *coffer.Hash
	broken   error // for everything else
}

var errBroken = errors.New("connection reset")

func (p *faults) EstimateFee(context.Context, uint32) (FeeRate, error) { return 5_000, p.broken }

func (p *faults) RawTransaction(_ context.Context, id coffer.Hash) (*wire.MsgTx, error) {
	if tx := p.known[id]; tx != nil {
		return tx, p.broken
	}
	return nil, coffer.ErrNotFound
}

func (p *faults) Unspent(_ context.Context, coin coffer.CoinID) (Unspent, error) {
	out, ok := p.unspent[coin]
	if !ok {
		return Unspent{}, coffer.ErrNotFound
	}
	return out, p.broken
}

func (p *faults) PoolSpenders(_ context.Context, asked []coffer.CoinID) (map[coffer.CoinID]coffer.Hash, error) {
	found := map[coffer.CoinID]coffer.Hash{}
	for _, coin := range asked {
		if spender, ok := p.spenders[coin]; ok {
			found[coin] = spender
		}
	}
	return found, p.broken
}

func (p *faults) TestMempoolAccept(context.Context, []byte) error { return p.refuses }

func (p *faults) SendRawTransaction(_ context.Context, raw []byte) (coffer.Hash, error) {
	if p.refuses != nil {
		return coffer.Hash{}, p.refuses
	}
	if p.id != nil {
		return *p.id, nil
	}
	tx := wire.NewMsgTx(2)
	err := tx.Deserialize(bytes.NewReader(raw))
	return HashOf(tx.TxHash()), err
}

func nodeSays(text string) error { return &refusal{Code: codeRejected, Message: text} }

// newFaulty is a wallet with three coins, an intent that spends them, and a node that is well.
func newFaulty(t testing.TB) (testWallet, *Wallet, *faults, coffer.Intent) {
	t.Helper()
	w := testWallets(t)["P2WSH"]
	coins, previous := w.fund(t, 60_000, 50_000, 40_000)
	pool := &faults{known: previous, unspent: map[coffer.CoinID]Unspent{}}
	for _, coin := range coins {
		pool.unspent[coin.ID] = Unspent{Script: w.mustAt(t, coin.Path).Output, Amount: coin.Amount.Int().Uint64(), Confirmations: 3}
	}
	now := time.Unix(1_799_999_000, 0)
	wallet, err := NewWallet(WalletConfig{Descriptor: w.Descriptor, Pool: pool, Fees: DefaultFees(), Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return w, wallet, pool, w.intent(coins, 10_000, 20_000, 30_000)
}

func TestBuildWithNodesThatFail(t *testing.T) {
	w, wallet, pool, i := newFaulty(t)
	u, err := wallet.Build(t.Context(), i, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := wallet.Finalize(u, w.Sign(t, u, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	prev := []coffer.Attempt{{At: time.Unix(1_799_998_000, 0), Unsigned: u, Signed: &signed}}
	r, err := read(w.Descriptor, u)
	if err != nil {
		t.Fatal(err)
	}
	paid := coffer.NewCoinID(signed.ID, uint32((r.change+1)%len(r.tx.TxOut)))
	// who spends the change is a child of ours
	pool.spenders = map[coffer.CoinID]coffer.Hash{coffer.NewCoinID(signed.ID, uint32(r.change)): {1}}
	if _, err := wallet.Build(t.Context(), i, prev); err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]struct {
		change func(*faults, *coffer.Intent)
		want   error
	}{
		"nothing works":          {func(p *faults, _ *coffer.Intent) { p.broken = errBroken }, errBroken},
		"no transaction":         {func(p *faults, _ *coffer.Intent) { p.known = nil }, coffer.ErrNotFound},
		"somebody spends it":     {func(p *faults, _ *coffer.Intent) { p.spenders = map[coffer.CoinID]coffer.Hash{paid: {1}} }, ErrDescendants},
		"the bound is paid":      {func(_ *faults, i *coffer.Intent) { i.FeeBound = coffer.NewAmount(2_000) }, coffer.ErrFeeBudget},
		"the coins are all paid": {func(_ *faults, i *coffer.Intent) { i.Coins = i.Coins[:1] }, coffer.ErrFeeBudget},
	} {
		bad, intent := *pool, i
		v.change(&bad, &intent)
		faulty := *wallet
		faulty.pool = &bad
		if got, err := faulty.Build(t.Context(), intent, prev); !errors.Is(err, v.want) {
			t.Errorf("%s: %d bytes, %v, want %v", name, len(got.Bytes), err, v.want)
		}
	}
	// no estimate is no reason to wait
	silent := *pool
	silent.broken = errBroken
	quiet := *wallet
	quiet.pool = &silent
	selector, err := quiet.Selector(t.Context())
	if s, ok := selector.(*Selector); err != nil || !ok || s.Rate() != DefaultFees().Fallback {
		t.Errorf("selector %+v, %v", selector, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := wallet.Selector(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("selector without time: %v", err)
	}
	other := prev[0]
	other.Unsigned.Bytes = other.Unsigned.Bytes[:100]
	if _, err := wallet.Build(t.Context(), i, []coffer.Attempt{other}); err == nil {
		t.Error("an attempt that cannot be read is passed over")
	}
	moved := i
	moved.Coins = []coffer.Coin{i.Coins[2], i.Coins[1]}
	moved.Slot.Lane = string(moved.Coins[0].ID)
	if _, err := wallet.Build(t.Context(), moved, prev); err == nil || !strings.Contains(err.Error(), "first") {
		t.Errorf("another anchor than the earlier attempts have: %v", err)
	}
}

func TestSimulateLooksAtEveryCoin(t *testing.T) {
	_, wallet, pool, i := newFaulty(t)
	u, err := wallet.Build(t.Context(), i, nil)
	if err != nil {
		t.Fatal(err)
	}
	second := i.Coins[1].ID
	with := func(change func(*Unspent)) func(*faults) {
		return func(p *faults) {
			out := pool.unspent[second]
			change(&out)
			p.unspent = map[coffer.CoinID]Unspent{i.Coins[0].ID: pool.unspent[i.Coins[0].ID], second: out}
		}
	}
	for name, v := range map[string]struct {
		change func(*faults)
		ok     bool
		want   error
	}{
		"all is well":            {func(*faults) {}, true, nil},
		"signatures are missing": {func(p *faults) { p.refuses = nodeSays("mandatory-script-verify-flag-failed") }, true, nil},
		"the node does not test": {func(p *faults) { p.refuses = &refusal{Code: codeMethodNotFound, Message: "Method not found"} }, true, nil},
		"a coin is spent":        {func(p *faults) { p.unspent = map[coffer.CoinID]Unspent{i.Coins[0].ID: pool.unspent[i.Coins[0].ID]} }, false, coffer.ErrCoins},
		"a coin holds less":      {with(func(u *Unspent) { u.Amount-- }), false, nil},
		"a coin is another's":    {with(func(u *Unspent) { u.Script = u.Script[1:] }), false, nil},
		"a coin waits":           {with(func(u *Unspent) { u.Confirmations = 0 }), false, coffer.ErrCoins},
		"a coin is a miner's":    {with(func(u *Unspent) { u.Coinbase, u.Confirmations = true, 99 }), false, coffer.ErrCoins},
		"a miner's coin, mature": {with(func(u *Unspent) { u.Coinbase, u.Confirmations = true, 100 }), true, nil},
		"the node is broken":     {func(p *faults) { p.broken = errBroken }, false, errBroken},
		"a conflict in the pool": {func(p *faults) { p.refuses = nodeSays("txn-mempool-conflict") }, false, coffer.ErrCoins},
		"coins the pool lacks":   {func(p *faults) { p.refuses = nodeSays("missing-inputs") }, false, coffer.ErrCoins},
		"too low a fee":          {func(p *faults) { p.refuses = nodeSays("min relay fee not met") }, false, nil},
	} {
		bad := *pool
		v.change(&bad)
		faulty := *wallet
		faulty.pool = &bad
		if err := faulty.Simulate(t.Context(), u); (err == nil) != v.ok || v.want != nil && !errors.Is(err, v.want) {
			t.Errorf("%s: %v, want %v", name, err, v.want)
		}
	}
	u.Bytes = u.Bytes[:len(u.Bytes)-1]
	if err := wallet.Simulate(t.Context(), u); !errors.Is(err, ErrRefused) {
		t.Errorf("a PSBT that is cut: %v", err)
	}
}

func TestBroadcastKnowsWhatIsDone(t *testing.T) {
	w, wallet, pool, i := newFaulty(t)
	u, err := wallet.Build(t.Context(), i, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := wallet.Finalize(u, w.Sign(t, u, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]struct {
		change func(*faults)
		ok     bool
		want   error
	}{
		"taken":       {func(*faults) {}, true, nil},
		"in the pool": {func(p *faults) { p.refuses = nodeSays("txn-already-in-mempool") }, true, nil},
		"in the chain": {func(p *faults) {
			p.refuses = &refusal{Code: codeAlreadyInChain, Message: "Transaction outputs already in utxo set"}
		}, true, nil},
		"spent by itself": {func(p *faults) {
			p.refuses = nodeSays("bad-txns-inputs-missingorspent")
			p.known = map[coffer.Hash]*wire.MsgTx{signed.ID: decodeTx(t, signed.Bytes)}
		}, true, nil},
		"spent by another":      {func(p *faults) { p.refuses = nodeSays("bad-txns-inputs-missingorspent") }, false, coffer.ErrCoins},
		"replaced":              {func(p *faults) { p.refuses = nodeSays("insufficient fee, rejecting replacement") }, false, nil},
		"against the rules":     {func(p *faults) { p.refuses = nodeSays("scriptpubkey") }, false, nil},
		"lost on the way":       {func(p *faults) { p.refuses = ErrUnknownOutcome }, false, ErrUnknownOutcome},
		"called something else": {func(p *faults) { p.id = &coffer.Hash{1} }, false, nil},
	} {
		bad := *pool
		v.change(&bad)
		faulty := *wallet
		faulty.pool = &bad
		if err := faulty.Broadcast(t.Context(), signed); (err == nil) != v.ok || v.want != nil && !errors.Is(err, v.want) {
			t.Errorf("%s: %v, want %v", name, err, v.want)
		}
	}
	for name, bad := range map[string]coffer.Signed{
		"another id": {ID: coffer.Hash{1}, Bytes: signed.Bytes},
		"cut":        {ID: signed.ID, Bytes: signed.Bytes[:len(signed.Bytes)-1]},
		"longer":     {ID: signed.ID, Bytes: append(bytes.Clone(signed.Bytes), 0)},
		"nothing":    {ID: signed.ID},
	} {
		if err := wallet.Broadcast(t.Context(), bad); err == nil {
			t.Errorf("%s is sent", name)
		}
	}
}

func TestWalletsNeedTheirParts(t *testing.T) {
	w, _, pool, _ := newFaulty(t)
	good := WalletConfig{Descriptor: w.Descriptor, Pool: pool, Fees: DefaultFees(), Clock: time.Now}
	for name, change := range map[string]func(*WalletConfig){
		"descriptor": func(c *WalletConfig) { c.Descriptor = Descriptor{} }, "pool": func(c *WalletConfig) { c.Pool = nil },
		"clock": func(c *WalletConfig) { c.Clock = nil }, "fees": func(c *WalletConfig) { c.Fees = Fees{} },
	} {
		bad := good
		change(&bad)
		if _, err := NewWallet(bad); err == nil {
			t.Errorf("a wallet without %s", name)
		}
	}
}

package signer

import (
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/utxo"
)

var (
	bitcoin       = utxo.Regtest.Chain()
	bitcoinNative = utxo.Regtest.Native()
)

// psbtQuorum is three signers whose tokens hold the keys of one 2-of-3 wallet, and money in it.
type psbtQuorum struct {
	t        testing.TB
	signers  []*fixture
	wallet   utxo.Descriptor
	coins    []coffer.Coin
	previous map[coffer.Hash]*wire.MsgTx
}

func newPSBTQuorum(t testing.TB) *psbtQuorum {
	t.Helper()
	return newQuorumOf(t, nil)
}

// seeds are the signers whose key is below a sealed seed.
func seeds(signers ...int) []int { return signers }

// newQuorumOf gives the signers named a sealed seed, and the others a key in their token.
func newQuorumOf(t testing.TB, seeded []int) *psbtQuorum {
	t.Helper()
	q := newStoppedQuorum(t, seeded)
	for _, f := range q.signers {
		f.start()
	}
	q.fund(100_000_000, 50_000_000)
	return q
}

// newStoppedQuorum is a quorum that does not run yet and has no money.
func newStoppedQuorum(t testing.TB, seeded []int) *psbtQuorum {
	t.Helper()
	text := strings.NewReplacer(
		"\nrules:", "\n  - {name: BTC, id: \""+string(bitcoinNative)+"\", decimals: 8}\nrules:",
		"\n  velocity:", "\n    - {name: btc per order, enforced_by: signer, asset: BTC, max: \"2\"}\n  velocity:",
		"\n  block_lists:", "\n    - {name: btc per day, enforced_by: signer, asset: BTC, per: asset, max: \"5\"}\n  block_lists:",
		"\n  fee_limits:", "\n    - {name: two of btc, enforced_by: signer, asset: BTC, above: \"0.8\", people: 2}\n  fee_limits:",
		`daily: "0.3"}`, `daily: "0.3"}`+"\n    - {name: sat, enforced_by: signer, asset: BTC, max: \"0.0006\", daily: \"0.01\"}"+
			"\n  sweeps:\n    - {name: coins, enforced_by: signer, fees: BTC, assets: [BTC], consolidate: true, daily: \"0.0018\"}",
	).Replace(testPolicy)
	q := &psbtQuorum{t: t, previous: map[coffer.Hash]*wire.MsgTx{}}
	var keys, files []string
	for n, token := range []string{"one", "two", "three"} {
		f := newFixture(t, token)
		f.pin(text)
		f.explain = explainerOf
		q.signers = append(q.signers, f)
		if slices.Contains(seeded, n) {
			file, key := makeSeed(t, f)
			keys, files = append(keys, key), append(files, file)
			continue
		}
		_, err := CreateKey(t.Context(), f.cfg, "vault")
		f.must(err)
		keys, files = append(keys, hex.EncodeToString(publicOf(t, f, "vault"))), append(files, "")
	}
	descriptor, err := utxo.AddChecksum("wsh(sortedmulti(2," + strings.Join(keys, ",") + "))")
	if err != nil {
		t.Fatal(err)
	}
	if q.wallet, err = utxo.ParseDescriptor(utxo.Regtest, descriptor); err != nil {
		t.Fatal(err)
	}
	for n, f := range q.signers {
		c := ChainConfig{Chain: bitcoin, Native: bitcoinNative, Seed: files[n], Descriptors: []string{descriptor}, MaxFee: 100_000, MaxFeeRate: 500}
		if files[n] == "" {
			c.Owner = "vault"
		}
		f.cfg.Chains = append(f.cfg.Chains, c)
	}
	return q
}

// publicOf reads a key's compressed public half.
func publicOf(t testing.TB, f *fixture, label string) []byte {
	t.Helper()
	token, err := openToken(f.cfg.Token, f.cfg.Dir)
	f.must(err)
	defer func() { f.must(token.Close()) }()
	key, err := token.key(t.Context(), label)
	f.must(err)
	return crypto.CompressPubkey(key.public)
}

// path is where a wallet of many addresses has one, empty where there is one only.
func (q *psbtQuorum) path(branch, index uint32) string {
	if !q.wallet.Ranged() {
		return ""
	}
	return utxo.PathOf(branch, index)
}

func (q *psbtQuorum) fund(amounts ...int64) {
	q.t.Helper()
	for _, amount := range amounts {
		n := len(q.coins)
		script, err := q.wallet.At(q.path(uint32(n%2), uint32(n)))
		if err != nil {
			q.t.Fatal(err)
		}
		tx := wire.NewMsgTx(2)
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: uint32(n)}})
		tx.AddTxOut(wire.NewTxOut(amount, script.Output))
		id := utxo.HashOf(tx.TxHash())
		q.previous[id] = tx
		q.coins = append(q.coins, coffer.Coin{ID: coffer.NewCoinID(id, 0), Address: script.Address, Path: script.Path, Amount: coffer.NewAmount(uint64(amount))})
	}
}

// order asks for so many satoshis to a fixed stranger.
func (q *psbtQuorum) order(id string, sat uint64) coffer.Order {
	q.t.Helper()
	stranger, ok := utxo.AddressOf(utxo.Regtest, append([]byte{0, 20}, make([]byte, 20)...)) // P2WPKH (BIP-141)
	if !ok {
		q.t.Fatal("no address")
	}
	return coffer.Order{
		ID: id, Tenant: "tn_1", Account: "acc_1", Asset: bitcoinNative, Destination: stranger,
		Amount: coffer.NewAmount(sat), FeeCap: coffer.NewAmount(1000), Expires: q.signers[0].clock.Now().Add(time.Hour),
	}
}

// request pays orders with the coins from place first on.
func (q *psbtQuorum) request(id string, first int, orders ...coffer.Order) coffer.SigningRequest {
	r := q.draft(id, first, orders...)
	q.build(&r, len(orders), 10_000) // an order a coin
	return r
}

// draft is a request whose transaction is yet to be built.
func (q *psbtQuorum) draft(id string, first int, orders ...coffer.Order) coffer.SigningRequest {
	coins := q.coins[first:]
	r := coffer.SigningRequest{Orders: orders, Intent: coffer.Intent{
		ID: id, Chain: bitcoin, Wallet: q.wallet.Address(), Path: coffer.PathPSBT, Slot: coffer.Slot{Kind: coffer.SlotCoin, Lane: string(coins[0].ID)},
		Purpose: coffer.PurposeOrders, Coins: coins, Change: q.path(utxo.BranchChange, 7), FeeBound: coffer.NewAmount(50_000), Expires: q.signers[0].clock.Now().Add(30 * time.Minute),
	}}
	for _, o := range orders {
		r.Intent.Orders = append(r.Intent.Orders, o.Hash())
		r.Intent.Payments = append(r.Intent.Payments, o.Payment())
	}
	return r
}

func (q *psbtQuorum) build(r *coffer.SigningRequest, coins int, fee uint64) {
	q.t.Helper()
	u, err := utxo.BuildPSBT(r.Intent, q.wallet, coins, fee, q.previous, 0)
	if err != nil {
		q.t.Fatal(err)
	}
	r.Unsigned = u
}

func (q *psbtQuorum) sign(n int, r coffer.SigningRequest) []coffer.Signature {
	q.t.Helper()
	sigs, err := q.signers[n].client.Sign(q.t.Context(), r)
	if err != nil {
		q.t.Fatal(err)
	}
	return sigs
}

func TestTwoTokensSignABitcoinTransaction(t *testing.T) {
	q := newPSBTQuorum(t)
	r := q.request("po_1", 0, q.order("wd_1", 60_000_000), q.order("wd_2", 70_000_000))
	for _, pair := range [][2]int{{0, 1}, {2, 1}} {
		sigs := append(q.sign(pair[0], r), q.sign(pair[1], r)...)
		if len(sigs) != 4 {
			t.Fatalf("%d signatures of two signers over two coins", len(sigs))
		}
		signed, err := utxo.Finalize(q.wallet, r.Unsigned, sigs)
		if err != nil {
			t.Fatal(err)
		}
		if signed.ID.IsZero() {
			t.Error("the transaction has no id")
		}
	}
	if got := q.signers[0].info(); got.Sequence != 2 {
		t.Errorf("the log has %d records, want the one payout", got.Sequence)
	}
}

func TestABitcoinPayoutIsSignedAsTheOrdersSay(t *testing.T) {
	q := newPSBTQuorum(t)
	f := q.signers[0]
	order := q.order("wd_1", 60_000_000)
	for name, test := range map[string]struct {
		edit func(r *coffer.SigningRequest)
		code coffer.Code
		says string
	}{
		"a transaction of another amount": {func(r *coffer.SigningRequest) {
			other := q.request("po_1", 0, q.order("wd_1", 61_000_000))
			r.Unsigned = other.Unsigned
		}, coffer.CodeInvalid, "unsigned.payments"},
		"a fee above the bound": {func(r *coffer.SigningRequest) { q.build(r, 1, 50_001) }, coffer.CodeInvalid, "unsigned.fee"},
		"a fee above the signer's own": {func(r *coffer.SigningRequest) {
			r.Intent.FeeBound = coffer.NewAmount(200_000)
			q.build(r, 1, 100_001)
		}, coffer.CodeInvalid, "cannot be fully read"},
		"a fee bound above the policy's": {func(r *coffer.SigningRequest) { r.Intent.FeeBound = coffer.NewAmount(60_001) }, coffer.CodePolicy, "sat"},
		"another anchor": {func(r *coffer.SigningRequest) {
			r.Intent.Coins = q.coins[1:]
			r.Intent.Slot.Lane = string(q.coins[1].ID)
		}, coffer.CodeInvalid, "unsigned.slot"},
		"a slot that is not the first coin": {func(r *coffer.SigningRequest) {
			r.Intent.Coins = []coffer.Coin{q.coins[1], q.coins[0]}
		}, coffer.CodeInvalid, "unsigned.coins"},
		"another amount of the coin": {func(r *coffer.SigningRequest) {
			r.Intent.Coins = []coffer.Coin{q.coins[0]}
			r.Intent.Coins[0].Amount = coffer.NewAmount(1)
		}, coffer.CodeInvalid, "unsigned.coins"},
		"a changed byte": {func(r *coffer.SigningRequest) {
			r.Unsigned.Bytes = append([]byte(nil), r.Unsigned.Bytes...)
			r.Unsigned.Bytes[len(r.Unsigned.Bytes)/2]++
		}, coffer.CodeInvalid, "cannot be fully read"},
		"a truncated one": {func(r *coffer.SigningRequest) { r.Unsigned.Bytes = r.Unsigned.Bytes[:len(r.Unsigned.Bytes)-1] }, coffer.CodeInvalid, "cannot be fully read"},
		"one too large": {func(r *coffer.SigningRequest) {
			r.Unsigned.Bytes = make([]byte, utxo.MaxPSBT+1)
		}, coffer.CodeLimit, "at most"},
		"more than the policy lets one order have": {func(r *coffer.SigningRequest) {
			q.fund(300_000_000)
			*r = q.request("po_9", 2, q.order("wd_9", 200_000_001))
		}, coffer.CodePolicy, "btc per order"},
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			r := q.request("po_1", 0, order)
			test.edit(&r)
			f.refuses(r, test.code, test.says)
		})
	}
	f.t = t
	q.sign(0, q.request("po_1", 0, order))
}

// The slot is the first coin: a second transaction for the order must spend it too.
func TestABitcoinOrderStaysWithItsCoin(t *testing.T) {
	q := newPSBTQuorum(t)
	f := q.signers[0]
	order := q.order("wd_1", 40_000_000)
	r := q.request("po_1", 0, order)
	q.sign(0, r)
	f.refuses(q.request("po_2", 1, order), coffer.CodeConflict, "is bound to slot")

	q.build(&r, 1, 20_000) // a higher fee
	q.sign(0, r)
	q.build(&r, 2, 30_000) // with another coin beside
	q.sign(0, r)
	f.restart()
	f.refuses(q.request("po_2", 1, order), coffer.CodeConflict, "is bound to slot")

	history, err := f.client.History(t.Context(), 1, coffer.Hash{})
	f.must(err)
	attempts := 0
	for _, record := range history.Records {
		if record.Payout == nil {
			continue
		}
		attempts++
		if i := record.Payout.Intent; i == nil || !slices.Equal(i.Coins, q.coins) || i.Hash() != r.Intent.Hash() {
			t.Errorf("the log remembers %+v, not the coins that are set aside", i)
		}
	}
	if attempts != 3 {
		t.Errorf("the log has %d attempts, want 3", attempts)
	}
}

// A cancellation has to beat what it replaces, and policy bounds it all the same.
func TestABitcoinCancellationMayCostMoreThanItsSlot(t *testing.T) {
	q := newPSBTQuorum(t)
	f := q.signers[0]
	r := q.request("po_1", 0, q.order("wd_1", 40_000_000))
	q.build(&r, 1, 50_000)
	q.sign(0, r)

	cancel := coffer.SigningRequest{Intent: r.Intent}
	cancel.Intent.Purpose, cancel.Intent.Orders, cancel.Intent.Payments = coffer.PurposeCancel, nil, nil
	cancel.Intent.FeeBound = coffer.NewAmount(61_000)
	q.build(&cancel, 1, 60_500)
	f.refuses(cancel, coffer.CodePolicy, "sat")

	cancel.Intent.FeeBound = coffer.NewAmount(60_000)
	q.build(&cancel, 1, 55_000)
	q.sign(0, cancel)
	f.restart() // what the log says adds up again
	q.sign(0, cancel)
}

// The server compares them with what it does on the chain.
func TestASignerTellsItsLimits(t *testing.T) {
	q := newStoppedQuorum(t, nil)
	f := q.signers[0]
	for _, c := range []struct {
		nodes                []NodeConfig
		confirmations, wants uint64
	}{
		{nil, 0, 0},
		{[]NodeConfig{{URL: "http://127.0.0.1:1"}}, 0, utxo.DefaultConfirmations},
		{[]NodeConfig{{URL: "http://127.0.0.1:1"}}, 9, 9},
	} {
		f.cfg.Chains[1].Nodes, f.cfg.Chains[1].Confirmations = c.nodes, c.confirmations
		f.must(f.tryStart())
		want := []Limits{{Chain: bitcoin, MaxFee: 100_000, MaxFeeRate: 500, Confirmations: c.wants}} // none of the EVM chain
		if got := f.info().Limits; !slices.Equal(got, want) {
			t.Errorf("with %d nodes: %+v, want %+v", len(c.nodes), got, want)
		}
		f.close()
	}
}

func (f *fixture) pin(text string) {
	f.t.Helper()
	p, err := policy.Parse([]byte(text))
	f.must(err)
	f.must(os.WriteFile(f.cfg.Policy.File, []byte(text), 0o600))
	f.cfg.Policy.Hash = p.Hash().String()
}

package utxo_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

// noEstimate is a node that cannot estimate fees: wallets pay their fallback.
type noEstimate struct{ *utxo.Client }

func (noEstimate) EstimateFee(context.Context, uint32) (utxo.FeeRate, error) {
	return 0, utxo.ErrNoEstimate
}

// sender is a wallet with money on a node, whose keys all sign in the test.
type sender struct {
	*chain
	utxo.SigningWallet
	wallet *utxo.Wallet
	fees   utxo.Fees
	now    time.Time
	coins  []coffer.Coin
}

func newSender(t *testing.T, c *chain, signing utxo.SigningWallet, amounts ...int64) *sender {
	t.Helper()
	s := &sender{chain: c, SigningWallet: signing, now: time.Unix(1_800_000_000, 0).UTC()}
	s.fees = utxo.Fees{Blocks: 6, Floor: 1_000, Cap: 100_000, Fallback: 5_000, LongTerm: 3_000}
	var err error
	s.wallet, err = utxo.NewWallet(utxo.WalletConfig{
		Descriptor: signing.Descriptor, Pool: noEstimate{c.client}, Fees: s.fees, Clock: func() time.Time { return s.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.coins = s.fund(t, amounts...)
	return s
}

// fund pays the wallet at addresses of its own and reads the coins out of the block.
func (s *sender) fund(t *testing.T, amounts ...int64) []coffer.Coin {
	t.Helper()
	paths := map[coffer.Address]string{}
	var outputs []devnet.BitcoinOutput
	for n, amount := range amounts {
		path := ""
		if s.Ranged() {
			path = utxo.PathOf(utxo.BranchReceive, uint32(n+1))
		}
		address, err := s.wallet.AddressAt(path)
		if err != nil {
			t.Fatal(err)
		}
		paths[address] = path
		outputs = append(outputs, devnet.BitcoinOutput{To: address, Satoshi: amount})
	}
	if _, err := s.PayMany(t.Context(), outputs); err != nil {
		t.Fatal(err)
	}
	s.mine(t, 1)
	var coins []coffer.Coin
	for _, transfer := range s.head(t).Transfers {
		if path, ok := paths[transfer.To]; ok {
			id := coffer.CoinID(strings.TrimPrefix(transfer.Tx.String(), "0x") + ":" + strings.TrimPrefix(transfer.Ref, "vout:"))
			coins = append(coins, coffer.Coin{ID: id, Address: transfer.To, Path: path, Amount: transfer.Amount})
		}
	}
	if len(coins) != len(amounts) {
		t.Fatalf("%d coins of %d", len(coins), len(amounts))
	}
	return coins
}

// plan sets coins aside for payments to destinations of each kind.
func (s *sender) plan(t *testing.T, id string, amounts ...uint64) coffer.Intent {
	t.Helper()
	i := coffer.Intent{
		ID: id, Chain: s.client.Chain(), Wallet: s.wallet.Address(), Path: coffer.PathPSBT, Purpose: coffer.PurposeRefill,
		Change: s.wallet.ChangePath(3), FeeBound: coffer.NewAmount(60_000), Expires: s.now.Add(time.Hour),
	}
	to := utxo.Destinations(utxo.Regtest)
	for n, amount := range amounts {
		i.Payments = append(i.Payments, coffer.Payment{Asset: utxo.Regtest.Native(), To: to[n%len(to)], Amount: coffer.NewAmount(amount)})
	}
	selector, err := s.wallet.Selector(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if i.Coins, err = selector.Select(i.Payments, s.coins, i.FeeBound, coffer.Hash{1}); err != nil {
		t.Fatal(err)
	}
	i.Slot = coffer.Slot{Kind: coffer.SlotCoin, Lane: string(i.Coins[0].ID)}
	return i
}

// attempt builds the next attempt, checks it and signs it with two of the three keys.
func (s *sender) attempt(t *testing.T, i coffer.Intent, prev []coffer.Attempt, keys ...int) coffer.Attempt {
	t.Helper()
	u, err := s.wallet.Build(t.Context(), i, prev)
	if err != nil {
		t.Fatal(err)
	}
	effects, err := s.Explainer().Explain(u)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(effects.Payments, i.Payments) || effects.Slot != i.Slot || effects.FeeBound.Cmp(i.FeeBound) > 0 ||
		effects.Change != i.Change || !reflect.DeepEqual(effects.Coins, i.Coins[:len(effects.Coins)]) {
		t.Fatalf("effects %+v of intent %+v", effects, i)
	}
	if err := s.wallet.Simulate(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	signatures := s.Sign(t, u, keys...)
	if err := s.wallet.VerifySignatures(u, signatures); err != nil {
		t.Fatal(err)
	}
	signed, err := s.wallet.Finalize(u, signatures)
	if err != nil {
		t.Fatal(err)
	}
	return coffer.Attempt{Number: uint32(len(prev)), At: s.now, Unsigned: u, Signed: &signed}
}

func (s *sender) broadcast(t *testing.T, a coffer.Attempt) {
	t.Helper()
	for range 2 { // repeating it is harmless
		if err := s.wallet.Broadcast(t.Context(), *a.Signed); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *sender) fee(t *testing.T, a coffer.Attempt) uint64 {
	t.Helper()
	effects, err := s.Explainer().Explain(a.Unsigned)
	if err != nil {
		t.Fatal(err)
	}
	return effects.FeeBound.Int().Uint64()
}

// paidIn returns the payments of a transaction in the newest block, in the order of outputs.
func (s *sender) paidIn(t *testing.T, tx coffer.Hash) (paid []coffer.Transfer) {
	t.Helper()
	for _, transfer := range s.head(t).Transfers {
		if transfer.Tx == tx {
			paid = append(paid, transfer)
		}
	}
	return paid
}

func amounts(n int, first uint64) (list []uint64) {
	for i := range n {
		list = append(list, first+1_000*uint64(i))
	}
	return list
}

func TestPayoutsOfEachWalletLandOnANode(t *testing.T) {
	c := newChain(t)
	for name, signing := range utxo.SigningWallets(t) {
		s := newSender(t, c, signing, 400_000, 300_000, 200_000)
		i := s.plan(t, "payout "+name, amounts(12, 30_000)...)
		first := s.attempt(t, i, nil, 0, 2)
		s.broadcast(t, first)

		// half of the time later: half of the way to the bound
		s.now = s.now.Add(30 * time.Minute)
		second := s.attempt(t, i, []coffer.Attempt{first}, 1, 2)
		if got, want := s.fee(t, second), (s.fee(t, first)+60_000)/2; got < want-1 || got > want+1 {
			t.Errorf("%s: second fee %d, want %d", name, got, want)
		}
		s.broadcast(t, second)
		if err := s.wallet.Broadcast(t.Context(), *first.Signed); err == nil {
			t.Errorf("%s: the first attempt is taken again", name)
		}

		c.mine(t, 1)
		paid := s.paidIn(t, second.Signed.ID)
		if len(s.paidIn(t, first.Signed.ID)) != 0 || len(paid) != 13 {
			t.Fatalf("%s: %d outputs in the block, want 12 payments and the change", name, len(paid))
		}
		change, err := s.wallet.AddressAt(i.Change)
		if err != nil {
			t.Fatal(err)
		}
		paid = slices.DeleteFunc(paid, func(transfer coffer.Transfer) bool { return transfer.To == change })
		for n, payment := range i.Payments {
			if paid[n].To != payment.To || paid[n].Amount != payment.Amount {
				t.Errorf("%s: payment %d is %+v, want %+v", name, n, paid[n], payment)
			}
		}
		if err := s.wallet.Broadcast(t.Context(), *second.Signed); err != nil {
			t.Errorf("%s: broadcast of what is in a block: %v", name, err)
		}
		if err := s.wallet.Broadcast(t.Context(), *first.Signed); err == nil {
			t.Errorf("%s: the first attempt is taken after the second is in a block", name)
		}
		if err := s.wallet.Simulate(t.Context(), second.Unsigned); !errors.Is(err, coffer.ErrCoins) {
			t.Errorf("%s: simulated with coins that are spent: %v", name, err)
		}
	}
}

// Every attempt is replaced by the next one, up to the bound, and at last by a cancellation.
func TestAttemptsReplaceEachOtherUpToTheBound(t *testing.T) {
	c := newChain(t)
	s := newSender(t, c, utxo.SigningWallets(t)["P2SH-P2WSH"], 100_000, 60_000, 50_000, 40_000)
	i := s.plan(t, "payout", 70_000, 20_000)
	var prev []coffer.Attempt
	for range 40 {
		if len(prev) > 0 {
			s.now = s.now.Add(10 * time.Minute)
		}
		u, err := s.wallet.Build(t.Context(), i, prev)
		if errors.Is(err, coffer.ErrFeeBudget) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		signed, err := s.wallet.Finalize(u, s.Sign(t, u, 0, 1))
		if err != nil {
			t.Fatal(err)
		}
		a := coffer.Attempt{Number: uint32(len(prev)), At: s.now, Unsigned: u, Signed: &signed}
		s.broadcast(t, a)
		prev = append(prev, a)
	}
	if got := s.fee(t, prev[len(prev)-1]); len(prev) < 5 || got != 60_000 {
		t.Errorf("%d attempts, the last with a fee of %d, want the bound", len(prev), got)
	}

	cancel := i
	cancel.Purpose, cancel.Payments, cancel.FeeBound = coffer.PurposeCancel, nil, coffer.NewAmount(80_000)
	cancel.Expires = s.now.Add(time.Hour)
	last := s.attempt(t, cancel, prev, 1, 2)
	if got := s.fee(t, last); got <= 60_000 || got > 61_000 {
		t.Errorf("the cancellation pays %d, want what it takes to replace 60 000", got)
	}
	s.broadcast(t, last)
	c.mine(t, 1)
	change, err := s.wallet.AddressAt(i.Change)
	if err != nil {
		t.Fatal(err)
	}
	if paid := s.paidIn(t, last.Signed.ID); len(paid) != 1 || paid[0].To != change {
		t.Errorf("the cancellation pays %+v", paid)
	}
	for _, a := range prev {
		if err := s.wallet.Broadcast(t.Context(), *a.Signed); !errors.Is(err, coffer.ErrCoins) {
			t.Errorf("attempt %d after the cancellation: %v", a.Number, err)
		}
	}
}

// A cancellation offers the rate of now, whatever was offered and never signed, and from then on
// goes along a line of its own.
func TestCancellationsHaveALineOfTheirOwn(t *testing.T) {
	c := newChain(t)
	s := newSender(t, c, utxo.SigningWallets(t)["P2WSH"], 200_000)
	i := s.plan(t, "payout", 70_000)
	refused := s.attempt(t, i, nil, 0, 1)
	refused.Signed = nil
	s.now = s.now.Add(50 * time.Minute)
	dear, err := s.wallet.Build(t.Context(), i, []coffer.Attempt{refused})
	if err != nil {
		t.Fatal(err)
	}
	again := coffer.Attempt{Number: 1, At: s.now, Unsigned: dear}
	if got := s.fee(t, again); got < 50_000 {
		t.Fatalf("the second attempt pays %d", got)
	}

	s.now = i.Expires.Add(time.Minute)
	cancel := i
	cancel.Purpose, cancel.Payments, cancel.FeeBound = coffer.PurposeCancel, nil, coffer.NewAmount(120_000)
	cancel.Expires = s.now.Add(time.Hour)
	first := s.attempt(t, cancel, []coffer.Attempt{refused, again}, 1, 2)
	first.Cancels = true
	if got, least := s.fee(t, first), s.fee(t, refused); got > least {
		t.Errorf("the cancellation pays %d, want the rate of now for less than what cost %d", got, least)
	}
	s.broadcast(t, first)
	s.now = s.now.Add(30 * time.Minute)
	second := s.attempt(t, cancel, []coffer.Attempt{refused, again, first}, 0, 2)
	if got, want := s.fee(t, second), (s.fee(t, first)+120_000)/2; got < want-1 || got > want+1 {
		t.Errorf("half of the time later it pays %d, want %d", got, want)
	}
	s.broadcast(t, second)
	c.mine(t, 1)
	if paid := s.paidIn(t, second.Signed.ID); len(paid) != 1 {
		t.Errorf("the cancellation pays %+v", paid)
	}
}

// Where the coins do not pay the rate of now, a cancellation offers what they pay: it must not hang
// while fees are high.
func TestCancellationsOfPoorPayoutsAreCheap(t *testing.T) {
	c := newChain(t)
	s := newSender(t, c, utxo.SigningWallets(t)["P2WSH"], 3_000)
	s.fees.Fallback = 3_000
	i := s.plan(t, "payout", 1_500)
	refused := s.attempt(t, i, nil, 0, 1)
	refused.Signed = nil
	dear, err := utxo.NewWallet(utxo.WalletConfig{
		Descriptor: s.Descriptor, Pool: noEstimate{c.client}, Clock: func() time.Time { return s.now },
		Fees: utxo.Fees{Blocks: 6, Floor: 1_000, Cap: 100_000, Fallback: 100_000, LongTerm: 3_000},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.wallet = dear
	s.now = i.Expires.Add(time.Minute)
	cancel := i
	cancel.Purpose, cancel.Payments, cancel.FeeBound, cancel.Expires = coffer.PurposeCancel, nil, coffer.NewAmount(120_000), s.now.Add(time.Hour)
	first := s.attempt(t, cancel, []coffer.Attempt{refused}, 1, 2)
	if got := s.fee(t, first); got < 100 || got > 1_000 {
		t.Errorf("the cancellation pays %d of a coin of 3 000", got)
	}
	s.broadcast(t, first)
	c.mine(t, 1)
	if paid := s.paidIn(t, first.Signed.ID); len(paid) != 1 {
		t.Errorf("the cancellation pays %+v", paid)
	}
}

// Who was paid spends it while it waits: the payout is not replaced, its change pays for it.
func TestSpentPayoutsAreNotReplacedButHelped(t *testing.T) {
	c := newChain(t)
	wallets := utxo.SigningWallets(t)
	s, other := newSender(t, c, wallets["P2WSH"], 500_000), newSender(t, c, wallets["P2WSH fixed"], 50_000)
	i := s.plan(t, "payout", 100_000, 30_000)
	i.Payments[0].To = other.wallet.Address()
	first := s.attempt(t, i, nil, 0, 1)
	s.broadcast(t, first)

	// the other one spends what it was paid
	effects, err := s.Explainer().Explain(first.Unsigned)
	if err != nil {
		t.Fatal(err)
	}
	var tx wire.MsgTx
	if err := tx.Deserialize(strings.NewReader(string(first.Signed.Bytes))); err != nil {
		t.Fatal(err)
	}
	place := func(address coffer.Address) (uint32, coffer.Amount) {
		for n, out := range tx.TxOut {
			if at, _ := utxo.AddressOf(utxo.Regtest, out.PkScript); at == address {
				return uint32(n), coffer.NewAmount(uint64(out.Value))
			}
		}
		t.Fatalf("%s is not paid", address)
		return 0, coffer.Amount{}
	}
	n, amount := place(other.wallet.Address())
	spend := coffer.Intent{
		ID: "other", Chain: c.client.Chain(), Wallet: other.wallet.Address(), Path: coffer.PathPSBT, Purpose: coffer.PurposeConsolidate,
		Coins:  []coffer.Coin{{ID: coffer.NewCoinID(first.Signed.ID, n), Address: other.wallet.Address(), Amount: amount}},
		Change: "", FeeBound: coffer.NewAmount(5_000), Expires: s.now.Add(time.Hour),
	}
	spend.Slot = coffer.Slot{Kind: coffer.SlotCoin, Lane: string(spend.Coins[0].ID)}
	u, err := other.wallet.Build(t.Context(), spend, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := other.wallet.Finalize(u, other.Sign(t, u, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := other.wallet.Broadcast(t.Context(), signed); err != nil {
		t.Fatal(err)
	}

	s.now = s.now.Add(time.Minute)
	if _, err := s.wallet.Build(t.Context(), i, []coffer.Attempt{first}); !errors.Is(err, utxo.ErrDescendants) {
		t.Fatalf("a replacement: %v, want ErrDescendants", err)
	}

	// at a rate of four times the first one's, the child pays for the parent
	change, err := s.wallet.AddressAt(effects.Change)
	if err != nil {
		t.Fatal(err)
	}
	n, amount = place(change)
	child := coffer.Intent{
		ID: "child", Chain: c.client.Chain(), Wallet: s.wallet.Address(), Path: coffer.PathPSBT, Purpose: coffer.PurposeConsolidate,
		Coins:  []coffer.Coin{{ID: coffer.NewCoinID(first.Signed.ID, n), Address: change, Path: effects.Change, Amount: amount}},
		Change: s.wallet.ChangePath(4), FeeBound: coffer.NewAmount(50_000), Expires: s.now.Add(time.Hour),
	}
	child.Slot = coffer.Slot{Kind: coffer.SlotCoin, Lane: string(child.Coins[0].ID)}
	if number, coin, fee, err := s.wallet.ChildCoin(t.Context(), []coffer.Attempt{first}); err != nil || number != 0 || coin != child.Coins[0] || fee != effects.FeeBound {
		t.Errorf("attempt %d brings %+v at a fee of %s, %v; want %+v, %s", number, coin, fee, err, child.Coins[0], effects.FeeBound)
	}
	fees := s.fees
	fees.Fallback *= 4
	rich, err := utxo.NewWallet(utxo.WalletConfig{Descriptor: s.Descriptor, Pool: noEstimate{c.client}, Fees: fees, Clock: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	if u, err = rich.BuildChild(t.Context(), child, first); err != nil {
		t.Fatal(err)
	}
	if signed, err = rich.Finalize(u, s.Sign(t, u, 1, 2)); err != nil {
		t.Fatal(err)
	}
	if err := rich.Broadcast(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	both := utxo.VSize(t, first.Signed.Bytes) + utxo.VSize(t, signed.Bytes)
	paid := s.fee(t, first) + s.fee(t, coffer.Attempt{Unsigned: u})
	if low := fees.Fallback.Fee(both); paid < low || paid > low+low/20 {
		t.Errorf("%d sat for both, %d vB; want %d or a little more", paid, both, low)
	}
	c.mine(t, 1)
	for _, id := range []coffer.Hash{first.Signed.ID, signed.ID} {
		if len(s.paidIn(t, id)) == 0 {
			t.Errorf("%s is not in the block", id)
		}
	}
	for name, change := range map[string]func(*coffer.Intent){
		"another coin": func(i *coffer.Intent) {
			i.Coins = s.coins[:1]
			i.Slot.Lane = string(i.Coins[0].ID)
		},
		"payments": func(i *coffer.Intent) { i.Payments = spendPayments(i) },
		"a cancel": func(i *coffer.Intent) { i.Purpose = coffer.PurposeCancel },
	} {
		bad := child
		change(&bad)
		if _, err := rich.BuildChild(t.Context(), bad, first); err == nil {
			t.Errorf("a child with %s is built", name)
		}
	}
}

func spendPayments(i *coffer.Intent) []coffer.Payment {
	return []coffer.Payment{{Asset: utxo.Regtest.Native(), To: i.Wallet, Amount: coffer.NewAmount(1_000)}}
}

func TestManyCoinsBecomeOne(t *testing.T) {
	c := newChain(t)
	var small []int64
	for n := range int64(utxo.MaxInputs) {
		small = append(small, 5_000+n)
	}
	s := newSender(t, c, utxo.SigningWallets(t)["P2WSH"], small...)
	s.fees.Fallback = 2_000 // below the long-term rate
	var err error
	if s.wallet, err = utxo.NewWallet(utxo.WalletConfig{Descriptor: s.Descriptor, Pool: noEstimate{c.client}, Fees: s.fees, Clock: func() time.Time { return s.now }}); err != nil {
		t.Fatal(err)
	}
	i := s.plan(t, "consolidation")
	i.Purpose = coffer.PurposeConsolidate
	a := s.attempt(t, i, nil, 0, 1)
	s.broadcast(t, a)
	c.mine(t, 1)
	spent := 0
	for _, spend := range s.head(t).Spends {
		if spend.Tx == a.Signed.ID {
			spent++
		}
	}
	if paid := s.paidIn(t, a.Signed.ID); len(paid) != 1 || spent != utxo.MaxInputs {
		t.Errorf("%d coins became %+v", spent, paid)
	}
}

func TestWhatANodeSaysOfCoins(t *testing.T) {
	c := newChain(t)
	s := newSender(t, c, utxo.SigningWallets(t)["P2WSH"], 123_456)
	out, err := c.client.Unspent(t.Context(), s.coins[0].ID)
	script, scriptErr := utxo.ScriptOf(utxo.Regtest, s.coins[0].Address)
	if err != nil || scriptErr != nil || out.Amount != 123_456 || out.Confirmations != 1 || out.Coinbase || !slices.Equal(out.Script, script) {
		t.Errorf("%+v, %v", out, err)
	}
	if _, err := c.client.Unspent(t.Context(), coffer.NewCoinID(coffer.Hash{1}, 0)); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("an unknown coin: %v", err)
	}
	spenders, err := c.client.PoolSpenders(t.Context(), []coffer.CoinID{s.coins[0].ID})
	if err != nil || len(spenders) != 0 {
		t.Errorf("spenders %v, %v", spenders, err)
	}
	if rate, err := c.client.EstimateFee(t.Context(), 6); rate != 0 && err != nil || rate == 0 && !errors.Is(err, utxo.ErrNoEstimate) {
		t.Errorf("estimate %s, %v", rate, err)
	}
	if slot, err := s.wallet.NextSlot(t.Context(), ""); err == nil {
		t.Errorf("slot %s before coins are chosen", slot)
	}
}

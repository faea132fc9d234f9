package sim_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/devnet/omnisim"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/utxo"
	"github.com/cofferhq/coffer/withdrawal"
)

// omniProperty is the first property that anybody makes.
const omniProperty = 3

const omniPolicy = `
version: 1
name: open
signers: {threshold: 2, count: 3}
assets:
  - {name: BTC, id: "%s", decimals: 8}
  - {name: USDT, id: "%s", decimals: 8}
rules:
  order_limits:
    - {name: a, enforced_by: signer, asset: BTC, max: "1000000"}
    - {name: b, enforced_by: signer, asset: USDT, max: "1000000"}
  velocity:
    - {name: c, enforced_by: signer, asset: BTC, per: asset, max: "1000000000"}
    - {name: d, enforced_by: signer, asset: USDT, per: asset, max: "1000000000"}
`

// omniWorld is a real node with everything that follows it, and a token on it: issuer made
// it, holder has some, and ann's address got 100 of them.
type omniWorld struct {
	*bitcoin
	issuer, holder *omnisim.Wallet
	omni           *utxo.Omni
	ann            coffer.Address
}

func newOmniWorld(t *testing.T) *omniWorld {
	t.Helper()
	w := &omniWorld{}
	w.bitcoin = makeBitcoin(t, 2, nil, func(node *devnet.Bitcoin, client *utxo.Client) *utxo.Omni {
		tip, err := utxo.NewSource(client).Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		server, err := omnisim.Serve(t.Context(), omnisim.New(client, tip.Latest.Height), 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := server.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		})
		w.omni, err = utxo.DialOmni(t.Context(), client, utxo.OmniConfig{Property: omniProperty, Nodes: []utxo.Node{{URL: server.URL}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(w.omni.Close)
		return w.omni
	})
	w.issuer, w.holder = w.person("issuer"), w.person("holder")
	w.say(w.issuer, utxo.OmniCreateManaged{Ecosystem: utxo.OmniMain, PropertyType: utxo.OmniDivisible, Name: "US dollar"}, "")
	w.say(w.issuer, utxo.OmniGrant{Property: omniProperty, Amount: 1000_0000_0000}, w.holder.Address)
	w.say(w.issuer, utxo.OmniFreezing{Property: omniProperty, Enable: true}, "")
	w.follow()
	issued, err := w.deposits.IssueAddress(t.Context(), "acme", "ann", utxo.Regtest.Chain())
	if err != nil {
		t.Fatal(err)
	}
	w.ann = issued.Address
	return w
}

func (w *omniWorld) person(name string) *omnisim.Wallet {
	w.t.Helper()
	one, err := omnisim.NewWallet(w.node, name)
	if err == nil {
		err = one.Fund(w.t.Context(), 8)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return one
}

// say sends a message in a block of its own.
func (w *omniWorld) say(from *omnisim.Wallet, m utxo.OmniMessage, to coffer.Address) coffer.Hash {
	w.t.Helper()
	sent, err := from.Send(w.t.Context(), m, to)
	if err == nil {
		_, err = w.node.Mine(w.t.Context(), 1)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return sent.ID
}

func (w *omniWorld) freeze(at coffer.Address, thaw bool) {
	w.t.Helper()
	target, err := utxo.OmniTarget(utxo.Regtest, at)
	if err != nil {
		w.t.Fatal(err)
	}
	w.say(w.issuer, utxo.OmniFreeze{Property: omniProperty, Target: target, Thaw: thaw}, "")
}

// deposit pays ann 100 tokens, and the wallet's own address the bitcoin that moving them costs.
func (w *omniWorld) deposit() {
	w.t.Helper()
	w.say(w.holder, utxo.OmniSimpleSend{Property: omniProperty, Amount: 100_0000_0000}, w.ann)
	for range 2 {
		if _, err := w.node.Pay(w.t.Context(), w.wallet.Address(), 1_000_000); err != nil {
			w.t.Fatal(err)
		}
	}
	w.mine(3)
	w.balance(100_0000_0000, 0)
}

// balance checks what ann can spend of the token, and what is held for withdrawals.
func (w *omniWorld) balance(available, held uint64) {
	w.t.Helper()
	got, err := w.books.BalanceOf(w.t.Context(), "ann", w.omni.Asset())
	if err != nil || got.Available != coffer.NewAmount(available) || got.Held != coffer.NewAmount(held) {
		w.t.Fatalf("ann has %+v, %v; want %d and %d held", got, err, available, held)
	}
}

// sweep plans to bring ann's tokens home, and steps.
func (w *omniWorld) sweep(expected uint64) string {
	w.t.Helper()
	id, err := w.payouts.PlanSweep(w.t.Context(), utxo.Regtest.Chain(), []payout.SweepLeg{{
		Sweep: coffer.Sweep{Forwarder: w.ann, Asset: w.omni.Asset()}, Expected: coffer.NewAmount(expected),
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.pay()
	return id
}

// withdraw asks for a payment of tokens, and steps.
func (w *omniWorld) withdraw(key, amount string, to coffer.Address) string {
	w.t.Helper()
	made, err := w.withdrawals.Request(w.t.Context(), withdrawal.Request{
		Tenant: "acme", Account: "ann", IdempotencyKey: key, Chain: utxo.Regtest.Chain(), Asset: w.omni.Asset(), Destination: string(to), Amount: amount,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.pay()
	return made.ID
}

func (w *omniWorld) state(id string, want coffer.WithdrawalState) {
	w.t.Helper()
	got, err := w.withdrawals.Get(w.t.Context(), "acme", id)
	if err != nil || got.State != want {
		w.t.Fatalf("withdrawal is %s (%s), %v; want %s", got.State, got.Reason, err, want)
	}
}

// tokens are what the books have of the token in a house account.
func (w *omniWorld) tokens(code string) string {
	w.t.Helper()
	net, err := w.books.House(w.t.Context(), code, w.omni.Asset())
	if err != nil {
		w.t.Fatal(err)
	}
	return fmt.Sprint(net.Side, " ", net.Amount)
}

// held is what the chain has of the token at an address.
func (w *omniWorld) held(at coffer.Address) string {
	w.t.Helper()
	client, err := utxo.Dial(w.t.Context(), utxo.Config{Network: utxo.Regtest, Nodes: []utxo.Node{w.node.Node()}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	source := utxo.NewSource(client).WithOmni(w.omni)
	head, err := source.Head(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	held, err := source.OmniHeld(w.t.Context(), []coffer.Address{at}, head.Latest)
	if err != nil {
		w.t.Fatal(err)
	}
	return "debit " + held[at].String()
}

// want compares the books with the chain, where nothing is on its way.
func (w *omniWorld) want(ann, home uint64) {
	w.t.Helper()
	for address, want := range map[coffer.Address]uint64{w.ann: ann, w.wallet.Address(): home} {
		code := ledger.PrefixCustodyHot + string(address)
		if address == w.ann {
			code = ledger.PrefixCustodyDeposit + string(address)
		}
		if books, chain := w.tokens(code), w.held(address); books != fmt.Sprint("debit ", want) || books != chain {
			w.t.Errorf("%s: books %s, chain %s, want %d", code, books, chain, want)
		}
	}
	for _, code := range []string{ledger.TransitCoins, ledger.TransitWithdrawal, ledger.TransitSweep} {
		if coins, tokens := w.house(code), w.tokens(code); coins != "debit 0" || tokens != "debit 0" {
			w.t.Errorf("%s is %s and %s of the token", code, coins, tokens)
		}
	}
}

// TestTokensOnBitcoinFromADepositToAFinalPayout takes a token from a deposit over a sweep to a
// payout, with a reorganisation that takes the payout back, and a deposit that is none.
func TestTokensOnBitcoinFromADepositToAFinalPayout(t *testing.T) {
	w := newOmniWorld(t)
	loser := w.person("loser")
	w.say(loser, utxo.OmniSimpleSend{Property: omniProperty, Amount: 70_0000_0000}, w.ann) // which it does not have
	w.deposit()
	w.want(100_0000_0000, 0)

	// Nothing is at the paying address yet: the withdrawal waits.
	id := w.withdraw("1", "40", w.holder.Address)
	w.state(id, coffer.WithdrawalApproved)
	sweep := w.sweep(100_0000_0000)
	w.mine(3)
	if p, err := w.payouts.Get(t.Context(), sweep); err != nil || p.State != coffer.PayoutFinal || p.Intent.Change != "0/0" {
		t.Fatalf("sweep is %s with change at %q, %v: %s", p.State, p.Intent.Change, err, p.Note)
	}
	w.want(0, 100_0000_0000)

	w.pay()
	p := w.payoutOf(id)
	if p.State != coffer.PayoutBroadcast || p.Intent.Coins[0].Address != w.wallet.Address() || p.Intent.Change != "0/0" {
		t.Fatalf("payout is %s from %+v with change at %q: %s", p.State, p.Intent.Coins, p.Intent.Change, p.Note)
	}
	w.mine(1)
	w.state(id, coffer.WithdrawalConfirming)
	home := ledger.PrefixCustodyHot + string(w.wallet.Address())
	if books, chain := w.tokens(home), w.held(w.wallet.Address()); books != "debit 6000000000" || books != chain {
		t.Errorf("after the payout: books %s, chain %s", books, chain)
	}
	if err := w.node.Reorg(t.Context(), 1, 2); err != nil {
		t.Fatal(err)
	}
	w.follow()
	w.state(id, coffer.WithdrawalPaying)
	if got := w.tokens(home); got != "debit 10000000000" {
		t.Errorf("books after the reorganisation: %s", got)
	}
	w.pay()
	w.mine(4)
	w.state(id, coffer.WithdrawalSettled)
	w.want(0, 60_0000_0000)
	w.balance(60_0000_0000-500, 0)
	if got := w.held(w.holder.Address); got != "debit 94000000000" {
		t.Errorf("who is paid has %s", got)
	}
	if fee := w.house(ledger.ExpenseNetworkFee); !strings.HasPrefix(fee, "debit ") || fee == "debit 0" {
		t.Errorf("network fee is %s", fee)
	}
}

// TestTokensThatDoNotMove freezes the paying address between the last look and the block: the
// transaction is mined, pays nobody, and the withdrawal fails with its money back.
func TestTokensThatDoNotMove(t *testing.T) {
	w := newOmniWorld(t)
	w.deposit()
	w.sweep(100_0000_0000)
	w.mine(3)
	id := w.withdraw("1", "40", w.holder.Address)
	p := w.payoutOf(id)
	if p.State != coffer.PayoutBroadcast {
		t.Fatalf("payout is %s: %s", p.State, p.Note)
	}
	fee := w.house(ledger.ExpenseNetworkFee)

	// The freeze is mined before it.
	target, err := utxo.OmniTarget(utxo.Regtest, w.wallet.Address())
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := w.issuer.Outputs(utxo.OmniFreeze{Property: omniProperty, Target: target}, "")
	if err != nil {
		t.Fatal(err)
	}
	frozen, err := w.issuer.Sign(outputs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.node.MineWith(t.Context(), frozen.Raw); err != nil {
		t.Fatal(err)
	}
	w.mine(1)
	if p = w.payoutOf(id); p.State != coffer.PayoutIncluded || p.Inclusion.Success || p.Alarm != "" {
		t.Fatalf("payout is %s in %+v, alarm %q", p.State, p.Inclusion, p.Alarm)
	}
	w.state(id, coffer.WithdrawalPaying)
	w.balance(60_0000_0000-500, 40_0000_0500)
	w.mine(2)
	w.state(id, coffer.WithdrawalFailed)
	w.balance(100_0000_0000, 0)
	w.want(0, 100_0000_0000)
	if w.house(ledger.ExpenseNetworkFee) == fee {
		t.Error("its cost is not booked")
	}

	// While it is frozen nothing is signed; then the same works.
	again := w.withdraw("2", "40", w.holder.Address)
	if p := w.payoutOf(again); p.State != coffer.PayoutBuilt || !strings.Contains(p.Note, "frozen") {
		t.Errorf("payout of what is frozen is %s: %s", p.State, p.Note)
	}
	w.freeze(w.wallet.Address(), true)
	w.follow()
	for range 4 { // it is tried again, later each time
		w.ahead += time.Minute
		w.pay()
	}
	w.mine(3)
	w.state(again, coffer.WithdrawalSettled)
	w.want(0, 60_0000_0000)
}

// TestTokensThatAreNotSwept freezes a deposit address before its sweep is mined: nothing moves,
// and the address is in quarantine.
func TestTokensThatAreNotSwept(t *testing.T) {
	w := newOmniWorld(t)
	w.deposit()
	id := w.sweep(100_0000_0000)
	if again := w.sweep(100_0000_0000); again != "" {
		t.Errorf("swept twice: %q", again)
	}
	target, err := utxo.OmniTarget(utxo.Regtest, w.ann)
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := w.issuer.Outputs(utxo.OmniFreeze{Property: omniProperty, Target: target}, "")
	if err != nil {
		t.Fatal(err)
	}
	frozen, err := w.issuer.Sign(outputs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.node.MineWith(t.Context(), frozen.Raw); err != nil {
		t.Fatal(err)
	}
	w.mine(3)
	if p, err := w.payouts.Get(t.Context(), id); err != nil || p.State != coffer.PayoutFinal {
		t.Fatalf("sweep is %s, %v", p.State, err)
	}
	_, deferred, err := w.payouts.Sweeping(t.Context(), utxo.Regtest.Chain())
	if err != nil || len(deferred) != 1 || !deferred[0].Quarantined || deferred[0].Forwarder != w.ann {
		t.Errorf("put off: %+v, %v", deferred, err)
	}
	w.want(100_0000_0000, 0)

	// Its coin is spent: somebody has to send the address a little bitcoin.
	if id := w.sweep(100_0000_0000); id != "" {
		t.Errorf("swept without a coin: %s", id)
	}
	w.freeze(w.ann, true)
	if _, err := w.node.Pay(t.Context(), w.ann, 546); err != nil {
		t.Fatal(err)
	}
	w.mine(3)
	w.sweep(100_0000_0000)
	w.mine(3)
	w.want(0, 100_0000_0000)
}

// TestTokensThatAreCalledBack lets the time of a payout and of a sweep pass before they are
// mined: what takes their place moves no token, and both work again.
func TestTokensThatAreCalledBack(t *testing.T) {
	w := newOmniWorld(t)
	w.deposit()
	id := w.sweep(100_0000_0000)
	callBack := func(id string) {
		t.Helper()
		w.ahead += 16 * time.Minute // longer than a payout's intent
		for range 3 {
			w.ahead += 5 * time.Second
			w.pay()
		}
		p, err := w.payouts.Get(t.Context(), id)
		if err != nil || len(p.Attempts) != 2 || !p.Attempts[1].Cancels || p.State != coffer.PayoutBroadcast {
			t.Fatalf("payout is %s after %d attempts, %v: %s", p.State, len(p.Attempts), err, p.Note)
		}
		w.mine(3)
		if p, err = w.payouts.Get(t.Context(), id); err != nil || p.State != coffer.PayoutReverted {
			t.Fatalf("payout is %s, %v: %s", p.State, err, p.Note)
		}
	}
	callBack(id)
	w.want(100_0000_0000, 0)
	if _, err := w.node.Pay(t.Context(), w.ann, 546); err != nil { // its coin is spent
		t.Fatal(err)
	}
	w.mine(3)
	w.sweep(100_0000_0000)
	w.mine(3)
	w.want(0, 100_0000_0000)

	order := w.withdraw("1", "40", w.holder.Address)
	callBack(w.payoutOf(order).ID)
	w.want(0, 100_0000_0000)
	w.balance(60_0000_0000-500, 40_0000_0500)
	w.ahead += 10 * time.Minute
	w.pay()
	w.mine(3)
	w.state(order, coffer.WithdrawalSettled)
	w.want(0, 60_0000_0000)
}

// TestTokensWithoutBitcoinToSendThem have a withdrawal wait until operators send some, and
// customers' bitcoin is not taken for it.
func TestTokensWithoutBitcoinToSendThem(t *testing.T) {
	w := newOmniWorld(t)
	id := utxo.Regtest.Chain()
	w.say(w.holder, utxo.OmniSimpleSend{Property: omniProperty, Amount: 100_0000_0000}, w.ann)
	w.say(w.holder, utxo.OmniSimpleSend{Property: omniProperty, Amount: 50_0000_0000}, w.wallet.Address())
	if _, err := w.node.Pay(t.Context(), w.ann, 50_000_000); err != nil {
		t.Fatal(err)
	}
	w.mine(3)
	if made := w.sweep(100_0000_0000); made != "" {
		t.Errorf("swept with customers' bitcoin: %s", made)
	}
	if _, deferred, err := w.payouts.Sweeping(t.Context(), id); err != nil || len(deferred) != 0 {
		t.Errorf("put off: %+v, %v", deferred, err)
	}
	order := w.withdraw("1", "40", w.holder.Address)
	w.state(order, coffer.WithdrawalApproved)
	if short := w.payouts.Short(id); len(short) != 1 || short[0] != "gas of "+string(w.omni.Asset()) {
		t.Errorf("short of %q", short)
	}
	if _, err := w.node.Pay(t.Context(), w.wallet.Address(), 1_000_000); err != nil {
		t.Fatal(err)
	}
	w.mine(3)
	w.ahead += time.Minute
	w.pay()
	w.mine(3)
	w.state(order, coffer.WithdrawalSettled)
	if short := w.payouts.Short(id); len(short) != 0 {
		t.Errorf("short of %q", short)
	}
}

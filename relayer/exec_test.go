package relayer_test

import (
	"context"
	"errors"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/relayer"
)

// directSender is an executor without memory: the node's first account.
type directSender struct {
	anvil *devnet.Anvil

	mu    sync.Mutex
	calls []evm.ExecCall
	sent  map[coffer.Hash]bool
}

func (s *directSender) SendExec(ctx context.Context, call evm.ExecCall) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
	if s.sent[call.ID] {
		return nil
	}
	receipt, err := s.anvil.Send(ctx, devnet.Call{To: &call.Safe, Data: call.Data})
	if err != nil {
		return err
	}
	if receipt.GasUsed > call.GasLimit {
		return errors.New("more gas was used than the call allows")
	}
	if s.sent == nil {
		s.sent = map[coffer.Hash]bool{}
	}
	s.sent[call.ID] = true
	return nil
}

// newExec is a chain whose wallet also sends Safe transactions.
func newExec(t *testing.T) (*chain, *directSender) {
	t.Helper()
	c := newChain(t)
	sender := &directSender{anvil: c.Anvil}
	var err error
	c.wallet, err = relayer.NewWallet(relayer.Config{Client: c.client, Safe: c.safe, Sender: c.bundler, Exec: sender, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	config := c.client.Config()
	config.Wallets = []common.Address{c.safe.Address}
	c.source = evm.NewSource(c.client, config)
	return c, sender
}

func (c *chain) execIntent(t *testing.T, payments ...coffer.Payment) coffer.Intent {
	t.Helper()
	i := c.intent(t, relayer.ExecLane, payments...)
	i.Path = coffer.PathExec
	return i
}

func TestSafeTransactionPays(t *testing.T) {
	c, sender := newExec(t)
	for n, i := range []coffer.Intent{
		c.execIntent(t, c.pays(0x71, 5)),
		c.execIntent(t, c.pays(0x71, 5), c.pays(0x72, 6), c.pays(0x71, 5)),
		c.execIntent(t, coffer.Payment{Asset: native, To: evm.AddressOf(common.Address{0x73}), Amount: coffer.NewAmount(9)}),
	} {
		i.Slot.Sequence = uint64(n)
		u := c.build(t, i)
		if err := c.wallet.Simulate(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		effects := c.explain(t, u)
		if effects.Slot != i.Slot || !reflect.DeepEqual(effects.Payments, i.Payments) || !effects.FeeBound.IsZero() || !effects.ValidUntil.IsZero() {
			t.Errorf("payout %d: %+v", n, effects)
		}
		signed := c.finalize(t, u)
		for range 2 { // repeating it is harmless
			if err := c.wallet.Broadcast(t.Context(), signed); err != nil {
				t.Fatal(err)
			}
		}
		if outcome := c.outcome(t, signed.ID); !outcome.Success || outcome.Sender != c.wallet.Address() || !outcome.Fee.IsZero() {
			t.Errorf("payout %d ended as %+v", n, outcome)
		}
		call := sender.calls[len(sender.calls)-1]
		if call.Nonce != i.Slot.Sequence || call.FeeBound != i.FeeBound || call.Safe != c.safe.Address || call.GasLimit < 60_000 || call.GasLimit > 400_000 {
			t.Errorf("payout %d: nonce %d, gas limit %d, fee bound %s", n, call.Nonce, call.GasLimit, call.FeeBound)
		}
	}
	for to, want := range map[byte]int64{0x71: 15, 0x72: 6} {
		got, err := c.TokenBalance(t.Context(), c.Contracts, common.Address{to})
		if err != nil || got.Int64() != want {
			t.Errorf("0x%x has %s, want %d (%v)", to, got, want, err)
		}
	}
	if slot, err := c.wallet.NextSlot(t.Context(), relayer.ExecLane); err != nil || slot != (coffer.Slot{Kind: coffer.SlotSafe, Sequence: 3}) {
		t.Errorf("next slot %s, %v", slot, err)
	}
}

// A Safe transaction has no fee to raise, but what pays nothing can take its place.
func TestSafeTransactionHasOneAttemptAndACancellation(t *testing.T) {
	c, _ := newExec(t)
	i := c.execIntent(t, c.pays(0x71, 5))
	payment := coffer.Attempt{Number: 0, Unsigned: c.build(t, i)}
	if u, err := c.wallet.Build(t.Context(), i, []coffer.Attempt{payment}); !errors.Is(err, relayer.ErrOneAttempt) {
		t.Errorf("a second attempt: %+v, %v", u, err)
	}
	cancel := i
	cancel.Purpose, cancel.Payments = coffer.PurposeCancel, nil
	u := c.build(t, cancel, payment)
	if err := c.wallet.Simulate(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if effects := c.explain(t, u); effects.Slot != i.Slot || len(effects.Payments) != 0 || u.Attempt != 1 {
		t.Errorf("cancellation %d: %+v", u.Attempt, effects)
	}
	if u, err := c.wallet.Build(t.Context(), cancel, []coffer.Attempt{payment, {Number: 1, Unsigned: u}}); !errors.Is(err, relayer.ErrOneAttempt) {
		t.Errorf("a second cancellation: %+v, %v", u, err)
	}
	signed := c.finalize(t, u)
	if err := c.wallet.Broadcast(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	if outcome := c.outcome(t, signed.ID); !outcome.Success {
		t.Errorf("ended as %+v", outcome)
	}
	if err := c.wallet.Simulate(t.Context(), payment.Unsigned); !errors.Is(err, relayer.ErrWouldFail) {
		t.Errorf("the payment after it: %v", err)
	}
	if got, err := c.TokenBalance(t.Context(), c.Contracts, common.Address{0x71}); err != nil || got.Sign() != 0 {
		t.Errorf("paid %s, %v", got, err)
	}
}

func TestSafeTransactionThatWouldFailIsNotBuiltAndNotSimulated(t *testing.T) {
	c, sender := newExec(t)
	fine := c.build(t, c.execIntent(t, c.pays(0x71, 5_000)))
	later := c.execIntent(t, c.pays(0x71, 5))
	later.Slot.Sequence = 1
	for name, i := range map[string]coffer.Intent{
		"more than there is": c.execIntent(t, c.pays(0x71, 1_000_001)),
		"a nonce too early":  later,
	} {
		if u, err := c.wallet.Build(t.Context(), i, nil); !errors.Is(err, relayer.ErrWouldFail) {
			t.Errorf("%s: %+v, %v", name, u, err)
		}
	}
	token := bindings.NewTestToken()
	if _, err := c.Send(t.Context(), devnet.Call{To: &c.Token, Data: token.PackSetParams(big.NewInt(10), big.NewInt(5))}); err != nil {
		t.Fatal(err)
	}
	if err := c.wallet.Simulate(t.Context(), fine); !errors.Is(err, relayer.ErrWouldFail) || !strings.Contains(err.Error(), "would not say Transfer") {
		t.Errorf("less arrives than is sent: %v", err)
	}
	if len(sender.calls) != 0 {
		t.Errorf("sent %+v", sender.calls)
	}
	userOps := c.newWallet(t, c.bundler)
	if u, err := userOps.Build(t.Context(), c.execIntent(t, c.pays(0x71, 5)), nil); !errors.Is(err, relayer.ErrNoExecutor) {
		t.Errorf("without an executor: %+v, %v", u, err)
	}
	if err := userOps.Broadcast(t.Context(), c.finalize(t, fine)); !errors.Is(err, relayer.ErrNoExecutor) {
		t.Errorf("without an executor: %v", err)
	}
}

// A user operation's slot can be cancelled too.
func TestUserOperationCanCancel(t *testing.T) {
	c, _ := newExec(t)
	i := c.intent(t, "0x0", c.pays(0x71, 5))
	payment := coffer.Attempt{Unsigned: c.build(t, i)}
	i.Purpose, i.Payments = coffer.PurposeCancel, nil
	u := c.build(t, i, payment)
	if err := c.wallet.Simulate(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	signed := c.finalize(t, u)
	if err := c.wallet.Broadcast(t.Context(), signed); err != nil {
		t.Fatal(err)
	}
	if outcome := c.outcome(t, signed.ID); !outcome.Success || outcome.Slot != i.Slot {
		t.Errorf("ended as %+v", outcome)
	}
}

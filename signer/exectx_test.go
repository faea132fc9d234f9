package signer

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

// execRequest pays orders by a Safe transaction with a nonce.
func (w *field) execRequest(nonce uint64, orders ...coffer.Order) coffer.SigningRequest {
	w.t.Helper()
	r := w.fixture.request(nonce, orders...)
	r.Intent.Wallet, r.Intent.Path = w.safe.Name(), coffer.PathExec
	r.Intent.Slot = coffer.Slot{Kind: coffer.SlotSafe, Sequence: nonce}
	w.buildExec(&r, nil)
	return r
}

func (w *field) buildExec(r *coffer.SigningRequest, edit func(*evm.SafeTx)) {
	w.t.Helper()
	tx, err := evm.BuildSafeTx(r.Intent, w.safe, 500_000)
	w.must(err)
	if edit != nil {
		edit(&tx)
	}
	r.Unsigned, err = evm.NewUnsignedSafeTx(w.safe, tx, 0)
	w.must(err)
}

// cancelRequest uses the slot of another request up.
func (w *field) cancelRequest(r coffer.SigningRequest) coffer.SigningRequest {
	w.t.Helper()
	c := coffer.SigningRequest{Intent: r.Intent}
	c.Intent.Purpose, c.Intent.Orders, c.Intent.Payments = coffer.PurposeCancel, nil, nil
	c.Intent.Expires = w.clock.Now().Add(30 * time.Minute)
	w.buildExec(&c, nil)
	return c
}

// signExec has the signer sign, and returns what an executor sends.
func (w *field) signExec(r coffer.SigningRequest) evm.ExecCall {
	w.t.Helper()
	sigs, err := w.client.Sign(w.t.Context(), r)
	w.must(err)
	return w.execCall(r.Unsigned, sigs)
}

// foreignExec is the same signed by the other owner, behind the signer's back.
func (w *field) foreignExec(r coffer.SigningRequest) evm.ExecCall {
	w.t.Helper()
	effects, err := w.explainer().Explain(r.Unsigned)
	w.must(err)
	sig, err := crypto.Sign(effects.Digests[0][:], w.stranger)
	w.must(err)
	sig[64] += 27
	return w.execCall(r.Unsigned, []coffer.Signature{{Key: crypto.PubkeyToAddress(w.stranger.PublicKey).Hex(), Digest: effects.Digests[0], Bytes: sig}})
}

func (w *field) execCall(u coffer.Unsigned, sigs []coffer.Signature) evm.ExecCall {
	w.t.Helper()
	signed, err := evm.Finalize(u, w.safe, sigs)
	w.must(err)
	call, err := evm.DecodeExec(signed, 31337)
	w.must(err)
	return call
}

func (w *field) landExec(call evm.ExecCall) {
	w.t.Helper()
	_, err := w.Send(w.t.Context(), devnet.Call{To: &call.Safe, Data: call.Data})
	w.must(err)
}

// A Safe transaction never expires: its orders stay bound to the nonce whatever the clocks
// say, until the signer's own node shows in a final block that something else had it.
func TestOrdersStayBoundToASafeNonceUntilItIsUsed(t *testing.T) {
	w := newField(t)
	w.start()
	w.fund("10000")
	a, b := w.order("wd_1", "6000"), w.order("wd_2", "50")
	first := w.execRequest(0, a, b)
	payment := w.signExec(first)
	if again := w.signExec(first); again.ID != payment.ID {
		t.Errorf("asked again: %s, then %s", payment.ID, again.ID)
	}
	w.later(40*time.Minute, 2*time.Hour)
	w.refuses(w.execRequest(1, a), coffer.CodeConflict, "no end of validity")
	w.refuses(w.request(0, b), coffer.CodeConflict, "no end of validity")
	w.refuses(w.execRequest(0, w.order("wd_3", "50")), coffer.CodeConflict, "no end of validity")

	cancel := w.signExec(w.cancelRequest(first))
	w.landExec(cancel)
	w.refuses(w.execRequest(1, a), coffer.CodeConflict, "it may still be used")
	w.finish()
	w.signExec(w.execRequest(1, a))
	w.restart()
	w.sign(w.request(0, b)) // by the other path
	w.refuses(w.execRequest(2, a), coffer.CodeConflict, "bound to slot safe//1")
	w.refuses(w.execRequest(2, b), coffer.CodeConflict, "bound to slot entrypoint/0x0/0")
	w.refuses(first, coffer.CodeConflict, "bound to slot")
	w.refuses(w.cancelRequest(first), coffer.CodeConflict, "was consumed")
	if _, err := w.Send(t.Context(), devnet.Call{To: &payment.Safe, Data: payment.Data}); err == nil {
		t.Error("the payment landed after its cancellation")
	}
}

// What landed in the nonce before its cancellation was paid.
func TestACancellationThatCameTooLateFreesNothing(t *testing.T) {
	w := newField(t)
	w.start()
	w.fund("10000")
	o := w.order("wd_1", "6000")
	first := w.execRequest(0, o)
	payment := w.signExec(first)
	w.signExec(w.cancelRequest(first))
	w.landExec(payment)
	w.landExec(w.foreignExec(w.execRequest(1, w.order("wd_8", "7")))) // others follow
	w.landExec(w.foreignExec(w.execRequest(2, w.order("wd_9", "8"))))
	w.finish()
	if _, err := w.client.Sign(t.Context(), w.execRequest(3, o)); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Fatalf("a paid order: %v", err)
	}
	w.refuses(w.execRequest(3, o), coffer.CodeConflict, "was paid in slot safe//0")
}

// Others of a quorum may have executed something else with the nonce; several may be in one
// block.
func TestAnotherTransactionWithTheNonce(t *testing.T) {
	w := newField(t)
	w.start()
	w.fund("10000")
	a, b := w.order("wd_1", "60"), w.order("wd_2", "70")
	w.signExec(w.execRequest(1, a))
	w.signExec(w.execRequest(2, b))
	like := w.order("wd_9", "70") // the amount of b, for somebody else
	like.Destination = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
	calls := []evm.ExecCall{
		w.foreignExec(w.execRequest(0, w.order("wd_7", "7"))),
		w.foreignExec(w.execRequest(1, w.order("wd_8", "8"))),
		w.foreignExec(w.execRequest(2, like)),
		w.foreignExec(w.execRequest(3, w.order("wd_10", "9"))),
	}
	w.must(w.SetAutomine(t.Context(), false))
	for _, call := range calls {
		var hash common.Hash
		w.must(w.RPC().CallContext(t.Context(), &hash, "eth_sendTransaction", map[string]any{
			"from": w.Faucet(), "to": call.Safe, "gas": "0x100000", "data": "0x" + common.Bytes2Hex(call.Data)}))
	}
	w.finish()
	w.must(w.SetAutomine(t.Context(), true))
	w.signExec(w.execRequest(4, a))
	w.refuses(w.execRequest(5, b), coffer.CodeConflict, "paid what order wd_2 asks for")
}

// A node whose nonces are one too high names the transaction of the nonce before.
func TestANodeThatLiesAboutNoncesSetsNothingFree(t *testing.T) {
	w := newField(t)
	w.start()
	w.fund("10000")
	o := w.order("wd_1", "60")
	w.landExec(w.foreignExec(w.execRequest(0, w.order("wd_9", "7"))))
	w.landExec(w.signExec(w.execRequest(1, o)))
	w.finish()
	liar := w.liar(func(method string, answer []byte) []byte {
		if method != "eth_call" {
			return answer
		}
		for nonce := 2; nonce >= 0; nonce-- {
			answer = bytes.Replace(answer, fmt.Appendf(nil, "%064x", nonce), fmt.Appendf(nil, "%064x", nonce+1), 1)
		}
		return answer
	})
	for name, nodes := range map[string][]string{"the first": {liar, w.URL}, "the last": {w.URL, liar}} {
		t.Run(name, func(t *testing.T) {
			w.t, w.fixture.t = t, t
			w.cfg.Chains[0].RPC = nodes
			w.restart()
			w.refuses(w.execRequest(2, o), coffer.CodeUnavailable, "disagree")
		})
	}
	w.t, w.fixture.t = t, t
	w.cfg.Chains[0].RPC = []string{w.URL, w.liar(func(_ string, answer []byte) []byte { return answer })}
	w.restart()
	if _, err := w.client.Sign(t.Context(), w.execRequest(2, o)); coffer.ErrorCode(err) != coffer.CodeConflict || !strings.Contains(err.Error(), "was paid in slot safe//1") {
		t.Errorf("a paid order: %v", err)
	}
}

// An honest Safe transaction differs from each of these in one thing.
func TestAnHonestSafeTransactionCannotBeBent(t *testing.T) {
	w := newField(t)
	w.start()
	thief := common.HexToAddress("0x00000000000000000000000000000000DeaDBeef")
	token := bindings.NewTestToken()
	orders := func() []coffer.Order { return []coffer.Order{w.order("wd_1", "6000"), w.order("wd_2", "50")} }
	batch := func(calls ...[]byte) []byte {
		return bindings.NewMultiSendCallOnly().PackMultiSend(slices.Concat(calls...))
	}
	inner := func(operation byte, to common.Address, data []byte) []byte {
		b := append([]byte{operation}, to[:]...)
		b = append(b, make([]byte, 32)...)
		b = append(b, common.BigToHash(big.NewInt(int64(len(data)))).Bytes()...)
		return append(b, data...)
	}
	pay := inner(0, w.Token, token.PackTransfer(thief, big.NewInt(5)))
	for name, edit := range map[string]func(*evm.SafeTx){
		"pays the thief": func(tx *evm.SafeTx) {
			tx.To, tx.Data, tx.Operation = w.Token, token.PackTransfer(thief, big.NewInt(5)), 0
		},
		"delegates to a stranger": func(tx *evm.SafeTx) { tx.To = thief },
		"delegates to the token":  func(tx *evm.SafeTx) { tx.To, tx.Data = w.Token, token.PackTransfer(thief, big.NewInt(5)) },
		"calls MultiSend":         func(tx *evm.SafeTx) { tx.Operation = 0 },
		"carries value":           func(tx *evm.SafeTx) { tx.Value = coffer.NewAmount(1) },
		"delegates inside": func(tx *evm.SafeTx) {
			tx.Data = batch(pay, inner(1, w.Token, token.PackTransfer(thief, big.NewInt(5))))
		},
		"enables a module inside": func(tx *evm.SafeTx) {
			tx.Data = batch(pay, inner(0, w.safe.Address, bindings.NewSafe().PackEnableModule(thief)))
		},
		"enables a module by zero": func(tx *evm.SafeTx) {
			tx.Data = batch(pay, inner(0, common.Address{}, bindings.NewSafe().PackEnableModule(thief)))
		},
		"approves": func(tx *evm.SafeTx) {
			tx.To, tx.Data, tx.Operation = w.Token, token.PackApprove(thief, big.NewInt(5)), 0
		},
		"takes another nonce": func(tx *evm.SafeTx) { tx.Nonce++ },
		"is another wallet's": func(tx *evm.SafeTx) { tx.Safe = thief },
		"does nothing":        func(tx *evm.SafeTx) { tx.To, tx.Data, tx.Operation = evm.CancelTarget, nil, 0 },
		"adds an owner": func(tx *evm.SafeTx) {
			tx.To, tx.Data, tx.Operation = w.safe.Address, bindings.NewSafe().PackAddOwnerWithThreshold(thief, big.NewInt(1)), 0
		},
		"replaces the guard": func(tx *evm.SafeTx) {
			tx.To, tx.Data, tx.Operation = w.safe.Address, bindings.NewSafe().PackSetGuard(thief), 0
		},
		"announces a change of the guardian": func(tx *evm.SafeTx) {
			tx.To, tx.Data, tx.Operation = w.Guard, bindings.NewGuard().PackAnnounce([]byte{1}), 0
		},
	} {
		r := w.execRequest(0, orders()...)
		w.buildExec(&r, edit)
		w.refusesQuietly("a transaction that "+name, r)
	}
	for name, edit := range map[string]func(*coffer.SigningRequest){
		"the other path outside":   func(r *coffer.SigningRequest) { r.Unsigned.Path = coffer.PathUserOp },
		"the other path inside":    func(r *coffer.SigningRequest) { r.Intent.Path = coffer.PathUserOp },
		"a slot of the EntryPoint": func(r *coffer.SigningRequest) { r.Intent.Slot = coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: "0x0"} },
		"a lane":                   func(r *coffer.SigningRequest) { r.Intent.Slot.Lane = "0x0" },
		"a refund": func(r *coffer.SigningRequest) {
			r.Unsigned.Bytes = append(r.Unsigned.Bytes[:len(r.Unsigned.Bytes)-1:len(r.Unsigned.Bytes)-1], `,"gasPrice":"0x1"}`...)
		},
		"a refund token": func(r *coffer.SigningRequest) {
			r.Unsigned.Bytes = append(r.Unsigned.Bytes[:len(r.Unsigned.Bytes)-1:len(r.Unsigned.Bytes)-1], `,"gasToken":"0x0000000000000000000000000000000000000001"}`...)
		},
		"a chain of others": func(r *coffer.SigningRequest) { r.Unsigned.Chain = "eip155:1" },
		"payments called a cancel": func(r *coffer.SigningRequest) {
			r.Intent.Purpose, r.Intent.Orders, r.Intent.Payments, r.Orders, r.Approvals = coffer.PurposeCancel, nil, nil, nil, nil
		},
		"a cancel with orders": func(r *coffer.SigningRequest) { r.Intent.Purpose = coffer.PurposeCancel },
		"a sweep of nothing": func(r *coffer.SigningRequest) {
			r.Intent.Purpose, r.Intent.Orders, r.Intent.Payments, r.Orders, r.Approvals = coffer.PurposeSweep, nil, nil, nil, nil
			r.Unsigned = w.cancelRequest(*r).Unsigned
		},
		"no orders for nothing": func(r *coffer.SigningRequest) {
			r.Intent.Orders, r.Intent.Payments, r.Orders, r.Approvals = nil, nil, nil, nil
			r.Unsigned = w.cancelRequest(*r).Unsigned
		},
	} {
		r := w.execRequest(0, orders()...)
		edit(&r)
		w.refusesQuietly(name, r)
	}

	late := w.execRequest(0, orders()...)
	late.Intent.Expires = w.clock.Now().Add(2 * time.Hour)
	w.buildExec(&late, nil)
	w.refuses(late, coffer.CodePolicy, "more than 1h0m0s from now")
	old := w.execRequest(0, orders()...)
	old.Intent.Expires = w.clock.Now()
	w.buildExec(&old, nil)
	w.refuses(old, coffer.CodePolicy, "expired")
	unapproved := w.execRequest(0, orders()...)
	unapproved.Approvals = nil
	w.refuses(unapproved, coffer.CodePolicy, "wd_1")
	w.signExec(w.execRequest(0, orders()...))
}

// A cancellation is no way to spend: it costs no more than its slot was given, and the
// orders of a slot that was only cancelled are nobody's.
func TestACancellationTakesAFreshSlotToo(t *testing.T) {
	w := newField(t)
	w.start()
	w.finish()
	dear := w.cancelRequest(w.execRequest(0, w.order("wd_1", "50")))
	dear.Intent.FeeBound = wei("0.06") // the policy allows 0.05
	w.buildExec(&dear, nil)
	w.refuses(dear, coffer.CodePolicy, "gas")
	w.signExec(w.cancelRequest(w.execRequest(0, w.order("wd_1", "50"))))
	w.refuses(w.execRequest(0, w.order("wd_1", "50")), coffer.CodeConflict, "bound to slot safe//0")
	w.signExec(w.execRequest(1, w.order("wd_1", "50")))
}

// The executor sends what the owners of a pinned wallet signed, and is refunded by nobody.
func TestExecutorSendsSafeTransactions(t *testing.T) {
	f := newFixture(t, "one").start()
	x, err := f.client.Executor(t.Context(), testChain)
	f.must(err)
	chainID, wallet := big.NewInt(31337), common.HexToAddress(string(testWallet))
	other := common.HexToAddress("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
	pack := func(safeTxGas, baseGas, gasPrice int64, gasToken, refundReceiver common.Address) []byte {
		return bindings.NewSafe().PackExecTransaction(other, big.NewInt(7), []byte{1, 2, 3}, 1,
			big.NewInt(safeTxGas), big.NewInt(baseGas), big.NewInt(gasPrice), gasToken, refundReceiver, make([]byte, 130))
	}
	good := pack(0, 0, 0, common.Address{}, common.Address{})
	tx := func(edit func(*types.DynamicFeeTx)) *types.Transaction {
		b := &types.DynamicFeeTx{ChainID: chainID, Gas: 1_000_000, GasFeeCap: big.NewInt(50_000_000_000), GasTipCap: big.NewInt(1),
			To: &wallet, Value: new(big.Int), Data: slices.Clone(good)}
		if edit != nil {
			edit(b)
		}
		return types.NewTx(b)
	}
	before := f.info()
	for name, edit := range map[string]func(*types.DynamicFeeTx){
		"another wallet": func(b *types.DynamicFeeTx) { b.To = &other },
		"value":          func(b *types.DynamicFeeTx) { b.Value = big.NewInt(1) },
		"another method": func(b *types.DynamicFeeTx) { b.Data[0] ^= 1 },
		"a module's method": func(b *types.DynamicFeeTx) {
			b.Data = bindings.NewSafe().PackExecTransactionFromModule(other, new(big.Int), nil, 0)
		},
		"no data":               func(b *types.DynamicFeeTx) { b.Data = nil },
		"cut short":             func(b *types.DynamicFeeTx) { b.Data = b.Data[:len(b.Data)-32] },
		"a tail":                func(b *types.DynamicFeeTx) { b.Data = append(b.Data, make([]byte, 32)...) },
		"gas inside":            func(b *types.DynamicFeeTx) { b.Data = pack(1, 0, 0, common.Address{}, common.Address{}) },
		"base gas":              func(b *types.DynamicFeeTx) { b.Data = pack(0, 1, 0, common.Address{}, common.Address{}) },
		"a refund":              func(b *types.DynamicFeeTx) { b.Data = pack(0, 0, 1, common.Address{}, common.Address{}) },
		"a refund token":        func(b *types.DynamicFeeTx) { b.Data = pack(0, 0, 0, other, common.Address{}) },
		"a refund to somebody":  func(b *types.DynamicFeeTx) { b.Data = pack(0, 0, 0, common.Address{}, other) },
		"a fee above the cap":   func(b *types.DynamicFeeTx) { b.GasFeeCap = big.NewInt(100_000_000_001) },
		"gas above every block": func(b *types.DynamicFeeTx) { b.Gas, b.GasFeeCap = 16_777_217, big.NewInt(1) },
		"another chain":         func(b *types.DynamicFeeTx) { b.ChainID = big.NewInt(1) },
	} {
		if _, err := x.SignTx(t.Context(), tx(edit), chainID); coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f.info().Head != before.Head {
		t.Error("a refusal moved the log")
	}
	if _, err := x.SignTx(t.Context(), tx(nil), chainID); err != nil {
		t.Error(err)
	}
}

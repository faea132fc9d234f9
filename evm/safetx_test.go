package evm_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

// execIntent pays by a Safe transaction.
func execIntent(payments ...coffer.Payment) coffer.Intent {
	i := intentOf(payments...)
	i.Path, i.Slot = coffer.PathExec, coffer.Slot{Kind: coffer.SlotSafe, Sequence: 3}
	return i
}

func cancelIntent(i coffer.Intent) coffer.Intent {
	i.Purpose, i.Orders, i.Payments = coffer.PurposeCancel, nil, nil
	return i
}

func buildSafeTx(t interface{ Fatal(...any) }, safe evm.Safe, i coffer.Intent) (evm.SafeTx, coffer.Unsigned) {
	tx, err := evm.BuildSafeTx(i, safe, 500_000)
	if err != nil {
		t.Fatal(err)
	}
	return tx, unsignSafeTx(t, safe, tx)
}

func unsignSafeTx(t interface{ Fatal(...any) }, safe evm.Safe, tx evm.SafeTx) coffer.Unsigned {
	u, err := evm.NewUnsignedSafeTx(safe, tx, 0)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Law: what is built says, read back by somebody else, exactly what was asked for.
func TestExplainReadsBackWhatBuildSafeTxMade(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		drawAddress := func(label string) common.Address {
			b := rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, label)
			b[0] |= 1 // neither zero nor any address above
			b[19] = 0x5a
			return common.BytesToAddress(b)
		}
		var payments []coffer.Payment
		for range rapid.IntRange(1, 12).Draw(t, "payments") {
			n, err := coffer.AmountFromBytes(append(rapid.SliceOfN(rapid.Byte(), 0, 31).Draw(t, "amount"), 1))
			if err != nil {
				t.Fatal(err)
			}
			p := coffer.Payment{Asset: native, To: evm.AddressOf(drawAddress("to")), Amount: n}
			if rapid.Bool().Draw(t, "is a token") {
				contract := drawAddress("token")
				contract[19] = 0x70
				p.Asset = evm.TokenAsset(safe.Chain, contract)
			}
			payments = append(payments, p)
		}
		i := execIntent(payments...)
		i.Slot.Sequence = rapid.Uint64().Draw(t, "nonce")
		if rapid.Bool().Draw(t, "cancel") {
			i = cancelIntent(i)
		}
		tx, u := buildSafeTx(t, safe, i)
		effects, err := explainer().Explain(u)
		if err != nil {
			t.Fatal(err)
		}
		want := coffer.Effects{
			Chain: i.Chain, Wallet: i.Wallet, Path: i.Path, Slot: i.Slot, Payments: i.Payments,
			Digests: []coffer.Hash{tx.Hash(31337)},
		}
		if !reflect.DeepEqual(effects, want) {
			t.Fatalf("\n got %+v\nwant %+v", effects, want)
		}
	})
}

// The contract is the authority on what owners sign.
func TestSafeTxHashIsTheContracts(t *testing.T) {
	c := newChain(t)
	wallet := c.readSafe(t)
	binding := bindings.NewSafe()
	instance := binding.Instance(c.client.Eth(), c.wallet)
	for name, i := range map[string]coffer.Intent{
		"one token": execIntent(tokenPayment(alice, 5)),
		"coins":     execIntent(nativePayment(alice, 5)),
		"a batch":   execIntent(tokenPayment(alice, 5), nativePayment(otherWallet, 7), tokenPayment(otherWallet, 1<<62)),
		"a cancel":  cancelIntent(execIntent()),
	} {
		for _, nonce := range []uint64{0, 3, 1<<64 - 1} {
			i.Wallet, i.Slot.Sequence = wallet.Name(), nonce
			tx, _ := buildSafeTx(t, wallet, i)
			zero := new(big.Int)
			want, err := bind.Call(instance, &bind.CallOpts{Context: t.Context()},
				binding.PackGetTransactionHash(tx.To, tx.Value.Int().ToBig(), tx.Data, tx.Operation, zero, zero, zero,
					common.Address{}, common.Address{}, new(big.Int).SetUint64(nonce)),
				binding.UnpackGetTransactionHash)
			if err != nil {
				t.Fatal(err)
			}
			if got := tx.Hash(31337); got != coffer.Hash(want) {
				t.Errorf("%s with nonce %d: %s, the contract says %s", name, nonce, got, coffer.Hash(want))
			}
		}
	}
}

func TestExplainRefusesOtherSafeTransactions(t *testing.T) {
	good, _ := buildSafeTx(t, safe, execIntent(tokenPayment(alice, 5)))
	pay := packed(0, token, 0, transferData(alice, 5))
	wallet, testToken := bindings.NewSafe(), bindings.NewTestToken()
	multi := func(calls ...[]byte) []byte {
		return bindings.NewMultiSendCallOnly().PackMultiSend(slices.Concat(calls...))
	}
	for name, change := range map[string]func(*evm.SafeTx){
		"a stranger's Safe":          func(tx *evm.SafeTx) { tx.Safe = alice },
		"another wallet's":           func(tx *evm.SafeTx) { tx.Safe = otherWallet },
		"operation 2":                func(tx *evm.SafeTx) { tx.Operation = 2 },
		"delegatecall to a token":    func(tx *evm.SafeTx) { tx.Operation = 1 },
		"delegatecall to a stranger": func(tx *evm.SafeTx) { tx.To, tx.Data, tx.Operation = alice, nil, 1 },
		"delegatecall of nothing":    func(tx *evm.SafeTx) { tx.To, tx.Data, tx.Operation = evm.CancelTarget, nil, 1 },
		"a batch through a stranger": func(tx *evm.SafeTx) { tx.To, tx.Data, tx.Operation = alice, multi(pay, pay), 1 },
		"a batch with value": func(tx *evm.SafeTx) {
			tx.To, tx.Data, tx.Operation, tx.Value = safe.MultiSend, multi(pay, pay), 1, amount(1)
		},
		"a batch by call": func(tx *evm.SafeTx) { tx.To, tx.Data, tx.Operation = safe.MultiSend, multi(pay, pay), 0 },
		"an inner delegatecall": func(tx *evm.SafeTx) {
			tx.To, tx.Data, tx.Operation = safe.MultiSend, multi(pay, packed(1, token, 0, transferData(alice, 5))), 1
		},
		"an inner call to itself": func(tx *evm.SafeTx) {
			tx.To, tx.Data, tx.Operation = safe.MultiSend, multi(pay, packed(0, safe.Address, 0, wallet.PackEnableModule(alice))), 1
		},
		"an inner call to zero": func(tx *evm.SafeTx) {
			tx.To, tx.Data, tx.Operation = safe.MultiSend, multi(pay, packed(0, common.Address{}, 0, wallet.PackEnableModule(alice))), 1
		},
		"an inner cancellation": func(tx *evm.SafeTx) {
			tx.To, tx.Data, tx.Operation = safe.MultiSend, multi(pay, packed(0, evm.CancelTarget, 0, nil)), 1
		},
		"a call to itself": func(tx *evm.SafeTx) {
			tx.To, tx.Data = safe.Address, wallet.PackAddOwnerWithThreshold(alice, big.NewInt(1))
		},
		"nothing to itself":            func(tx *evm.SafeTx) { tx.To, tx.Data = safe.Address, nil },
		"nothing to somebody":          func(tx *evm.SafeTx) { tx.To, tx.Data = alice, nil },
		"a cancellation with data":     func(tx *evm.SafeTx) { tx.To, tx.Data = evm.CancelTarget, []byte{1} },
		"an approval":                  func(tx *evm.SafeTx) { tx.Data = testToken.PackApprove(alice, big.NewInt(5)) },
		"a call of the module":         func(tx *evm.SafeTx) { tx.To = safe.Module },
		"a call of another wallet":     func(tx *evm.SafeTx) { tx.To = otherWallet },
		"a token transfer with a tail": func(tx *evm.SafeTx) { tx.Data = append(bytes.Clone(tx.Data), 0) },
	} {
		tx := good
		change(&tx)
		if effects, err := explainer().Explain(unsignSafeTx(t, safe, tx)); !errors.Is(err, evm.ErrRefused) {
			t.Errorf("%s: %+v, %v; want it refused", name, effects, err)
		}
	}
}

// Bytes that mean the same in another spelling, or that say more, are refused.
func TestExplainRefusesOtherSpellingsOfSafeTransactions(t *testing.T) {
	_, good := buildSafeTx(t, safe, execIntent(tokenPayment(alice, 5)))
	if _, err := explainer().Explain(good); err != nil {
		t.Fatal(err)
	}
	replaced := func(old, with string) func(*coffer.Unsigned) {
		return func(u *coffer.Unsigned) {
			u.Bytes = []byte(strings.Replace(string(u.Bytes), old, with, 1))
		}
	}
	for name, change := range map[string]func(*coffer.Unsigned){
		"a refund":              replaced(`"operation":0`, `"operation":0,"gasPrice":"0x0"`),
		"a refund in a token":   replaced(`"operation":0`, `"operation":0,"gasToken":"0x0000000000000000000000000000000000000000"`),
		"gas inside":            replaced(`"operation":0`, `"operation":0,"safeTxGas":"0x1"`),
		"a space":               replaced(`{"safe"`, `{ "safe"`),
		"a field twice":         replaced(`"operation":0`, `"operation":1,"operation":0`),
		"a field in upper case": replaced(`"nonce"`, `"NONCE"`),
		"no nonce":              replaced(`"nonce":"0x3",`, ``),
		"a null":                replaced(`"nonce":"0x3"`, `"nonce":null`),
		"a zero in front":       replaced(`"nonce":"0x3"`, `"nonce":"0x03"`),
		"signatures":            replaced(`}`, `,"signatures":"0x"}`),
		"something behind":      func(u *coffer.Unsigned) { u.Bytes = append(u.Bytes, '{') },
		"the other path":        func(u *coffer.Unsigned) { u.Path = coffer.PathUserOp },
		"the other format":      func(u *coffer.Unsigned) { u.Format = evm.FormatUserOp },
		"another chain":         func(u *coffer.Unsigned) { u.Chain = "eip155:1" },
		"another wallet":        func(u *coffer.Unsigned) { u.Wallet = evm.AddressOf(otherWallet) },
		"the zero wallet":       func(u *coffer.Unsigned) { u.Wallet = "" },
	} {
		u := good
		u.Bytes = bytes.Clone(good.Bytes)
		change(&u)
		if bytes.Equal(u.Bytes, good.Bytes) && u.Path == good.Path && u.Format == good.Format && u.Chain == good.Chain && u.Wallet == good.Wallet {
			t.Errorf("%s changes nothing", name)
		}
		if effects, err := explainer().Explain(u); err == nil {
			t.Errorf("%s: %+v", name, effects)
		}
	}
}

func TestBuildSafeTxRefusesOtherIntents(t *testing.T) {
	for name, change := range map[string]func(*coffer.Intent){
		"the other path":           func(i *coffer.Intent) { i.Path = coffer.PathUserOp },
		"another wallet":           func(i *coffer.Intent) { i.Wallet = evm.AddressOf(otherWallet) },
		"another chain":            func(i *coffer.Intent) { i.Chain = "eip155:1" },
		"an EntryPoint slot":       func(i *coffer.Intent) { i.Slot = coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: "0x0"} },
		"a lane":                   func(i *coffer.Intent) { i.Slot.Lane = "0x0" },
		"nothing to pay":           func(i *coffer.Intent) { i.Payments = nil },
		"a cancellation that pays": func(i *coffer.Intent) { i.Purpose = coffer.PurposeCancel },
		"a call to the wallet":     func(i *coffer.Intent) { i.Payments = []coffer.Payment{nativePayment(safe.Address, 5)} },
	} {
		i := execIntent(tokenPayment(alice, 5))
		change(&i)
		if tx, err := evm.BuildSafeTx(i, safe, 1); err == nil {
			t.Errorf("%s: %+v", name, tx)
		}
	}
}

// exec sends signed Safe transactions from the faucet, one after the other.
func (c *chain) exec(t *testing.T, signed coffer.Signed) *types.Receipt {
	t.Helper()
	call, err := evm.DecodeExec(signed, 31337)
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := c.Send(t.Context(), devnet.Call{To: &call.Safe, Data: call.Data})
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

func (c *chain) execIntent(t *testing.T, payments ...coffer.Payment) coffer.Intent {
	t.Helper()
	nonce, err := c.client.SafeNonce(t.Context(), c.wallet)
	if err != nil {
		t.Fatal(err)
	}
	i := execIntent(payments...)
	i.Wallet, i.Slot.Sequence = evm.AddressOf(c.wallet), nonce
	return i
}

func execOutcomesOf(block coffer.Block) []coffer.Outcome {
	return slices.DeleteFunc(slices.Clone(block.Outcomes), func(o coffer.Outcome) bool { return o.Slot.Kind != coffer.SlotSafe })
}

func TestSafeTransactionsPayAndTheirOutcomesAreRead(t *testing.T) {
	c := newChain(t)
	c.config.Wallets = []common.Address{c.wallet}
	_, c.source = c.dial(t, c.URL)
	wallet := c.readSafe(t)
	if _, err := c.Issue(t.Context(), c.Contracts, c.wallet, units(1000)); err != nil {
		t.Fatal(err)
	}
	to := common.Address{0x77}
	_, u := buildSafeTx(t, wallet, c.execIntent(t, c.pays(to, 5), c.pays(to, 5), c.pays(alice, 7)))
	for _, keys := range [][]int{{0}, {1, 1}} {
		signatures := sign(t, u, wallet, c.owners[keys[0]], c.owners[keys[len(keys)-1]])
		if signed, err := evm.Finalize(u, wallet, signatures[:len(keys)]); !errors.Is(err, evm.ErrThreshold) {
			t.Errorf("signed by %v: %+v, %v", keys, signed, err)
		}
	}
	signed, err := evm.Finalize(u, wallet, sign(t, u, wallet, c.owners[2], c.owners[0], c.owners[1]))
	if err != nil {
		t.Fatal(err)
	}
	receipt := c.exec(t, signed)
	block := c.block(t, receipt.BlockHash)
	outcomes := execOutcomesOf(block)
	want := coffer.Outcome{
		ID: signed.ID, Tx: coffer.Hash(receipt.TxHash), Sender: wallet.Name(), Slot: coffer.Slot{Kind: coffer.SlotSafe},
		Success: true, EndLog: uint32(len(receipt.Logs)),
	}
	if len(outcomes) != 1 || outcomes[0] != want {
		t.Errorf("outcomes\n got %+v\nwant %+v", outcomes, want)
	}
	if len(block.Transfers) != 3 {
		t.Errorf("transfers %+v", block.Transfers)
	}
	balance, err := c.TokenBalance(t.Context(), c.Contracts, to)
	if err != nil || balance.Int64() != 10 {
		t.Errorf("paid %s, %v", balance, err)
	}

	// A cancellation takes the slot of a payment.
	i := c.execIntent(t, c.pays(to, 5))
	_, payment := buildSafeTx(t, wallet, i)
	late, err := evm.Finalize(payment, wallet, sign(t, payment, wallet, c.owners[:2]...))
	if err != nil {
		t.Fatal(err)
	}
	_, u = buildSafeTx(t, wallet, cancelIntent(i))
	cancel, err := evm.Finalize(u, wallet, sign(t, u, wallet, c.owners[1:]...))
	if err != nil {
		t.Fatal(err)
	}
	if outcomes := execOutcomesOf(c.block(t, c.exec(t, cancel).BlockHash)); len(outcomes) != 1 || outcomes[0].ID != cancel.ID || !outcomes[0].Success {
		t.Errorf("the cancellation ended as %+v", outcomes)
	}
	call, err := evm.DecodeExec(late, 31337)
	if err != nil {
		t.Fatal(err)
	}
	if receipt, err := c.Send(t.Context(), devnet.Call{To: &call.Safe, Data: call.Data}); err == nil {
		t.Errorf("both landed in one slot: %+v", receipt)
	}

	// What is not followed is nobody's.
	c.config.Wallets = []common.Address{alice}
	_, other := c.dial(t, c.URL)
	again, err := other.Block(t.Context(), coffer.Hash(receipt.BlockHash))
	if err != nil || len(execOutcomesOf(again)) != 0 {
		t.Errorf("a stranger's Safe: %+v, %v", again.Outcomes, err)
	}
}

// A Safe transaction of somebody else's making can fail and still use its nonce up, where no
// guard refuses it. Ours cannot: they fail as a whole.
func TestExecutionFailureIsAnOutcome(t *testing.T) {
	c := newChain(t)
	unguarded, owners := c.Contracts, c.readSafe(t).Owners
	unguarded.Guard = common.Address{}
	var err error
	if c.wallet, err = c.CreateSafe(t.Context(), unguarded, owners, 2, 1); err != nil {
		t.Fatal(err)
	}
	c.config.Wallets = []common.Address{c.wallet}
	_, c.source = c.dial(t, c.URL)
	wallet := c.readSafe(t)
	binding := bindings.NewSafe()
	tooMuch := transferData(alice, 5) // of nothing
	hash, err := bind.Call(binding.Instance(c.client.Eth(), c.wallet), &bind.CallOpts{Context: t.Context()},
		binding.PackGetTransactionHash(c.Token, new(big.Int), tooMuch, 0, big.NewInt(100_000), new(big.Int), new(big.Int),
			common.Address{}, common.Address{}, new(big.Int)), binding.UnpackGetTransactionHash)
	if err != nil {
		t.Fatal(err)
	}
	keys := slices.Clone(c.owners[:2])
	if crypto.PubkeyToAddress(keys[0].PublicKey).Cmp(crypto.PubkeyToAddress(keys[1].PublicKey)) > 0 {
		slices.Reverse(keys)
	}
	var signatures []byte
	for _, key := range keys {
		b, err := crypto.Sign(hash[:], key)
		if err != nil {
			t.Fatal(err)
		}
		b[64] += 27
		signatures = append(signatures, b...)
	}
	data := binding.PackExecTransaction(c.Token, new(big.Int), tooMuch, 0, big.NewInt(100_000), new(big.Int), new(big.Int),
		common.Address{}, common.Address{}, signatures)
	outcomes := execOutcomesOf(c.send(t, map[string]any{"to": c.wallet, "data": hexutil.Bytes(data)}))
	if len(outcomes) != 1 || outcomes[0].ID != coffer.Hash(hash) || outcomes[0].Success || outcomes[0].Reason == "" {
		t.Errorf("outcomes %+v", outcomes)
	}

	_, u := buildSafeTx(t, wallet, c.execIntent(t, c.pays(alice, 5)))
	signed, err := evm.Finalize(u, wallet, sign(t, u, wallet, c.owners[:2]...))
	if err != nil {
		t.Fatal(err)
	}
	call, err := evm.DecodeExec(signed, 31337)
	if err != nil {
		t.Fatal(err)
	}
	block := c.send(t, map[string]any{"to": call.Safe, "data": hexutil.Bytes(call.Data)})
	if outcomes := execOutcomesOf(block); len(outcomes) != 0 || block.Outcomes[0].Success {
		t.Errorf("ours that failed: %+v", block.Outcomes)
	}
	if nonce, err := c.client.SafeNonce(t.Context(), c.wallet); err != nil || nonce != 1 {
		t.Errorf("nonce %d, %v", nonce, err)
	}
}

// What signed bytes say must be what their id says.
func TestDecodeExecWantsTheHash(t *testing.T) {
	tx, _ := buildSafeTx(t, safe, execIntent(tokenPayment(alice, 5)))
	good := coffer.Signed{ID: tx.Hash(31337), Bytes: []byte(strings.Replace(string(unsignSafeTx(t, safe, tx).Bytes), "}", `,"signatures":"0x0102"}`, 1))}
	call, err := evm.DecodeExec(good, 31337)
	if err != nil || call.Nonce != 3 || call.GasLimit != 500_000 || call.FeeBound != amount(1e18) || !evm.IsExec(good) {
		t.Fatalf("%+v, %v", call, err)
	}
	if _, err := evm.DecodeExec(good, 1); err == nil {
		t.Error("another chain's was read")
	}
	other := good
	other.Bytes = []byte(strings.Replace(string(good.Bytes), `"nonce":"0x3"`, `"nonce":"0x4"`, 1))
	if _, err := evm.DecodeExec(other, 31337); err == nil {
		t.Error("another nonce's was read")
	}
	op, _ := build(t, intentOf(tokenPayment(alice, 5)))
	encoded, err := json.Marshal(op)
	if err != nil || evm.IsExec(coffer.Signed{Bytes: encoded}) {
		t.Errorf("a user operation is taken for a Safe transaction, %v", err)
	}
}

// Whatever is explained is written exactly as BuildSafeTx would write it.
func FuzzExplainSafeTx(f *testing.F) {
	_, single := buildSafeTx(f, safe, execIntent(tokenPayment(alice, 5)))
	_, several := buildSafeTx(f, safe, execIntent(tokenPayment(alice, 5), nativePayment(otherWallet, 7)))
	_, nothing := buildSafeTx(f, safe, cancelIntent(execIntent()))
	f.Add(single.Bytes)
	f.Add(several.Bytes)
	f.Add(nothing.Bytes)
	f.Fuzz(func(t *testing.T, b []byte) {
		u := single
		u.Bytes = b
		effects, err := explainer().Explain(u)
		if err != nil {
			return
		}
		tx, err := evm.DecodeUnsignedSafeTx(u)
		if err != nil {
			t.Fatal(err)
		}
		i := execIntent(effects.Payments...)
		if len(effects.Payments) == 0 {
			i = cancelIntent(i)
		}
		i.Slot, i.FeeBound = effects.Slot, tx.FeeBound
		again, err := evm.BuildSafeTx(i, safe, tx.GasLimit)
		if err != nil {
			t.Fatalf("%s\ncannot be built: %v", b, err)
		}
		if rebuilt := unsignSafeTx(t, safe, again); !bytes.Equal(rebuilt.Bytes, b) {
			t.Fatalf("\n%s\nis built as\n%s", b, rebuilt.Bytes)
		}
	})
}

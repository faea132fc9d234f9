package signer

import (
	"bytes"
	"math/big"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// newQuorum starts three signers with real explainers, and the 2-of-3 Safe they own.
func newQuorum(t *testing.T) ([]*fixture, evm.Safe) {
	t.Helper()
	var signers []*fixture
	safe := evm.Safe{Chain: testChain, Native: testNative, Address: common.HexToAddress(string(testWallet)), Threshold: 2,
		EntryPoint: common.HexToAddress(entryPoint)}
	for _, token := range []string{"one", "two", "three"} {
		f := newFixture(t, token)
		f.explain = explainerOf
		f.start()
		safe.Owners = append(safe.Owners, common.HexToAddress(f.info().Keys[0].Key))
		safe.Module, safe.MultiSend = common.HexToAddress(f.cfg.Chains[0].Module), common.HexToAddress(f.cfg.Chains[0].MultiSend)
		signers = append(signers, f)
	}
	return signers, safe
}

// asks returns whether a signer signed.
func asks(t *testing.T, f *fixture, r coffer.SigningRequest) bool {
	t.Helper()
	sigs, err := f.client.Sign(t.Context(), r)
	if err != nil && coffer.ErrorCode(err) == coffer.CodeUnavailable {
		t.Fatal(err)
	}
	return err == nil && len(sigs) == 1
}

// Whoever owns the coordinator may ask every signer for every slot, in any order, with
// restarts between: no order ever has two signatures in two slots.
func TestNoOrderGetsTwoSignaturesInTwoSlots(t *testing.T) {
	signers, safe := newQuorum(t)
	f := signers[0]
	o := f.order("wd_1", "6000")
	paid := 0
	for sequence := range uint64(3) {
		r := f.evmRequest(safe, sequence, nil, o)
		signatures := 0
		for i := range signers {
			s := signers[(i+int(sequence))%len(signers)]
			if asks(t, s, r) {
				signatures++
			}
			s.restart()
			if signatures == safe.Threshold {
				break // the others are asked for another slot
			}
		}
		if signatures >= safe.Threshold {
			paid++
		}
	}
	if paid != 1 {
		t.Errorf("the order can be paid in %d slots, want 1", paid)
	}
}

// The caps of signers are shares: whichever two are asked, the wallet pays no more than
// the policy's 30000 USDT a day.
func TestRotatingSignersDoesNotRaiseTheCap(t *testing.T) {
	signers, safe := newQuorum(t)
	f := signers[0]
	var paid coffer.Amount
	for sequence := range uint64(12) {
		r := f.evmRequest(safe, sequence, nil, f.order(strings.Repeat("w", int(sequence)+1), "5000"))
		a, b := signers[sequence%3], signers[(sequence+1)%3]
		if !asks(t, a, r) || !asks(t, b, r) {
			continue
		}
		var err error
		if paid, err = paid.Add(r.Orders[0].Amount); err != nil {
			t.Fatal(err)
		}
	}
	if paid.Cmp(usdt("30000")) > 0 || paid.IsZero() {
		t.Errorf("paid %s of 30000 USDT", paid.Units(6))
	}
}

// An operation that does what was ordered can still take money as fees, or do more than
// it says. The operations here differ from an honest one in one field.
func TestAnHonestOperationCannotBeBent(t *testing.T) {
	f := newFixture(t, "one")
	f.explain = explainerOf
	f.start()
	safe := evm.Safe{Chain: testChain, Native: testNative, Address: common.HexToAddress(string(testWallet)), Threshold: 2,
		EntryPoint: common.HexToAddress(entryPoint), Module: common.HexToAddress(f.cfg.Chains[0].Module), MultiSend: common.HexToAddress(f.cfg.Chains[0].MultiSend)}
	thief := common.HexToAddress("0x000000000000000000000000000000000000dEaD")
	orders := func() []coffer.Order { return []coffer.Order{f.order("wd_1", "6000"), f.order("wd_2", "50")} }
	token := common.HexToAddress(testUSDT.Reference())

	for name, edit := range map[string]func(*evm.UserOperation){
		"burns preVerificationGas":      func(op *evm.UserOperation) { op.PreVerificationGas = 1 << 40 },
		"burns verification gas":        func(op *evm.UserOperation) { op.VerificationGasLimit = 1 << 63 },
		"burns call gas":                func(op *evm.UserOperation) { op.CallGasLimit = 1<<64 - 1 },
		"sums its gas limits over 2^64": func(op *evm.UserOperation) { op.CallGasLimit, op.PreVerificationGas = 1<<63, 1<<63 },
		"offers the highest fee": func(op *evm.UserOperation) {
			op.MaxFeePerGas = *new(uint256.Int).Sub(new(uint256.Int).Lsh(uint256.NewInt(1), 128), uint256.NewInt(1))
		},
		"offers a fee above 2^128": func(op *evm.UserOperation) { op.MaxFeePerGas = *new(uint256.Int).Lsh(uint256.NewInt(1), 128) },
		"tips more than it offers": func(op *evm.UserOperation) { op.MaxPriorityFeePerGas.SetUint64(10_000_000_001) },
		"takes another lane": func(op *evm.UserOperation) {
			op.Nonce = *new(uint256.Int).Or(&op.Nonce, new(uint256.Int).Lsh(uint256.NewInt(1), 64))
		},
		"takes a lane in the top bits": func(op *evm.UserOperation) {
			op.Nonce = *new(uint256.Int).Or(&op.Nonce, new(uint256.Int).Lsh(uint256.NewInt(1), 255))
		},
		"has a paymaster":                     func(op *evm.UserOperation) { op.Paymaster = &thief },
		"has a factory":                       func(op *evm.UserOperation) { op.Factory = &thief },
		"calls the other entry of the module": func(op *evm.UserOperation) { copy(op.CallData, []byte{0x7b, 0xb3, 0x74, 0x28}) },
		"has bytes behind its call":           func(op *evm.UserOperation) { op.CallData = append(op.CallData, make([]byte, 32)...) },
		"carries value":                       func(op *evm.UserOperation) { op.CallData[4+63] = 1 },
		"is a plain call of the batch":        func(op *evm.UserOperation) { op.CallData[4+4*32-1] = 0 },
		"has an unknown operation":            func(op *evm.UserOperation) { op.CallData[4+4*32-1] = 2 },
		"pays from another token":             func(op *evm.UserOperation) { op.CallData = bytes.Replace(op.CallData, token[:], thief[:], 1) },
		"pays by transferFrom": func(op *evm.UserOperation) {
			op.CallData = bytes.Replace(op.CallData, []byte{0xa9, 0x05, 0x9c, 0xbb}, []byte{0x23, 0xb8, 0x72, 0xdd}, 1)
		},
		"pays one order twice": func(op *evm.UserOperation) {
			fifty, sixThousand := common.BigToHash(big.NewInt(50e6)), common.BigToHash(big.NewInt(6000e6))
			op.CallData = bytes.Replace(op.CallData, fifty[:], sixThousand[:], 1)
		},
	} {
		r := f.evmRequest(safe, 0, nil, orders()...)
		bent := f.evmRequestUnchecked(safe, edit, r)
		if bytes.Equal(bent.Unsigned.Bytes, r.Unsigned.Bytes) {
			t.Errorf("%s: the edit changed nothing", name)
		}
		sigs, err := f.client.Sign(t.Context(), bent)
		if err == nil {
			t.Errorf("an operation that %s was signed: %v", name, sigs)
		} else if coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("an operation that %s: %v", name, err)
		}
	}

	for name, edit := range map[string]func(r *coffer.SigningRequest){
		"a destination in lower case": func(r *coffer.SigningRequest) {
			r.Orders[0].Destination = coffer.Address(strings.ToLower(string(r.Orders[0].Destination)))
			r.Intent.Orders[0], r.Intent.Payments[0] = r.Orders[0].Hash(), r.Orders[0].Payment()
			r.Approvals = append(r.Approvals, f.approve(r.Orders[0], 1, r.Intent.Expires), f.approve(r.Orders[0], 2, r.Intent.Expires))
		},
		"a token in lower case": func(r *coffer.SigningRequest) {
			r.Orders[0].Asset = coffer.AssetID(strings.ToLower(string(r.Orders[0].Asset)))
			r.Intent.Orders[0], r.Intent.Payments[0] = r.Orders[0].Hash(), r.Orders[0].Payment()
		},
		"a memo that nobody can pay": func(r *coffer.SigningRequest) {
			r.Orders[0].Memo = "7"
			r.Intent.Orders[0], r.Intent.Payments[0] = r.Orders[0].Hash(), r.Orders[0].Payment()
		},
		"a wallet in lower case": func(r *coffer.SigningRequest) {
			r.Intent.Wallet = coffer.Address(strings.ToLower(string(r.Intent.Wallet)))
			r.Unsigned.Wallet = r.Intent.Wallet
		},
		"a slot with another spelling of its lane": func(r *coffer.SigningRequest) { r.Intent.Slot.Lane = "0x00" },
		"another chain on the outside": func(r *coffer.SigningRequest) {
			r.Unsigned.Chain = "eip155:1"
		},
		"an id that shows as another": func(r *coffer.SigningRequest) {
			r.Orders[0].ID = "wd_1\u202e"
			r.Intent.Orders[0] = r.Orders[0].Hash()
			r.Approvals = append(r.Approvals, f.approve(r.Orders[0], 1, r.Intent.Expires), f.approve(r.Orders[0], 2, r.Intent.Expires))
		},
		"an account with a line end": func(r *coffer.SigningRequest) {
			r.Orders[1].Account = "acc\n"
			r.Intent.Orders[1] = r.Orders[1].Hash()
		},
		"space before the operation": func(r *coffer.SigningRequest) { r.Unsigned.Bytes = append([]byte(" "), r.Unsigned.Bytes...) },
		"a field given twice": func(r *coffer.SigningRequest) {
			r.Unsigned.Bytes = bytes.Replace(r.Unsigned.Bytes, []byte(`{"op":`), []byte(`{"validUntil":1,"op":`), 1)
		},
	} {
		r := f.evmRequest(safe, 0, nil, orders()...)
		edit(&r)
		f.t = t
		f.refusesQuietly(name, r)
	}
	if !asks(t, f, f.evmRequest(safe, 0, nil, orders()...)) {
		t.Error("the honest operation was not signed after the attacks")
	}
}

// evmRequestUnchecked is a request whose operation was edited after it was built, for
// edits that the builder's own encoding allows.
func (f *fixture) evmRequestUnchecked(safe evm.Safe, edit func(*evm.UserOperation), r coffer.SigningRequest) coffer.SigningRequest {
	f.t.Helper()
	op, validity, err := evm.DecodeUnsigned(r.Unsigned)
	f.must(err)
	edit(&op)
	r.Unsigned, err = evm.NewUnsigned(safe, op, validity, 0)
	f.must(err)
	return r
}

// refusesQuietly wants a refusal for what the request says, and an unchanged log.
func (f *fixture) refusesQuietly(name string, r coffer.SigningRequest) {
	f.t.Helper()
	before := f.info()
	sigs, err := f.client.Sign(f.t.Context(), r)
	switch {
	case err == nil:
		f.t.Errorf("%s: signed: %v", name, sigs)
	case coffer.ErrorCode(err) != coffer.CodeInvalid:
		f.t.Errorf("%s: %v", name, err)
	}
	if f.info().Head != before.Head {
		f.t.Errorf("%s: the refusal moved the log", name)
	}
}

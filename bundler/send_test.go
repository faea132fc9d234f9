package bundler_test

import (
	"bytes"
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/bundler"
)

func TestSendRefusesWhatCouldNotBeIncluded(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	good := w.ready(b, w.payment(nonce(0, 0), recipient, 300))
	resign := func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
		return w.signed(op, w.owners[0], w.owners[1])
	}
	for _, c := range []struct {
		name  string
		spoil func(op bindings.PackedUserOperation) bindings.PackedUserOperation
		code  int
		field string
	}{
		{"one owner", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			return w.signed(op, w.owners[0])
		}, bundler.CodeSignature, ""},
		{"a stranger's signature", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			return w.signed(op, w.owners[0], newKey(t).private)
		}, bundler.CodeSignature, ""},
		{"other call data than signed", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			op.CallData = bytes.Clone(op.CallData)
			op.CallData[35]++
			return op
		}, bundler.CodeSignature, ""},
		{"a signature that is too long", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			op.Signature = make([]byte, 12+51*65)
			return op
		}, bundler.CodeInvalid, "signature"},
		{"more signature than was paid for", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			op.Signature = append(bytes.Clone(op.Signature), make([]byte, 650)...)
			return op
		}, bundler.CodeInvalid, "preVerificationGas"},
		{"no call", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			op.CallData = nil
			return op
		}, bundler.CodeInvalid, "callData"},
		{"a call that is too long", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			op.CallData = make([]byte, 100<<10)
			return op
		}, bundler.CodeInvalid, "callData"},
		{"too little preVerificationGas", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			op.PreVerificationGas = new(big.Int).Sub(op.PreVerificationGas, big.NewInt(1))
			return op
		}, bundler.CodeInvalid, "preVerificationGas"},
		{"no verification gas", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			clear(op.AccountGasLimits[:16])
			return op
		}, bundler.CodeInvalid, "verificationGasLimit"},
		{"too little verification gas", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			big.NewInt(30_000).FillBytes(op.AccountGasLimits[:16])
			return resign(op)
		}, bundler.CodeRejected, ""},
		{"too much verification gas", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			big.NewInt(6_000_000).FillBytes(op.AccountGasLimits[:16])
			return op
		}, bundler.CodeInvalid, "verificationGasLimit"},
		{"gas beyond 64 bits", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			copy(op.AccountGasLimits[16:], slices.Repeat([]byte{0xff}, 16))
			return op
		}, bundler.CodeInvalid, "callGasLimit"},
		{"no call gas", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			clear(op.AccountGasLimits[16:])
			return op
		}, bundler.CodeInvalid, "callGasLimit"},
		{"a tip above the fee", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			setPair(&op.GasFees, gwei(3), gwei(2))
			return op
		}, bundler.CodeInvalid, "maxPriorityFeePerGas"},
		{"a fee below the base fee", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			setPair(&op.GasFees, big.NewInt(1), big.NewInt(2))
			return op
		}, bundler.CodeInvalid, "maxFeePerGas"},
		{"a fee beyond 120 bits", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			copy(op.GasFees[16:], slices.Repeat([]byte{0xff}, 16))
			return op
		}, bundler.CodeInvalid, "maxFeePerGas"},
		{"a nonce ahead of the lane", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			op.Nonce = nonce(0, 1)
			return resign(morePreVerification(op))
		}, bundler.CodeRejected, "nonce"},
		{"a nonce far ahead of the lane", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			op.Nonce = new(big.Int).SetUint64(1<<64 - 1)
			return resign(morePreVerification(op))
		}, bundler.CodeRejected, "nonce"},
		{"another sender", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			op.Sender = recipient
			return op
		}, bundler.CodeBanned, "sender"},
		{"the zero sender", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			op.Sender = common.Address{}
			return op
		}, bundler.CodeInvalid, "sender"},
		{"fees that the deposit does not cover", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			setPair(&op.GasFees, gwei(1), gwei(10_000_000))
			return resign(op)
		}, bundler.CodeRejected, ""},
		{"not valid for long", func(op bindings.PackedUserOperation) bindings.PackedUserOperation {
			return w.signedUntil(op, w.latestTime()+5, w.owners[0], w.owners[1])
		}, bundler.CodeTimeRange, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.wantRefused(b, c.spoil(good), c.code, c.field)
		})
	}
	if n := w.count("select count(*) from bundler_operations"); n != 0 {
		t.Errorf("%d refused operations were stored", n)
	}
	_, err := b.SendUserOperation(t.Context(), userOperation(good), recipient)
	var refused *bundler.Error
	if !errors.As(err, &refused) || refused.Field != "entryPoint" {
		t.Errorf("another EntryPoint: %v", err)
	}
	w.send(b, good)
}

func TestUsedNonceIsRefused(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	w.send(b, w.ready(b, w.payment(nonce(0, 0), recipient, 300)))
	w.settle(b)
	again := w.ready(b, w.payment(nonce(0, 1), recipient, 400))
	again.Nonce = nonce(0, 0)
	w.wantRefused(b, w.signed(again, w.owners[0], w.owners[1]), bundler.CodeRejected, "nonce")
}

func TestSendingAgainReturnsTheSameHash(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	op := w.ready(b, w.payment(nonce(0, 0), recipient, 300))
	hash := w.send(b, op)

	other := w.signed(op, w.owners[1], w.owners[2])
	for name, again := range map[string]bindings.PackedUserOperation{"the same": op, "other owners": other} {
		if got := w.send(b, again); got != hash {
			t.Errorf("%s: hash %s, want %s", name, got, hash)
		}
	}
	if n := w.count("select count(*) from bundler_operations"); n != 1 {
		t.Errorf("%d operations stored, want 1", n)
	}
	w.settle(b)
	if got := w.send(b, op); got != hash {
		t.Errorf("after inclusion: hash %s, want %s", got, hash)
	}
	w.settle(b)
	w.wantBalance(recipient, 300)
	w.wantCounts(1, 1)
}

func TestReplacementNeedsATenthMoreOfBothFees(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	op := w.ready(b, w.payment(nonce(0, 0), recipient, 300)) // 2 and 40 gwei
	oldHash := w.send(b, op)
	with := func(tip, fee *big.Int) bindings.PackedUserOperation {
		changed := op
		setPair(&changed.GasFees, tip, fee)
		return w.signed(changed, w.owners[0], w.owners[1])
	}
	short := new(big.Int).Sub(gwei(44), big.NewInt(1))
	shortTip := new(big.Int).Sub(big.NewInt(22e8), big.NewInt(1))

	w.wantRefused(b, with(big.NewInt(22e8), short), bundler.CodeInvalid, "maxFeePerGas")
	w.wantRefused(b, with(shortTip, gwei(44)), bundler.CodeInvalid, "maxPriorityFeePerGas")
	w.wantState(b, oldHash, "pooled")
	newHash := w.send(b, with(big.NewInt(22e8), gwei(44)))
	w.wantState(b, oldHash, "replaced")
	w.wantRefused(b, op, bundler.CodeInvalid, "maxFeePerGas") // the old one cannot come back below

	w.settle(b)
	w.wantState(b, newHash, "included")
	w.wantState(b, oldHash, "replaced")
	w.wantBalance(recipient, 300)
}

func TestReplacementOfABundledOperationGoesIntoItsNonce(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	op := w.ready(b, w.payment(nonce(0, 0), recipient, 300))
	oldHash := w.send(b, op)
	w.mineByHand()
	w.settle(b)
	setPair(&op.GasFees, gwei(3), gwei(50))
	newHash := w.send(b, w.signed(op, w.owners[0], w.owners[1]))
	check(t, w.DropTransaction(t.Context(), common.Hash(w.attempts(0)[0].hash)))
	check(t, w.Mine(t.Context(), 2))
	w.settle(b)
	w.wantState(b, oldHash, "replaced")
	w.wantState(b, newHash, "bundled")
	w.wantCounts(1, 2)

	check(t, w.Mine(t.Context(), 1))
	w.settle(b)
	w.wantState(b, newHash, "included")
	w.wantBalance(recipient, 300)
}

func TestReplacedOperationThatLandsIsIncluded(t *testing.T) {
	w := newWorld(t)
	b := w.bundler()
	op := w.ready(b, w.payment(nonce(0, 0), recipient, 300))
	oldHash := w.send(b, op)
	w.mineByHand()
	w.settle(b)
	setPair(&op.GasFees, gwei(3), gwei(50))
	newHash := w.send(b, w.signed(op, w.owners[0], w.owners[1]))
	check(t, w.Mine(t.Context(), 1))
	w.settle(b)

	w.wantState(b, oldHash, "included")
	w.wantState(b, newHash, "pooled") // the other one's inclusion is not final
	check(t, w.Mine(t.Context(), 5))
	w.settle(b)
	w.wantState(b, oldHash, "final")
	w.wantState(b, newHash, "dropped")
	w.wantBalance(recipient, 300)
}

// morePreVerification makes room for a nonce with more bytes.
func morePreVerification(op bindings.PackedUserOperation) bindings.PackedUserOperation {
	op.PreVerificationGas = new(big.Int).Add(op.PreVerificationGas, big.NewInt(500))
	return op
}

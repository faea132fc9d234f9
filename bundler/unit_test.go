package bundler

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/postgres/postgrestest"
)

func TestSQLKnowsTheSameMoves(t *testing.T) {
	db := postgrestest.New(t)
	ctx := t.Context()
	n := byte(0)
	for from := range moves {
		for to := range moves {
			n++
			hash := coffer.Hash{31: n}
			_, err := db.Pool().Exec(ctx, `insert into bundler_operations (hash, chain, entry_point, sender, lane, sequence, max_fee,
				max_priority_fee, operation, state, received_height, received_at, changed_at)
				values ($1, 'eip155:1', 'e', 's', $2, $3, 1, 1, '{}', $4, 0, '2026-01-01', '2026-01-01')`,
				hash, make([]byte, 24), int(n), from)
			if err != nil {
				t.Fatal(err)
			}
			_, err = db.Pool().Exec(ctx, "update bundler_operations set state = $2 where hash = $1", hash, to)
			if allowed := from == to || moves.Allowed(from, to); (err == nil) != allowed {
				t.Errorf("%s → %s: SQL says %v, the table %v", from, to, err, allowed)
			}
		}
	}
}

func TestRefusalsHaveTheCodesOfERC7769(t *testing.T) {
	failedOp := func(reason string) []byte {
		e := entryPointABI.GetABI().Errors["FailedOp"]
		data, err := e.Inputs.Pack(big.NewInt(3), reason)
		if err != nil {
			t.Fatal(err)
		}
		return append(bytes.Clone(e.ID[:4]), data...)
	}
	for reason, code := range map[string]int{
		"AA10 sender already constructed":         CodeRejected,
		"AA21 didn't pay prefund":                 CodeRejected,
		"AA22 expired or not due":                 CodeTimeRange,
		"AA24 signature error":                    CodeSignature,
		"AA25 invalid account nonce":              CodeRejected,
		"AA31 paymaster deposit too low":          CodePaymasterDeposit,
		"AA32 paymaster expired or not due":       CodeTimeRange,
		"AA33 reverted":                           CodePaymaster,
		"AA34 signature error":                    CodeSignature,
		"AA36 over paymasterVerificationGasLimit": CodePaymaster,
	} {
		f, ok := decodeFailure(failedOp(reason))
		if !ok || f.index != 3 || f.reason != reason || f.refusal().Code != code {
			t.Errorf("%s: %+v, code %d, want %d", reason, f, f.refusal().Code, code)
		}
	}

	e := entryPointABI.GetABI().Errors["FailedOpWithRevert"]
	data, err := e.Inputs.Pack(big.NewInt(1), "AA23 reverted", []byte{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	f, ok := decodeFailure(append(bytes.Clone(e.ID[:4]), data...))
	if !ok || f.index != 1 || f.code != "AA23" || !bytes.Equal(f.refusal().Data, []byte{1, 2}) {
		t.Errorf("FailedOpWithRevert: %+v", f)
	}
}

// nodeError is an error as go-ethereum/rpc gives a node's.
type nodeError struct {
	code int
	data any
}

func (e nodeError) Error() string  { return "execution reverted" }
func (e nodeError) ErrorCode() int { return e.code }
func (e nodeError) ErrorData() any { return e.data }

func TestRevertsAreReadByCodeAndData(t *testing.T) {
	for _, c := range []struct {
		err      error
		reverted bool
		data     string
	}{
		{nodeError{3, "0x220266b6"}, true, "0x220266b6"},
		{nodeError{-32000, "0x220266b6"}, true, "0x220266b6"},
		{nodeError{3, nil}, true, "0x"},
		{nodeError{3, "Reverted"}, true, "0x"},
		{nodeError{-32000, nil}, false, ""},
		{errors.New("execution reverted"), false, ""},
	} {
		var reverted *revertError
		got := errors.As(asRevert(fmt.Errorf("eth_call: %w", c.err)), &reverted)
		if got != c.reverted || (got && hexutil.Encode(reverted.data) != c.data) {
			t.Errorf("%#v: %v %+v", c.err, got, reverted)
		}
	}
}

func TestPreVerificationGasDependsOnNothingThatIsFilledInLater(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytesOf := func(label string, n int) []byte { return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, label) }
		signature := rapid.IntRange(0, 500).Draw(t, "signature bytes")
		op := bindings.PackedUserOperation{
			Sender: common.Address(bytesOf("sender", 20)), Nonce: new(big.Int).SetBytes(bytesOf("nonce", 32)),
			CallData:           rapid.SliceOfN(rapid.Byte(), 4, 2000).Draw(t, "call data"),
			PreVerificationGas: new(big.Int), Signature: make([]byte, signature),
		}
		callGas := rapid.Uint64Range(1, 10_000_000).Draw(t, "call gas")
		op = withGas(op, 1, callGas)
		before := requiredPreVerificationGas(op)

		op = withGas(op, rapid.Uint64Range(1, 5_000_000).Draw(t, "verification gas"), callGas)
		op.PreVerificationGas = new(big.Int).SetUint64(before)
		copy(op.GasFees[:], bytesOf("fees", 32))
		op.Signature = bytesOf("signature", signature)
		if after := requiredPreVerificationGas(op); after != before {
			t.Fatalf("%d, then %d", before, after)
		}
	})
}

func TestFeesRiseByAnEighth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fee := new(big.Int).SetUint64(rapid.Uint64().Draw(t, "fee"))
		more := bump(fee)
		if more.Cmp(fee) <= 0 || new(big.Int).Mul(more, big.NewInt(1000)).Cmp(new(big.Int).Mul(fee, big.NewInt(1125))) < 0 {
			t.Fatalf("%s after %s", more, fee)
		}
	})
}

func FuzzDecodeFailure(f *testing.F) {
	f.Add([]byte{0x22, 0x02, 0x66, 0xb6})
	f.Add(hexutil.MustDecode("0x220266b600000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000040000000000000000000000000000000000000000000000000000000000000001441413234207369676e6174757265206572726f72000000000000000000000000"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if failure, ok := decodeFailure(data); ok && len(failure.code) != 4 {
			t.Errorf("code %q", failure.code)
		}
	})
}

func FuzzReadOperation(f *testing.F) {
	f.Add([]byte(`{"sender":"0x00000000000000000000000000000000000000aa","nonce":"0x0","callData":"0x01020304","callGasLimit":"0x1","verificationGasLimit":"0x1","preVerificationGas":"0x1","maxFeePerGas":"0x2","maxPriorityFeePerGas":"0x1","signature":"0x"}`), false)
	f.Add([]byte(`{"sender":"0x00000000000000000000000000000000000000aa","nonce":"0x0","callData":"0x","signature":"0x","paymaster":"0x00000000000000000000000000000000000000aa"}`), true)
	f.Fuzz(func(t *testing.T, text []byte, estimate bool) {
		op, err := readOperation(text, estimate)
		if err != nil {
			var refused *Error
			if !errors.As(err, &refused) || refused.Code != CodeInvalid {
				t.Fatalf("%v is no refusal", err)
			}
			return
		}
		o, err := newOperation(op, common.Address{1}, 1)
		if err != nil {
			t.Fatal(err)
		}
		again, err := unpackOperation(o.json)
		if err != nil {
			t.Fatal(err)
		}
		if packHash(again) != packHash(o.packed) {
			t.Errorf("stored %s, read %s", o.json, again.Sender)
		}
	})
}

func packHash(op bindings.PackedUserOperation) common.Hash {
	return crypto.Keccak256Hash(packHandleOps([]bindings.PackedUserOperation{op}, common.Address{}))
}

package signer

import (
	"bytes"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// evmRequest builds a real user operation for the fixture's request.
func (f *fixture) evmRequest(safe evm.Safe, sequence uint64, edit func(*evm.UserOperation), orders ...coffer.Order) coffer.SigningRequest {
	f.t.Helper()
	r := f.request(sequence, orders...)
	validity := evm.Validity{Until: r.Intent.Expires}
	gas := evm.Gas{Verification: 300_000, Call: 400_000, PreVerification: 100_000}
	fees := evm.Fees{Max: coffer.NewAmount(10_000_000_000), Priority: coffer.NewAmount(1_000_000_000)}
	op, err := evm.BuildUserOp(r.Intent, safe, gas, fees, validity)
	f.must(err)
	if edit != nil {
		edit(&op)
	}
	r.Unsigned, err = evm.NewUnsigned(safe, op, validity, 0)
	f.must(err)
	return r
}

// Two signers of three read a real user operation by themselves, sign the SafeOp they
// computed, and the wallet's threshold is met; what a thief makes of it is signed by none.
func TestTwoSignersSignAUserOperation(t *testing.T) {
	var signers []*fixture
	safe := evm.Safe{Chain: testChain, Native: testNative, Address: common.HexToAddress(string(testWallet)), Threshold: 2,
		EntryPoint: common.HexToAddress(entryPoint), Owners: []common.Address{common.HexToAddress("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")}}
	for _, token := range []string{"one", "two"} {
		f := newFixture(t, token)
		f.explain = explainerOf
		f.start()
		safe.Owners = append(safe.Owners, common.HexToAddress(f.info().Keys[0].Key))
		safe.Module, safe.MultiSend = common.HexToAddress(f.cfg.Chains[0].Module), common.HexToAddress(f.cfg.Chains[0].MultiSend)
		signers = append(signers, f)
	}

	f := signers[0]
	orders := []coffer.Order{f.order("wd_1", "6000"), f.order("wd_2", "50")}
	r := f.evmRequest(safe, 3, nil, orders...)
	var signatures []coffer.Signature
	for _, s := range signers {
		sigs, err := s.client.Sign(t.Context(), r)
		f.must(err)
		signatures = append(signatures, sigs...)
	}
	signed, err := evm.Finalize(r.Unsigned, safe, signatures)
	f.must(err)
	if signed.ID.IsZero() {
		t.Error("the operation has no hash")
	}

	thief := common.HexToAddress("0x000000000000000000000000000000000000dEaD")
	customer := common.HexToAddress(string(orders[0].Destination))
	for name, edit := range map[string]func(*evm.UserOperation){
		"pays the thief":      func(op *evm.UserOperation) { op.CallData = bytes.Replace(op.CallData, customer[:], thief[:], 1) },
		"delegates elsewhere": func(op *evm.UserOperation) { op.CallData = bytes.Replace(op.CallData, safe.MultiSend[:], thief[:], 1) },
		"approves instead": func(op *evm.UserOperation) {
			op.CallData = bytes.Replace(op.CallData, []byte{0xa9, 0x05, 0x9c, 0xbb}, []byte{0x09, 0x5e, 0xa7, 0xb3}, 1)
		},
		"costs more":         func(op *evm.UserOperation) { op.MaxFeePerGas.SetUint64(20_000_000_000) },
		"is of another safe": func(op *evm.UserOperation) { op.Sender = thief },
	} {
		attack := f.evmRequest(safe, 4, edit, f.order("wd_3", "6000"), f.order("wd_4", "50"))
		for _, s := range signers {
			if sigs, err := s.client.Sign(t.Context(), attack); err == nil {
				t.Errorf("an operation that %s was signed: %v", name, sigs)
			} else if coffer.ErrorCode(err) != coffer.CodeInvalid {
				t.Errorf("an operation that %s: %v", name, err)
			}
		}
	}
	f.must(func() error {
		_, err := f.client.Sign(t.Context(), f.evmRequest(safe, 4, nil, f.order("wd_3", "6000"), f.order("wd_4", "50")))
		return err
	}())
}

func TestUnknownChainsHaveNoExplainer(t *testing.T) {
	if _, err := explainerOf(ChainConfig{Chain: "cosmos:cosmoshub-4"}); err == nil {
		t.Error("a chain of no known family got an explainer")
	}
}

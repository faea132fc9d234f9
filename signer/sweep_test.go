package signer

import (
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/policy"
)

const sweepRule = `
  sweeps:
    - {name: sweeps, enforced_by: signer, fees: ETH, assets: [USDT, ETH], daily: "0.09"}
`

// sweeper is a signer with a real explainer and a policy, and the Safe it owns.
func sweeper(t *testing.T, rules string) (*fixture, evm.Safe) {
	t.Helper()
	f := newFixture(t, "one")
	f.explain = explainerOf
	f.usePolicy(testPolicy + rules)
	f.start()
	return f, evm.Safe{Chain: testChain, Native: testNative, Address: common.HexToAddress(string(testWallet)), Threshold: 2,
		EntryPoint: common.HexToAddress(entryPoint), Module: common.HexToAddress(f.cfg.Chains[0].Module), MultiSend: common.HexToAddress(f.cfg.Chains[0].MultiSend)}
}

func (f *fixture) usePolicy(text string) {
	f.t.Helper()
	p, err := policy.Parse([]byte(text))
	f.must(err)
	f.must(os.WriteFile(f.cfg.Policy.File, []byte(text), 0o600))
	f.cfg.Policy.Hash = p.Hash().String()
}

// sweepRequest sweeps an asset from forwarders of the wallet, by their salts' first byte.
func (f *fixture) sweepRequest(safe evm.Safe, sequence uint64, asset coffer.AssetID, salts ...byte) coffer.SigningRequest {
	f.t.Helper()
	r := f.request(sequence)
	r.Intent.Purpose = coffer.PurposeSweep
	for _, first := range salts {
		salt := coffer.Hash{first}
		forwarder := evm.ForwarderAddress(evm.FactoryAddress(safe.Address), salt)
		r.Intent.Sweeps = append(r.Intent.Sweeps, coffer.Sweep{Forwarder: evm.AddressOf(forwarder), Salt: salt, Asset: asset})
	}
	f.buildSweep(safe, &r, nil)
	return r
}

func (f *fixture) buildSweep(safe evm.Safe, r *coffer.SigningRequest, edit func(*evm.UserOperation)) {
	f.t.Helper()
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
}

func TestSweepsAreSignedUnderTheirOwnRule(t *testing.T) {
	f, safe := sweeper(t, sweepRule)
	r := f.sweepRequest(safe, 0, testUSDT, 1, 2, 3)
	for range 2 {
		if !asks(t, f, r) {
			t.Fatal("a sweep was not signed, or not again")
		}
	}
	f.restart()
	if !asks(t, f, r) {
		t.Error("a sweep was not signed again after a restart")
	}

	// The slot is these sweeps', for ever; orders and other sweeps take others.
	f.refuses(f.sweepRequest(safe, 0, testUSDT, 1, 2), coffer.CodeConflict, "signed with other sweeps")
	f.refuses(f.sweepRequest(safe, 0, testNative, 1, 2, 3), coffer.CodeConflict, "signed with other sweeps")
	f.refuses(f.evmRequest(safe, 0, nil, f.order("wd_1", "50")), coffer.CodeConflict, "signed with other orders")
	if !asks(t, f, f.evmRequest(safe, 1, nil, f.order("wd_1", "50"))) {
		t.Error("an order was not signed in another slot")
	}
	f.refuses(f.sweepRequest(safe, 1, testUSDT, 1), coffer.CodeConflict, "signed with other orders")
}

func TestSignersRefuseSweepsWithoutARule(t *testing.T) {
	f, safe := sweeper(t, "")
	f.refuses(f.sweepRequest(safe, 0, testUSDT, 1), coffer.CodePolicy, "no sweeps rule")
	if !asks(t, f, f.evmRequest(safe, 0, nil, f.order("wd_1", "50"))) {
		t.Error("an order was not signed in the slot that was refused to a sweep")
	}
}

// What sweeps may cost in a day is bounded by the signer's share of their own rule, 0.06 of
// 0.09, though the fee limits would allow 0.2; also across a restart.
func TestFeesOfSweepsHaveACapOfTheirOwn(t *testing.T) {
	f, safe := sweeper(t, sweepRule)
	for sequence := range uint64(6) { // 0.01 each
		if !asks(t, f, f.sweepRequest(safe, sequence, testUSDT, byte(sequence+1))) {
			t.Fatalf("sweep %d was not signed", sequence)
		}
	}
	f.restart()
	f.refuses(f.sweepRequest(safe, 6, testUSDT, 7), coffer.CodePolicy, "for sweeps in 24 hours")
	if !asks(t, f, f.evmRequest(safe, 6, nil, f.order("wd_1", "50"))) {
		t.Error("orders stopped with the sweeps")
	}
	f.clock.add(25 * time.Hour)
	if !asks(t, f, f.sweepRequest(safe, 7, testUSDT, 7)) {
		t.Error("a day later nothing may be swept")
	}
}

func TestSignersRefuseOtherSweeps(t *testing.T) {
	f, safe := sweeper(t, sweepRule)
	thief := common.HexToAddress("0x000000000000000000000000000000000000dEaD")
	call := func(to common.Address, value int64, data []byte) func(*evm.UserOperation) {
		return func(op *evm.UserOperation) {
			op.CallData = bindings.NewSafe4337Module().PackExecuteUserOpWithErrorString(to, big.NewInt(value), data, 0)
		}
	}
	flush := func(salts ...byte) []byte {
		words := make([][32]byte, len(salts))
		for n, first := range salts {
			words[n] = [32]byte{first}
		}
		return bindings.NewForwarderFactory().PackFlushMany(words, []common.Address{common.HexToAddress(testUSDT.Reference())}, big.NewInt(evm.SweepGasPerLeg))
	}
	ours := evm.FactoryAddress(safe.Address)

	for name, edit := range map[string]func(*evm.UserOperation){
		"calls the thief's factory":      call(evm.FactoryAddress(thief), 0, flush(1, 2)),
		"calls another selector":         call(ours, 0, bindings.NewForwarderFactory().PackDeploy([32]byte{1})),
		"carries value":                  call(ours, 1, flush(1, 2)),
		"has bytes behind it":            call(ours, 0, append(flush(1, 2), 0)),
		"flushes another forwarder":      call(ours, 0, flush(1, 3)),
		"flushes more":                   call(ours, 0, flush(1, 2, 3)),
		"flushes less":                   call(ours, 0, flush(1)),
		"pays the thief":                 call(common.HexToAddress(testUSDT.Reference()), 0, bindings.NewTestToken().PackTransfer(thief, big.NewInt(5))),
		"pays the thief native coins":    call(thief, 5, nil),
		"costs more than the intent":     func(op *evm.UserOperation) { op.MaxFeePerGas.SetUint64(20_000_000_000) },
		"flushes with another gas bound": call(ours, 0, bindings.NewForwarderFactory().PackFlushMany([][32]byte{{1}, {2}}, []common.Address{common.HexToAddress(testUSDT.Reference())}, big.NewInt(1))),
	} {
		r := f.sweepRequest(safe, 0, testUSDT, 1, 2)
		f.buildSweep(safe, &r, edit)
		f.refusesQuietly("a sweep that "+name, r)
	}

	lie := func(change func(r *coffer.SigningRequest)) coffer.SigningRequest {
		r := f.sweepRequest(safe, 0, testUSDT, 1, 2)
		change(&r)
		return r
	}
	for name, r := range map[string]coffer.SigningRequest{
		"names another forwarder": lie(func(r *coffer.SigningRequest) { r.Intent.Sweeps[0].Forwarder = evm.AddressOf(thief) }),
		"names another salt":      lie(func(r *coffer.SigningRequest) { r.Intent.Sweeps[0].Salt[0]++ }),
		"names another asset":     lie(func(r *coffer.SigningRequest) { r.Intent.Sweeps[0].Asset = testNative }),
		"names none":              lie(func(r *coffer.SigningRequest) { r.Intent.Sweeps = nil }),
		"is called a payment":     lie(func(r *coffer.SigningRequest) { r.Intent.Purpose = coffer.PurposeOrders }),
		"is called a refill":      lie(func(r *coffer.SigningRequest) { r.Intent.Purpose = coffer.PurposeRefill }),
		"brings an order":         lie(func(r *coffer.SigningRequest) { r.Orders = []coffer.Order{f.order("wd_9", "5")} }),
		"brings a payment":        lie(func(r *coffer.SigningRequest) { r.Intent.Payments = []coffer.Payment{f.order("wd_9", "5").Payment()} }),
	} {
		f.refusesQuietly("a sweep that "+name, r)
	}
	gold := coffer.AssetID(strings.Replace(string(testUSDT), "dAC17F958D2ee523a2206206994597C13D831ec7", "6B175474E89094C44Da98b954EedeAC495271d0F", 1))
	f.refuses(f.sweepRequest(safe, 0, gold, 1), coffer.CodePolicy, "may not be swept")
	if !asks(t, f, f.sweepRequest(safe, 0, testUSDT, 1, 2)) {
		t.Error("the honest sweep was not signed in the end")
	}
}

package evm_test

import (
	"bytes"
	"errors"
	"math/big"
	"reflect"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/evm"
)

var ourFactory = evm.FactoryAddress(safe.Address)

// sweepsOf is every salt (its first byte) with every asset.
func sweepsOf(salts []byte, assets ...coffer.AssetID) []coffer.Sweep {
	var sweeps []coffer.Sweep
	for _, first := range salts {
		salt := coffer.Hash{first}
		for _, asset := range assets {
			sweeps = append(sweeps, coffer.Sweep{Forwarder: evm.AddressOf(evm.ForwarderAddress(ourFactory, salt)), Salt: salt, Asset: asset})
		}
	}
	return sweeps
}

func sweepIntent(sweeps ...coffer.Sweep) coffer.Intent {
	i := intentOf()
	i.Purpose, i.Sweeps = coffer.PurposeSweep, sweeps
	return i
}

// Law: a sweep that is built says, read back by somebody else, exactly what was asked for.
func TestExplainReadsBackSweeps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		assets := rapid.Permutation([]coffer.AssetID{native, evm.TokenAsset(safe.Chain, token), evm.TokenAsset(safe.Chain, alice)}).Draw(t, "assets")
		assets = assets[:rapid.IntRange(1, 3).Draw(t, "how many")]
		salts := rapid.SliceOfNDistinct(rapid.Byte(), 1, evm.MaxSweeps/len(assets), rapid.ID).Draw(t, "salts")
		sweeps := sweepsOf(salts, assets...)
		op, u := build(t, sweepIntent(sweeps...))
		effects, err := explainer().Explain(u)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(effects.Sweeps, sweeps) || effects.Payments != nil || effects.Slot != op.Slot() || len(effects.Digests) != 1 {
			t.Fatalf("%+v", effects)
		}
	})
}

func flushMany(salts [][32]byte, tokens []common.Address, gasPerLeg int64) []byte {
	return bindings.NewForwarderFactory().PackFlushMany(salts, tokens, big.NewInt(gasPerLeg))
}

// What the vault's own factory does not do to the vault's own forwarders is refused.
func TestExplainRefusesOtherSweeps(t *testing.T) {
	salts, tokens := [][32]byte{{1}, {2}}, []common.Address{token, {}}
	good := flushMany(salts, tokens, evm.SweepGasPerLeg)
	many := make([][32]byte, evm.MaxSweeps+1)
	for n := range many {
		many[n] = [32]byte{byte(n), byte(n >> 8), 1}
	}
	dirty := bytes.Clone(good)
	dirty[len(dirty)-64] = 1 // above the address of a token
	factory := bindings.NewForwarderFactory()

	calls := map[string][]byte{
		"the factory of another vault":  execute(evm.FactoryAddress(alice), 0, good, 0),
		"the factory of another wallet": execute(evm.FactoryAddress(otherWallet), 0, good, 0),
		"a stranger's contract":         execute(alice, 0, good, 0),
		"a forwarder":                   execute(evm.ForwarderAddress(ourFactory, coffer.Hash{1}), 0, bindings.NewForwarder().PackFlush(token), 0),
		"a value":                       execute(ourFactory, 1, good, 0),
		"a delegatecall":                execute(ourFactory, 0, good, 1),
		"an extra byte":                 execute(ourFactory, 0, append(bytes.Clone(good), 0), 0),
		"an extra word":                 execute(ourFactory, 0, append(bytes.Clone(good), make([]byte, 32)...), 0),
		"cut short":                     execute(ourFactory, 0, good[:len(good)-1], 0),
		"a dirty token":                 execute(ourFactory, 0, dirty, 0),
		"deploy":                        execute(ourFactory, 0, factory.PackDeploy([32]byte{1}), 0),
		"another selector":              execute(ourFactory, 0, append([]byte{1, 2, 3, 4}, good[4:]...), 0),
		"more gas for each leg":         execute(ourFactory, 0, flushMany(salts, tokens, evm.SweepGasPerLeg+1), 0),
		"too little gas for each leg":   execute(ourFactory, 0, flushMany(salts, tokens, 1), 0),
		"no forwarders":                 execute(ourFactory, 0, flushMany(nil, tokens, evm.SweepGasPerLeg), 0),
		"no tokens":                     execute(ourFactory, 0, flushMany(salts, nil, evm.SweepGasPerLeg), 0),
		"too many legs":                 execute(ourFactory, 0, flushMany(many, tokens[:1], evm.SweepGasPerLeg), 0),
		"too many in the product":       execute(ourFactory, 0, flushMany(many[:evm.MaxSweeps/2+1], tokens, evm.SweepGasPerLeg), 0),
		"a forwarder twice":             execute(ourFactory, 0, flushMany([][32]byte{{1}, {1}}, tokens, evm.SweepGasPerLeg), 0),
		"a token twice":                 execute(ourFactory, 0, flushMany(salts, []common.Address{token, token}, evm.SweepGasPerLeg), 0),
		"the wallet as a token":         execute(ourFactory, 0, flushMany(salts, []common.Address{safe.Address}, evm.SweepGasPerLeg), 0),
		"the EntryPoint as a token":     execute(ourFactory, 0, flushMany(salts, []common.Address{safe.EntryPoint}, evm.SweepGasPerLeg), 0),
		"the factory as a token":        execute(ourFactory, 0, flushMany(salts, []common.Address{ourFactory}, evm.SweepGasPerLeg), 0),
		"in a batch":                    batch(packed(0, ourFactory, 0, good), packed(0, token, 0, transferData(alice, 5))),
		"twice in a batch":              batch(packed(0, ourFactory, 0, good), packed(0, ourFactory, 0, good)),
	}
	op, _ := build(t, sweepIntent(sweepsOf([]byte{1, 2}, evm.TokenAsset(safe.Chain, token), native)...))
	if want := execute(ourFactory, 0, good, 0); !bytes.Equal(op.CallData, want) {
		t.Fatalf("the good one is built as\n%x, want\n%x", op.CallData, want)
	}
	for name, callData := range calls {
		t.Run(name, func(t *testing.T) {
			op := op
			op.CallData = callData
			if effects, err := explainer().Explain(unsign(t, op)); !errors.Is(err, evm.ErrRefused) {
				t.Errorf("%+v, %v; want it refused", effects, err)
			}
		})
	}
}

func TestBuildRefusesOtherSweeps(t *testing.T) {
	usdt := evm.TokenAsset(safe.Chain, token)
	cases := map[string]func(i *coffer.Intent){
		"none":                        func(i *coffer.Intent) { i.Sweeps = nil },
		"another purpose":             func(i *coffer.Intent) { i.Purpose = coffer.PurposeOrders },
		"a payment too":               func(i *coffer.Intent) { i.Payments = []coffer.Payment{tokenPayment(alice, 5)} },
		"an order too":                func(i *coffer.Intent) { i.Orders = []coffer.Hash{{1}} },
		"a forwarder of another salt": func(i *coffer.Intent) { i.Sweeps[0].Salt[5]++; i.Sweeps[1].Salt[5]++ },
		"another forwarder":           func(i *coffer.Intent) { i.Sweeps[3].Forwarder = evm.AddressOf(alice) },
		"a leg missing":               func(i *coffer.Intent) { i.Sweeps = i.Sweeps[:3] },
		"legs out of order":           func(i *coffer.Intent) { i.Sweeps[1], i.Sweeps[2] = i.Sweeps[2], i.Sweeps[1] },
		"assets out of order":         func(i *coffer.Intent) { i.Sweeps[2], i.Sweeps[3] = i.Sweeps[3], i.Sweeps[2] },
		"a forwarder twice":           func(i *coffer.Intent) { i.Sweeps = append(i.Sweeps, i.Sweeps[:2]...) },
		"an asset of another chain":   func(i *coffer.Intent) { i.Sweeps[0].Asset = evm.TokenAsset("eip155:1", token) },
		"too many":                    func(i *coffer.Intent) { i.Sweeps = make([]coffer.Sweep, evm.MaxSweeps+1) },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			i := sweepIntent(sweepsOf([]byte{1, 2}, usdt, native)...)
			change(&i)
			if op, err := evm.BuildUserOp(i, safe, gas, fees, validity); err == nil {
				t.Errorf("built %+v", op)
			}
		})
	}
}

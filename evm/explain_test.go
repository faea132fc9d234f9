package evm_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/evm"
)

var (
	safe = evm.Safe{
		Chain:      "eip155:31337",
		Native:     native,
		EntryPoint: common.HexToAddress("0x0000000071727De22E5E9d8BAf0edAc6f37da032"),
		Module:     common.HexToAddress("0x75cf11467937ce3F2f357CE24ffc3DBF8fD5c226"),
		MultiSend:  common.HexToAddress("0xA83c336B20401Af773B6219BA5027174338D1836"),
		Address:    common.HexToAddress("0x5afe000000000000000000000000000000000001"),
		Owners:     []common.Address{{0x11}, {0x22}, {0x33}},
		Threshold:  2,
	}
	otherWallet = common.HexToAddress("0x5afe000000000000000000000000000000000002")
	token       = common.HexToAddress("0xdAC17F958D2ee523a2206206994597C13D831ec7")
	alice       = common.HexToAddress("0xa11ceabcdef0123456789abcdefabcdefabcdef1")
	expires     = time.Date(2026, time.May, 1, 12, 0, 0, 0, time.UTC)
	gas         = evm.Gas{Verification: 200_000, Call: 150_000, PreVerification: 60_000}
	fees        = evm.Fees{Max: amount(30e9), Priority: amount(1e9)}
	validity    = evm.Validity{Until: expires}
)

func explainer() *evm.Explainer {
	return evm.NewExplainer(evm.ExplainConfig{
		Chain: safe.Chain, Native: safe.Native, EntryPoint: safe.EntryPoint, Module: safe.Module, MultiSend: safe.MultiSend,
		Wallets: []common.Address{safe.Address, otherWallet},
	})
}

func tokenPayment(to common.Address, n uint64) coffer.Payment {
	return coffer.Payment{Asset: evm.TokenAsset(safe.Chain, token), To: evm.AddressOf(to), Amount: amount(n)}
}

func nativePayment(to common.Address, n uint64) coffer.Payment {
	return coffer.Payment{Asset: native, To: evm.AddressOf(to), Amount: amount(n)}
}

func intentOf(payments ...coffer.Payment) coffer.Intent {
	return coffer.Intent{
		ID: "po_1", Chain: safe.Chain, Wallet: safe.Name(), Path: coffer.PathUserOp,
		Slot:     coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: "0x7", Sequence: 3},
		Purpose:  coffer.PurposeOrders,
		Payments: payments, FeeBound: amount(1e18), Expires: expires,
	}
}

func build(t interface{ Fatal(...any) }, i coffer.Intent) (evm.UserOperation, coffer.Unsigned) {
	op, err := evm.BuildUserOp(i, safe, gas, fees, validity)
	if err != nil {
		t.Fatal(err)
	}
	return op, unsign(t, op)
}

func unsign(t interface{ Fatal(...any) }, op evm.UserOperation) coffer.Unsigned {
	u, err := evm.NewUnsigned(safe, op, validity, 0)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// Law: what is built says, read back by somebody else, exactly what was asked for.
func TestExplainReadsBackWhatBuildMade(t *testing.T) {
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
		i := intentOf(payments...)
		i.Slot.Lane = "0x" + new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 24).Draw(t, "lane")).Text(16)
		i.Slot.Sequence = rapid.Uint64().Draw(t, "sequence")
		g := evm.Gas{Verification: rapid.Uint64Range(0, 1e6).Draw(t, "vgl"), Call: rapid.Uint64Range(0, 1e7).Draw(t, "cgl"), PreVerification: rapid.Uint64Range(0, 1e6).Draw(t, "pvg")}
		f := evm.Fees{Max: amount(rapid.Uint64Range(2e9, 5e10).Draw(t, "max")), Priority: amount(rapid.Uint64Range(0, 2e9).Draw(t, "priority"))}

		op, err := evm.BuildUserOp(i, safe, g, f, validity)
		if err != nil {
			t.Fatal(err)
		}
		effects, err := explainer().Explain(unsign(t, op))
		if err != nil {
			t.Fatal(err)
		}
		bound := new(big.Int).Mul(new(big.Int).SetUint64(g.Total()), f.Max.Int().ToBig())
		digest, err := op.SafeOpDigest(31337, safe.Module, safe.EntryPoint, validity)
		if err != nil {
			t.Fatal(err)
		}
		want := coffer.Effects{
			Chain: i.Chain, Wallet: i.Wallet, Path: i.Path, Slot: i.Slot, Payments: payments,
			ValidUntil: expires, Digests: []coffer.Hash{digest}, FeeBound: effects.FeeBound,
		}
		if !reflect.DeepEqual(effects, want) || effects.FeeBound.String() != bound.String() {
			t.Fatalf("\n got %+v\nwant %+v, fee bound %s", effects, want, bound)
		}
	})
}

// execute is a wallet call as an attacker might write it.
func execute(to common.Address, value int64, data []byte, operation uint8) []byte {
	return bindings.NewSafe4337Module().PackExecuteUserOpWithErrorString(to, big.NewInt(value), data, operation)
}

func transferData(to common.Address, n int64) []byte {
	return bindings.NewTestToken().PackTransfer(to, big.NewInt(n))
}

func packed(operation byte, to common.Address, value int64, data []byte) []byte {
	b := append([]byte{operation}, to[:]...)
	b = append(b, common.BigToHash(big.NewInt(value)).Bytes()...)
	b = append(b, common.BigToHash(big.NewInt(int64(len(data)))).Bytes()...)
	return append(b, data...)
}

func batch(calls ...[]byte) []byte {
	return execute(safe.MultiSend, 0, bindings.NewMultiSendCallOnly().PackMultiSend(bytes.Join(calls, nil)), 1)
}

func TestExplainRefusesEverythingElse(t *testing.T) {
	pay, money := packed(0, token, 0, transferData(alice, 5)), packed(0, alice, 5, nil)
	dirty := transferData(alice, 5)
	dirty[5] = 1
	overlong := packed(0, token, 0, transferData(alice, 5))
	binary.BigEndian.PutUint64(overlong[77:85], 1<<40)
	huge := packed(0, token, 0, transferData(alice, 5))
	huge[53] = 1
	testToken, erc20, wallet := bindings.NewTestToken(), execute(token, 0, transferData(alice, 5), 0), bindings.NewSafe()

	calls := map[string][]byte{
		"nothing":                          {},
		"three bytes":                      erc20[:3],
		"the selector alone":               erc20[:4],
		"cut short":                        erc20[:len(erc20)-1],
		"trailing byte":                    append(bytes.Clone(erc20), 0),
		"trailing word":                    append(bytes.Clone(erc20), make([]byte, 32)...),
		"executeUserOp":                    bindings.NewSafe4337Module().PackExecuteUserOp(token, new(big.Int), transferData(alice, 5), 0),
		"another function":                 wallet.PackAddOwnerWithThreshold(alice, big.NewInt(1)),
		"operation 2":                      execute(token, 0, transferData(alice, 5), 2),
		"delegatecall to a token":          execute(token, 0, transferData(alice, 5), 1),
		"delegatecall to a stranger":       execute(alice, 0, nil, 1),
		"a batch through a stranger":       execute(alice, 0, bindings.NewMultiSendCallOnly().PackMultiSend(append(bytes.Clone(pay), money...)), 1),
		"delegatecall to itself":           execute(safe.Address, 0, nil, 1),
		"delegatecall with value":          execute(safe.MultiSend, 1, bindings.NewMultiSendCallOnly().PackMultiSend(append(bytes.Clone(pay), money...)), 1),
		"call to MultiSend":                execute(safe.MultiSend, 0, bindings.NewMultiSendCallOnly().PackMultiSend(append(bytes.Clone(pay), money...)), 0),
		"nothing to somebody":              execute(alice, 0, nil, 0),
		"money to nobody":                  execute(common.Address{}, 5, nil, 0),
		"money to itself":                  execute(safe.Address, 5, nil, 0),
		"money to the module":              execute(safe.Module, 5, nil, 0),
		"money to the EntryPoint":          execute(safe.EntryPoint, 5, nil, 0),
		"money with data":                  execute(alice, 5, []byte{1}, 0),
		"token to nobody":                  execute(token, 0, transferData(common.Address{}, 5), 0),
		"token to itself":                  execute(token, 0, transferData(safe.Address, 5), 0),
		"token to its contract":            execute(token, 0, transferData(token, 5), 0),
		"no token to somebody":             execute(token, 0, transferData(alice, 0), 0),
		"token with value":                 execute(token, 1, transferData(alice, 5), 0),
		"token to a dirty address":         execute(token, 0, dirty, 0),
		"transfer with a tail":             execute(token, 0, append(transferData(alice, 5), 0), 0),
		"transfer cut short":               execute(token, 0, transferData(alice, 5)[:67], 0),
		"approve":                          execute(token, 0, testToken.PackApprove(alice, big.NewInt(5)), 0),
		"transferFrom":                     execute(token, 0, testToken.PackTransferFrom(safe.Address, alice, big.NewInt(5)), 0),
		"call of the wallet: add an owner": execute(safe.Address, 0, wallet.PackAddOwnerWithThreshold(alice, big.NewInt(1)), 0),
		"call of the wallet: transfer":     execute(safe.Address, 0, transferData(alice, 5), 0),
		"call of another wallet: transfer": execute(otherWallet, 0, transferData(alice, 5), 0),
		"call of the EntryPoint: withdraw": execute(safe.EntryPoint, 0, bindings.NewEntryPoint().PackWithdrawTo(alice, big.NewInt(5)), 0),
		"call of the module":               execute(safe.Module, 0, transferData(alice, 5), 0),
		"a batch of none":                  batch(),
		"a batch of one":                   batch(pay),
		"a batch with a delegatecall":      batch(pay, packed(1, token, 0, transferData(alice, 5))),
		"a batch with operation 2":         batch(pay, packed(2, token, 0, transferData(alice, 5))),
		"a batch with an approve":          batch(pay, packed(0, token, 0, testToken.PackApprove(alice, big.NewInt(5)))),
		"a batch into the wallet":          batch(pay, packed(0, safe.Address, 0, wallet.PackEnableModule(alice))),
		"a batch into nobody, the wallet":  batch(pay, packed(0, common.Address{}, 0, wallet.PackEnableModule(alice))),
		"a batch in a batch":               batch(pay, packed(0, safe.MultiSend, 0, bindings.NewMultiSendCallOnly().PackMultiSend(pay))),
		"a batch with half a head":         batch(pay, money, pay[:40]),
		"a batch that ends in data":        batch(pay, money, pay[:len(pay)-1]),
		"a batch with a long length":       batch(pay, overlong),
		"a batch with a huge length":       batch(pay, huge),
		"a batch too long":                 batch(bytes.Repeat(money, evm.MaxPayments+1)),
	}
	good, _ := build(t, intentOf(tokenPayment(alice, 5)))
	for name, callData := range calls {
		t.Run(name, func(t *testing.T) {
			op := good
			op.CallData = callData
			if effects, err := explainer().Explain(unsign(t, op)); !errors.Is(err, evm.ErrRefused) {
				t.Errorf("%+v, %v; want it refused", effects, err)
			}
		})
	}

	operations := map[string]func(*evm.UserOperation){
		"a paymaster":             func(op *evm.UserOperation) { op.Paymaster = &alice },
		"a factory":               func(op *evm.UserOperation) { op.Factory = &alice },
		"a stranger's operation":  func(op *evm.UserOperation) { op.Sender = alice },
		"another wallet's":        func(op *evm.UserOperation) { op.Sender = otherWallet },
		"priority above the fee":  func(op *evm.UserOperation) { op.MaxPriorityFeePerGas.AddUint64(&op.MaxFeePerGas, 1) },
		"costs above every bound": func(op *evm.UserOperation) { op.MaxFeePerGas.SetAllOne(); op.MaxFeePerGas.Rsh(&op.MaxFeePerGas, 130) },
	}
	for name, change := range operations {
		t.Run(name, func(t *testing.T) {
			op := good
			change(&op)
			effects, err := explainer().Explain(unsign(t, op))
			if name == "costs above every bound" {
				// Not refused, but said: the signer compares it with the intent.
				if err != nil || effects.FeeBound.Cmp(amount(1e18)) <= 0 {
					t.Errorf("%+v, %v", effects, err)
				}
				return
			}
			if !errors.Is(err, evm.ErrRefused) {
				t.Errorf("%+v, %v; want it refused", effects, err)
			}
		})
	}
}

// Bytes that mean the same in another spelling are refused: what was reviewed is what is
// signed.
func TestExplainRefusesOtherSpellings(t *testing.T) {
	_, good := build(t, intentOf(tokenPayment(alice, 5)))
	if _, err := explainer().Explain(good); err != nil {
		t.Fatal(err)
	}
	text := string(good.Bytes)
	spellings := map[string]string{
		"empty":               "",
		"null":                "null",
		"a space":             strings.Replace(text, ":", ": ", 1),
		"a second value":      text + "{}",
		"a trailing space":    text + " ",
		"an unknown field":    strings.Replace(text, `"validAfter"`, `"extra":1,"validAfter"`, 1),
		"a field twice":       strings.Replace(text, `"validAfter":0`, `"validAfter":5,"validAfter":0`, 1),
		"a field in capitals": strings.Replace(text, `"nonce"`, `"Nonce"`, 1),
		"a sender twice":      strings.Replace(text, `{"op":{`, `{"op":{"sender":"`+alice.Hex()+`",`, 1),
		"capital digits":      strings.Replace(text, "0x541d63c8", "0x541D63C8", 1),
		"a signature":         strings.Replace(text, `},"validAfter"`, `,"signature":"0x"},"validAfter"`, 1),
		"a missing field":     strings.Replace(text, `"callGasLimit":"0x249f0",`, "", 1),
		"a leading zero":      strings.Replace(text, `"0x249f0"`, `"0x0249f0"`, 1),
		"no end":              strings.Replace(text, fmt.Sprintf(`"validUntil":%d`, expires.Unix()), `"validUntil":0`, 1),
		"an end before start": strings.Replace(text, `"validAfter":0`, `"validAfter":99999999999`, 1),
		"an end too far":      strings.Replace(text, fmt.Sprintf(`"validUntil":%d`, expires.Unix()), `"validUntil":281474976710656`, 1),
		"too long":            text + strings.Repeat(" ", evm.MaxUserOpBytes),
	}
	for name, spelling := range spellings {
		t.Run(name, func(t *testing.T) {
			if spelling == text {
				t.Fatal("the spelling is not another one")
			}
			u := good
			u.Bytes = []byte(spelling)
			if effects, err := explainer().Explain(u); err == nil {
				t.Errorf("%+v; want an error", effects)
			}
		})
	}
	foreign, mallory := good, common.Address{0x99}
	foreign.Wallet = evm.AddressOf(mallory)
	foreign.Bytes = []byte(strings.Replace(text, strings.ToLower(safe.Address.Hex()), strings.ToLower(mallory.Hex()), 1))
	if effects, err := explainer().Explain(foreign); !errors.Is(err, evm.ErrRefused) {
		t.Errorf("a wallet that is not ours: %+v, %v", effects, err)
	}
	for name, change := range map[string]func(*coffer.Unsigned){
		"chain":  func(u *coffer.Unsigned) { u.Chain = "eip155:1" },
		"wallet": func(u *coffer.Unsigned) { u.Wallet = evm.AddressOf(otherWallet) },
		"case":   func(u *coffer.Unsigned) { u.Wallet = coffer.Address(strings.ToLower(string(u.Wallet))) },
		"path":   func(u *coffer.Unsigned) { u.Path = coffer.PathExec },
		"format": func(u *coffer.Unsigned) { u.Format = "userop/v0.8" },
	} {
		t.Run("another "+name, func(t *testing.T) {
			u := good
			change(&u)
			if effects, err := explainer().Explain(u); err == nil {
				t.Errorf("%+v; want an error", effects)
			}
		})
	}
}

// The digest that owners sign changes with everything that is pinned.
func TestDigestDependsOnWhatIsPinned(t *testing.T) {
	_, u := build(t, intentOf(tokenPayment(alice, 5)))
	base := evm.ExplainConfig{
		Chain: safe.Chain, Native: safe.Native, EntryPoint: safe.EntryPoint, Module: safe.Module, MultiSend: safe.MultiSend,
		Wallets: []common.Address{safe.Address},
	}
	digest := func(c evm.ExplainConfig, u coffer.Unsigned) coffer.Hash {
		effects, err := evm.NewExplainer(c).Explain(u)
		if err != nil {
			t.Fatal(err)
		}
		return effects.Digests[0]
	}
	seen := map[coffer.Hash]string{digest(base, u): "base"}
	otherPoint, otherModule, otherChain := base, base, base
	otherPoint.EntryPoint, otherModule.Module, otherChain.Chain = alice, alice, "eip155:56"
	moved := u
	moved.Chain = "eip155:56"
	for name, d := range map[string]coffer.Hash{
		"EntryPoint": digest(otherPoint, u), "module": digest(otherModule, u), "chain": digest(otherChain, moved),
	} {
		if with, twice := seen[d]; twice {
			t.Errorf("%s has the digest of %s", name, with)
		}
		seen[d] = name
	}
}

func TestBuildRefusesWhatItCannotPay(t *testing.T) {
	good := intentOf(tokenPayment(alice, 5))
	cases := map[string]func(*coffer.Intent){
		"another chain":      func(i *coffer.Intent) { i.Chain = "eip155:1" },
		"another wallet":     func(i *coffer.Intent) { i.Wallet = evm.AddressOf(otherWallet) },
		"another path":       func(i *coffer.Intent) { i.Path = coffer.PathExec },
		"a Safe's own slot":  func(i *coffer.Intent) { i.Slot.Kind = coffer.SlotSafe },
		"no lane":            func(i *coffer.Intent) { i.Slot.Lane = "" },
		"a lane with zeros":  func(i *coffer.Intent) { i.Slot.Lane = "0x07" },
		"a lane in capitals": func(i *coffer.Intent) { i.Slot.Lane = "0xA" },
		"a lane too wide":    func(i *coffer.Intent) { i.Slot.Lane = "0x1" + strings.Repeat("0", 48) },
		"no payment":         func(i *coffer.Intent) { i.Payments = nil },
		"too many payments":  func(i *coffer.Intent) { i.Payments = make([]coffer.Payment, evm.MaxPayments+1) },
		"a memo":             func(i *coffer.Intent) { i.Payments[0].Memo = "7" },
		"nothing":            func(i *coffer.Intent) { i.Payments[0].Amount = amount(0) },
		"a bad checksum":     func(i *coffer.Intent) { i.Payments[0].To = coffer.Address(strings.ToLower(alice.Hex())) },
		"nobody":             func(i *coffer.Intent) { i.Payments[0].To = evm.AddressOf(common.Address{}) },
		"itself":             func(i *coffer.Intent) { i.Payments[0].To = safe.Name() },
		"the token contract": func(i *coffer.Intent) { i.Payments[0].To = evm.AddressOf(token) },
		"a lower-case token": func(i *coffer.Intent) {
			i.Payments[0].Asset = coffer.AssetID(strings.ToLower(string(i.Payments[0].Asset)))
		},
		"an asset elsewhere":  func(i *coffer.Intent) { i.Payments[0].Asset = evm.TokenAsset("eip155:1", token) },
		"another native":      func(i *coffer.Intent) { i.Payments[0].Asset = "eip155:31337/slip44:1" },
		"above the fee bound": func(i *coffer.Intent) { i.FeeBound = amount(12_299_999_999_999_999) },
		"expires before":      func(i *coffer.Intent) { i.Expires = expires.Add(-time.Second) },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			i := good
			i.Payments = []coffer.Payment{tokenPayment(alice, 5)}
			change(&i)
			if op, err := evm.BuildUserOp(i, safe, gas, fees, validity); err == nil {
				t.Errorf("built %+v", op)
			}
		})
	}
	good.FeeBound = amount(12_300_000_000_000_000) // (200,000 + 150,000 + 60,000) gas at 30 gwei
	if _, err := evm.BuildUserOp(good, safe, gas, fees, validity); err != nil {
		t.Error(err)
	}
}

// Whatever is explained is written exactly as Build would write it: no two spellings of
// one effect, and none that we could not have made.
func FuzzExplain(f *testing.F) {
	_, single := build(f, intentOf(tokenPayment(alice, 5)))
	_, several := build(f, intentOf(tokenPayment(alice, 5), nativePayment(otherWallet, 7)))
	f.Add(single.Bytes)
	f.Add(several.Bytes)
	_, sweep := build(f, sweepIntent(sweepsOf([]byte{1, 2}, native, evm.TokenAsset(safe.Chain, token))...))
	f.Add(sweep.Bytes)
	f.Fuzz(func(t *testing.T, b []byte) {
		u := single
		u.Bytes = b
		effects, err := explainer().Explain(u)
		if err != nil {
			return
		}
		op, v, err := evm.DecodeUnsigned(u)
		if err != nil {
			t.Fatal(err)
		}
		i := intentOf(effects.Payments...)
		switch {
		case len(effects.Sweeps) > 0:
			i = sweepIntent(effects.Sweeps...)
		case len(effects.Payments) == 0:
			i = cancelIntent(i)
		}
		i.Slot, i.FeeBound, i.Expires = effects.Slot, effects.FeeBound, effects.ValidUntil
		f := evm.Fees{Max: coffer.AmountFromInt(&op.MaxFeePerGas), Priority: coffer.AmountFromInt(&op.MaxPriorityFeePerGas)}
		again, err := evm.BuildUserOp(i, safe, evm.Gas{Verification: op.VerificationGasLimit, Call: op.CallGasLimit, PreVerification: op.PreVerificationGas}, f, v)
		if err != nil {
			t.Fatalf("%s\ncannot be built: %v", b, err)
		}
		rebuilt, err := evm.NewUnsigned(safe, again, v, 0)
		if err != nil || !bytes.Equal(rebuilt.Bytes, b) {
			t.Fatalf("\n%s\nis built as\n%s (%v)", b, rebuilt.Bytes, err)
		}
	})
}

func FuzzUserOperation(f *testing.F) {
	op, _ := build(f, intentOf(tokenPayment(alice, 5)))
	op.Signature = []byte{1, 2}
	op.Factory, op.FactoryData = &alice, []byte{3}
	op.Paymaster, op.PaymasterData = &token, []byte{4}
	encoded, err := json.Marshal(op)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(encoded)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, partial := range []bool{false, true} {
			op, err := evm.DecodeUserOperation(b, partial)
			if err != nil {
				continue
			}
			encoded, err := json.Marshal(op)
			if err != nil {
				t.Fatal(err)
			}
			again, err := evm.DecodeUserOperation(encoded, false)
			if err != nil || again.Hash(alice, 1) != op.Hash(alice, 1) || !bytes.Equal(again.Signature, op.Signature) {
				t.Fatalf("%s\nbecomes\n%s (%v)", b, encoded, err)
			}
		}
	})
}

func TestUserOperationJSON(t *testing.T) {
	op, _ := build(t, intentOf(tokenPayment(alice, 5)))
	op.Signature = []byte{0xab}
	encoded, err := json.Marshal(op)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"sender":"0x5afe000000000000000000000000000000000001","nonce":"0x70000000000000003","callData":"` +
		hexutil.Encode(op.CallData) + `","callGasLimit":"0x249f0","verificationGasLimit":"0x30d40","preVerificationGas":"0xea60",` +
		`"maxFeePerGas":"0x6fc23ac00","maxPriorityFeePerGas":"0x3b9aca00","signature":"0xab"}`
	if string(encoded) != want {
		t.Errorf("\n got %s\nwant %s", encoded, want)
	}
	for name, bad := range map[string]string{
		"missing field nonce":                 strings.Replace(want, `"nonce":"0x70000000000000003",`, "", 1),
		"missing field signature":             strings.Replace(want, `,"signature":"0xab"`, "", 1),
		"missing field callGasLimit":          strings.Replace(want, `"callGasLimit":"0x249f0",`, "", 1),
		"factoryData without a factory":       strings.Replace(want, `"callData"`, `"factoryData":"0x","callData"`, 1),
		"paymaster fields without":            strings.Replace(want, `"callData"`, `"paymasterData":"0x","callData"`, 1),
		"unknown field":                       strings.Replace(want, `"callData"`, `"initCode":"0x","callData"`, 1),
		"must be below 2^128":                 strings.Replace(want, `"0x6fc23ac00"`, `"0x1`+strings.Repeat("0", 32)+`"`, 1),
		"hex number > 64 bits":                strings.Replace(want, `"0x249f0"`, `"0x1`+strings.Repeat("0", 16)+`"`, 1),
		"missing field paymasterPostOpGasLim": strings.Replace(want, `"callData"`, `"paymaster":"`+alice.Hex()+`","paymasterVerificationGasLimit":"0x1","callData"`, 1),
	} {
		if _, err := evm.DecodeUserOperation([]byte(bad), false); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	partial := strings.Replace(want, `"callGasLimit":"0x249f0",`, "", 1)
	if got, err := evm.DecodeUserOperation([]byte(partial), true); err != nil || got.CallGasLimit != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

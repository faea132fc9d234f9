package evm_test

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/accounts/abi/bind/v2"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

// readSafe reads the wallet of a chain.
func (c *chain) readSafe(t *testing.T) evm.Safe {
	t.Helper()
	safe, err := evm.ReadSafe(t.Context(), c.client, c.wallet)
	if err != nil {
		t.Fatal(err)
	}
	return safe
}

// intent pays from the chain's wallet in the slot that is next in a lane.
func (c *chain) intent(t *testing.T, lane string, payments ...coffer.Payment) coffer.Intent {
	t.Helper()
	sequence, err := c.client.Nonce(t.Context(), c.wallet, lane)
	if err != nil {
		t.Fatal(err)
	}
	i := intentOf(payments...)
	i.Wallet, i.Slot = evm.AddressOf(c.wallet), coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: lane, Sequence: sequence}
	i.Expires = time.Now().Add(time.Hour).Truncate(time.Second)
	return i
}

func (c *chain) pays(to common.Address, n uint64) coffer.Payment {
	return coffer.Payment{Asset: evm.TokenAsset("eip155:31337", c.Token), To: evm.AddressOf(to), Amount: amount(n)}
}

// unsigned builds an intent with plenty of gas.
func (c *chain) unsigned(t *testing.T, safe evm.Safe, i coffer.Intent) coffer.Unsigned {
	t.Helper()
	v := evm.Validity{Until: i.Expires}
	op, err := evm.BuildUserOp(i, safe, evm.Gas{Verification: 300_000, Call: 400_000, PreVerification: 80_000}, fees, v)
	if err != nil {
		t.Fatal(err)
	}
	u, err := evm.NewUnsigned(safe, op, v, 0)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// sign is what a signer answers.
func sign(t *testing.T, u coffer.Unsigned, safe evm.Safe, keys ...*ecdsa.PrivateKey) []coffer.Signature {
	t.Helper()
	effects, err := evm.NewExplainer(evm.ExplainConfig{
		Chain: safe.Chain, Native: safe.Native, EntryPoint: safe.EntryPoint, Module: safe.Module, MultiSend: safe.MultiSend,
		Wallets: []common.Address{safe.Address},
	}).Explain(u)
	if err != nil {
		t.Fatal(err)
	}
	var signatures []coffer.Signature
	for _, key := range keys {
		b, err := crypto.Sign(effects.Digests[0][:], key)
		if err != nil {
			t.Fatal(err)
		}
		b[64] += 27
		signatures = append(signatures, coffer.Signature{
			Signer: "test", Key: crypto.PubkeyToAddress(key.PublicKey).Hex(), Digest: effects.Digests[0], Bytes: b,
		})
	}
	return signatures
}

// bundle sends operations to the EntryPoint and returns the block they are in.
func (c *chain) bundle(t *testing.T, signed ...coffer.Signed) coffer.Block {
	t.Helper()
	var ops []bindings.PackedUserOperation
	for _, s := range signed {
		op, err := evm.DecodeUserOperation(s.Bytes, false)
		if err != nil {
			t.Fatal(err)
		}
		if hash := op.Hash(c.EntryPoint, 31337); hash != s.ID {
			t.Fatalf("operation %s is called %s", hash, s.ID)
		}
		ops = append(ops, op.Pack())
	}
	data := bindings.NewEntryPoint().PackHandleOps(ops, c.Faucet())
	receipt, err := c.Send(t.Context(), devnet.Call{To: &c.EntryPoint, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	return c.block(t, receipt.BlockHash)
}

func TestReadSafe(t *testing.T) {
	c := newChain(t)
	safe := c.readSafe(t)
	if safe.Threshold != 2 || len(safe.Owners) != 3 || safe.Owners[1] != crypto.PubkeyToAddress(c.owners[1].PublicKey) {
		t.Errorf("%+v", safe)
	}
	for name, address := range map[string]common.Address{"nothing there": {0x99}, "a token": c.Token} {
		if safe, err := evm.ReadSafe(t.Context(), c.client, address); err == nil {
			t.Errorf("%s: %+v", name, safe)
		}
	}
	other := c.config
	other.Module = c.SafeModuleSetup
	client, err := evm.Dial(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := evm.ReadSafe(t.Context(), client, c.wallet); err == nil || !strings.Contains(err.Error(), "is not enabled") {
		t.Errorf("another module: %v", err)
	}
}

func TestHashesAreTheContracts(t *testing.T) {
	c := newChain(t)
	op, _ := build(t, intentOf(tokenPayment(alice, 5)))
	op.Factory, op.FactoryData = &alice, []byte{1, 2}
	op.Paymaster, op.PaymasterVerificationGasLimit, op.PaymasterPostOpGasLimit, op.PaymasterData = &token, 7, 8, []byte{9}
	v := evm.Validity{After: time.Unix(1_700_000_000, 0), Until: time.Unix(1_800_000_000, 0)}
	digest, err := op.SafeOpDigest(31337, c.Safe4337Module, c.EntryPoint, v)
	if err != nil {
		t.Fatal(err)
	}
	opts := &bind.CallOpts{Context: t.Context()}
	entryPoint, module := bindings.NewEntryPoint(), bindings.NewSafe4337Module()
	onChain, err := bind.Call(entryPoint.Instance(c.Eth(), c.EntryPoint), opts, entryPoint.PackGetUserOpHash(op.Pack()), entryPoint.UnpackGetUserOpHash)
	if err != nil || coffer.Hash(onChain) != op.Hash(c.EntryPoint, 31337) {
		t.Errorf("userOpHash %s, the EntryPoint says %x (%v)", op.Hash(c.EntryPoint, 31337), onChain, err)
	}
	op.Signature = common.FromHex("0x00006553f10000006b49d200") // the two times, 6 bytes each
	onChain, err = bind.Call(module.Instance(c.Eth(), c.Safe4337Module), opts, module.PackGetOperationHash(op.Pack()), module.UnpackGetOperationHash)
	if err != nil || coffer.Hash(onChain) != digest {
		t.Errorf("SafeOp digest %s, the module says %x (%v)", digest, onChain, err)
	}
}

func TestUserOperationsPayAndTheirOutcomesAreRead(t *testing.T) {
	c := newChain(t)
	safe := c.readSafe(t)
	if _, err := c.Issue(t.Context(), c.Contracts, c.wallet, units(1000)); err != nil {
		t.Fatal(err)
	}
	for _, fund := range []func() error{
		func() error { _, err := c.DepositTo(t.Context(), c.Contracts, c.wallet, big.NewInt(1e18)); return err },
		func() error { _, err := c.FundNative(t.Context(), c.wallet, big.NewInt(500)); return err },
	} {
		if err := fund(); err != nil {
			t.Fatal(err)
		}
	}
	one := c.unsigned(t, safe, c.intent(t, "0x0", c.pays(common.Address{0x71}, 300)))
	several := c.unsigned(t, safe, c.intent(t, "0xb0b", c.pays(common.Address{0x72}, 100), nativePayment(common.Address{0x73}, 44), c.pays(common.Address{0x74}, 50)))
	tooMuch := c.unsigned(t, safe, c.intent(t, "0x2", c.pays(common.Address{0x75}, 5000)))
	var signed []coffer.Signed
	for n, u := range []coffer.Unsigned{one, several, tooMuch} {
		s, err := evm.Finalize(u, safe, sign(t, u, safe, c.owners[n], c.owners[(n+1)%3]))
		if err != nil {
			t.Fatal(err)
		}
		signed = append(signed, s)
	}

	block := c.bundle(t, signed...)

	if len(block.Outcomes) != 4 {
		t.Fatalf("%d outcomes, want the transaction's and three operations'", len(block.Outcomes))
	}
	operations := map[coffer.Hash]coffer.Outcome{}
	for _, outcome := range block.Outcomes[1:] {
		operations[outcome.ID] = outcome
	}
	lanes := []string{"0x0", "0xb0b", "0x2"}
	transfers := []int{1, 2, 0} // token transfers inside each operation's logs
	end := uint32(0)
	for n, s := range signed {
		got := operations[s.ID]
		if got.Sender != safe.Name() || got.Success != (n < 2) || got.Tx != block.Outcomes[0].Tx || got.Fee.IsZero() ||
			got.Slot != (coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: lanes[n]}) {
			t.Errorf("operation %d: %+v", n, got)
		}
		if got.FirstLog < end || got.EndLog <= got.FirstLog || got.EndLog > block.Outcomes[0].EndLog {
			t.Errorf("operation %d has logs %d to %d, the one before ends at %d", n, got.FirstLog, got.EndLog, end)
		}
		end = got.EndLog
		inside := 0
		for _, transfer := range block.Transfers {
			ordinal, err := new(big.Int).SetString(strings.TrimPrefix(transfer.Ref, "log:"), 10)
			if err && ordinal.Uint64() >= uint64(got.FirstLog) && ordinal.Uint64() < uint64(got.EndLog) {
				inside++
			}
		}
		if inside != transfers[n] {
			t.Errorf("operation %d: %d transfers among its logs, want %d", n, inside, transfers[n])
		}
	}
	// TestToken's InsufficientBalance(account, balance, needed), by its selector.
	if reason := operations[signed[2].ID].Reason; !strings.HasPrefix(reason, "0xdb42144d") {
		t.Errorf("reason %q", reason)
	}
	if balance, err := c.Eth().BalanceAt(t.Context(), common.Address{0x73}, nil); err != nil || balance.Int64() != 44 {
		t.Errorf("native payment arrived as %v, %v", balance, err)
	}
	if next, err := c.client.Nonce(t.Context(), c.wallet, "0xb0b"); err != nil || next != 1 {
		t.Errorf("next sequence %d, %v; want 1", next, err)
	}
}

func TestFinalizeTakesGoodSignaturesOnly(t *testing.T) {
	keys := make([]*ecdsa.PrivateKey, 4) // the last one is a stranger's
	wallet := safe
	wallet.Owners = nil
	for n := range keys {
		key, err := crypto.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		keys[n] = key
		if n < 3 {
			wallet.Owners = append(wallet.Owners, crypto.PubkeyToAddress(key.PublicKey))
		}
	}
	_, u := build(t, intentOf(tokenPayment(alice, 5)))
	all := sign(t, u, wallet, keys...)
	signed, err := evm.Finalize(u, wallet, all[:3])
	if err != nil {
		t.Fatal(err)
	}
	op, err := evm.DecodeUserOperation(signed.Bytes, false)
	if err != nil {
		t.Fatal(err)
	}
	sorted := slices.SortedFunc(slices.Values(all[:3]), func(a, b coffer.Signature) int {
		return common.HexToAddress(a.Key).Cmp(common.HexToAddress(b.Key))
	})
	want := append(common.FromHex("0x00000000000000006"+big.NewInt(expires.Unix()).Text(16)[1:]), sorted[0].Bytes...)
	if want = append(want, sorted[1].Bytes...); !bytes.Equal(op.Signature, want) {
		t.Errorf("signature\n got %x\nwant %x", op.Signature, want)
	}

	change := func(f func(*coffer.Signature)) []coffer.Signature {
		bad := all[1]
		bad.Bytes = bytes.Clone(bad.Bytes)
		f(&bad)
		return []coffer.Signature{all[0], bad, all[2]}
	}
	highS := func(s *coffer.Signature) {
		n := new(big.Int).Sub(crypto.S256().Params().N, new(big.Int).SetBytes(s.Bytes[32:64]))
		n.FillBytes(s.Bytes[32:64])
		s.Bytes[64] ^= 27 ^ 28
	}
	for name, signatures := range map[string][]coffer.Signature{
		"a stranger's":          {all[0], all[1], all[3]},
		"of another digest":     change(func(s *coffer.Signature) { s.Digest[0]++ }),
		"under another's name":  change(func(s *coffer.Signature) { s.Key = all[0].Key }),
		"under no name":         change(func(s *coffer.Signature) { s.Key = "" }),
		"changed":               change(func(s *coffer.Signature) { s.Bytes[5]++ }),
		"short":                 change(func(s *coffer.Signature) { s.Bytes = s.Bytes[:64] }),
		"long":                  change(func(s *coffer.Signature) { s.Bytes = append(s.Bytes, 0) }),
		"v 0 or 1":              change(func(s *coffer.Signature) { s.Bytes[64] -= 27 }),
		"v of eth_sign":         change(func(s *coffer.Signature) { s.Bytes[64] += 4 }),
		"s in the upper half":   change(highS),
		"r and s zero":          change(func(s *coffer.Signature) { clear(s.Bytes[:64]) }),
		"an approved hash's":    change(func(s *coffer.Signature) { copy(s.Bytes, make([]byte, 64)); s.Bytes[64] = 1 }),
		"a contract's":          change(func(s *coffer.Signature) { s.Bytes[64] = 0 }),
		"in lower-case letters": change(func(s *coffer.Signature) { s.Key = strings.ToLower(s.Key) }),
	} {
		if _, err := evm.Finalize(u, wallet, signatures); !errors.Is(err, evm.ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", name, err)
		}
	}
	for name, signatures := range map[string][]coffer.Signature{"none": nil, "one": all[:1], "one twice": {all[0], all[0]}} {
		if _, err := evm.Finalize(u, wallet, signatures); !errors.Is(err, evm.ErrThreshold) {
			t.Errorf("%s: %v, want ErrThreshold", name, err)
		}
	}
	if again, err := evm.Finalize(u, wallet, []coffer.Signature{all[2], all[0]}); err != nil || again.ID != signed.ID {
		t.Errorf("other owners: %s, %v; want the same id %s", again.ID, err, signed.ID)
	}
}

package signer

import (
	"encoding/hex"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/cofferhq/coffer"
)

// bundle is handleOps([], beneficiary) at 0.05 ether of gas.
func bundle(nonce uint64, beneficiary common.Address) *types.DynamicFeeTx {
	to := common.HexToAddress(entryPoint)
	data := append([]byte{}, handleOps...)
	data = append(data, common.LeftPadBytes([]byte{0x40}, 32)...)
	data = append(data, common.LeftPadBytes(beneficiary[:], 32)...)
	data = append(data, make([]byte, 32)...)
	return &types.DynamicFeeTx{
		ChainID: big.NewInt(31337), Nonce: nonce, Gas: 1_000_000, GasFeeCap: big.NewInt(50_000_000_000), GasTipCap: big.NewInt(1),
		To: &to, Value: new(big.Int), Data: data,
	}
}

// The selector of EntryPoint v0.7's handleOps, as block explorers show it.
func TestHandleOpsSelector(t *testing.T) {
	if got := hex.EncodeToString(handleOps); got != "765e827f" {
		t.Errorf("selector %s", got)
	}
}

func TestExecutorSignsBundlesOnly(t *testing.T) {
	f := newFixture(t, "one").start()
	x, err := f.client.Executor(t.Context(), testChain)
	f.must(err)
	other := common.HexToAddress("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
	chainID := big.NewInt(31337)

	tx := types.NewTx(bundle(0, x.Address()))
	signed, err := x.SignTx(t.Context(), tx, chainID)
	f.must(err)
	from, err := types.Sender(types.NewLondonSigner(chainID), signed)
	if err != nil || from != x.Address() || signed.Nonce() != 0 || string(signed.Data()) != string(tx.Data()) {
		t.Fatalf("signed by %s: %v", from, err)
	}
	before := f.info()
	if _, err := x.SignTx(t.Context(), tx, chainID); err != nil || f.info().Head != before.Head {
		t.Errorf("asking again: %v, log %d", err, f.info().Sequence)
	}

	edited := func(edit func(*types.DynamicFeeTx)) types.TxData {
		b := bundle(1, x.Address())
		edit(b)
		return b
	}
	to := common.HexToAddress(entryPoint)
	attacks := map[string]types.TxData{
		"another chain":       edited(func(b *types.DynamicFeeTx) { b.ChainID = big.NewInt(1) }),
		"another contract":    edited(func(b *types.DynamicFeeTx) { b.To = &other }),
		"a deployment":        edited(func(b *types.DynamicFeeTx) { b.To = nil }),
		"value":               edited(func(b *types.DynamicFeeTx) { b.Value = big.NewInt(1) }),
		"another function":    edited(func(b *types.DynamicFeeTx) { b.Data[0] ^= 1 }),
		"no data":             edited(func(b *types.DynamicFeeTx) { b.Data = nil }),
		"cut short":           edited(func(b *types.DynamicFeeTx) { b.Data = b.Data[:67] }),
		"another beneficiary": bundle(1, other),
		"dirty beneficiary":   edited(func(b *types.DynamicFeeTx) { b.Data[36] = 1 }),
		"too dear":            edited(func(b *types.DynamicFeeTx) { b.GasFeeCap = big.NewInt(100_000_000_001) }),
		"price overflow":      edited(func(b *types.DynamicFeeTx) { b.GasFeeCap = new(big.Int).Lsh(big.NewInt(1), 255) }),
		"too much gas":        edited(func(b *types.DynamicFeeTx) { b.Gas, b.GasFeeCap = 16_777_217, big.NewInt(1) }),
		"an access list":      edited(func(b *types.DynamicFeeTx) { b.AccessList = types.AccessList{{Address: other}} }),
		"too long":            edited(func(b *types.DynamicFeeTx) { b.Data = append(b.Data, make([]byte, maxTransactionBytes)...) }),
		"an old transaction": &types.LegacyTx{Nonce: 1, Gas: 1_000_000, GasPrice: big.NewInt(1), To: &to, Value: new(big.Int),
			Data: bundle(1, x.Address()).Data},
	}
	for name, data := range attacks {
		if _, err := x.SignTx(t.Context(), types.NewTx(data), chainID); err == nil {
			t.Errorf("%s: was signed", name)
		} else if code := coffer.ErrorCode(err); code != coffer.CodeInvalid && code != coffer.CodeLimit {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f.info().Head != before.Head {
		t.Error("a refusal moved the log")
	}
	if _, err := f.client.Executor(t.Context(), "eip155:1"); coffer.ErrorCode(err) != coffer.CodeNotFound {
		t.Errorf("an executor on a chain without one: %v", err)
	}
}

func TestExecutorHasADailyCap(t *testing.T) {
	f := newFixture(t, "one").start()
	x, err := f.client.Executor(t.Context(), testChain)
	f.must(err)
	sign := func(nonce uint64, gwei int64) error {
		b := bundle(nonce, x.Address())
		b.GasFeeCap = big.NewInt(gwei * 1_000_000_000)
		_, err := x.SignTx(t.Context(), types.NewTx(b), b.ChainID)
		return err
	}

	for nonce := range uint64(4) { // 4 × 0.05 ether of 0.25
		f.must(sign(nonce, 50))
	}
	f.must(sign(3, 80)) // a replacement counts what it adds
	f.must(sign(3, 100))
	if err := sign(4, 1); coffer.ErrorCode(err) != coffer.CodePolicy {
		t.Errorf("above the daily cap: %v", err)
	}
	f.restart()
	if x, err = f.client.Executor(t.Context(), testChain); err != nil {
		t.Fatal(err)
	}
	if err := sign(4, 1); coffer.ErrorCode(err) != coffer.CodePolicy {
		t.Errorf("above the daily cap after a restart: %v", err)
	}
	f.clock.add(24 * time.Hour)
	f.must(sign(4, 1))
}

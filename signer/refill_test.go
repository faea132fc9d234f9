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

const otherExecutor = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"

// payment is a transaction of 21,000 gas at 50 gwei.
func payment(nonce uint64, to common.Address, value string, data []byte) *types.DynamicFeeTx {
	return &types.DynamicFeeTx{
		ChainID: big.NewInt(31337), Nonce: nonce, Gas: 21_000, GasFeeCap: big.NewInt(50_000_000_000), GasTipCap: big.NewInt(1),
		To: &to, Value: wei(value).Int().ToBig(), Data: data,
	}
}

func depositFor(account common.Address) []byte {
	return append(append([]byte{}, depositTo...), common.LeftPadBytes(account[:], 32)...)
}

// The selector of EntryPoint v0.7's depositTo, as block explorers show it.
func TestDepositToSelector(t *testing.T) {
	if got := hex.EncodeToString(depositTo); got != "b760faf9" {
		t.Errorf("selector %s", got)
	}
}

func TestExecutorMovesGasMoneyOnlyBetweenPinnedAccounts(t *testing.T) {
	f := newFixture(t, "one").start()
	x, err := f.client.Executor(t.Context(), testChain)
	f.must(err)
	chainID := big.NewInt(31337)
	point, wallet, peer := common.HexToAddress(entryPoint), common.HexToAddress(f.cfg.Chains[0].Wallets[0]), common.HexToAddress(otherExecutor)
	stranger := common.HexToAddress("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")

	for name, good := range map[string]*types.DynamicFeeTx{
		"a nonce used up":      payment(0, x.Address(), "0", nil),
		"a deposit":            payment(1, point, "0.5", depositFor(wallet)),
		"gas of another one":   payment(2, peer, "0.5", nil),
		"a nonce used up dear": payment(0, x.Address(), "0", nil),
	} {
		if _, err := x.SignTx(t.Context(), types.NewTx(good), chainID); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}

	before := f.info()
	dirty := depositFor(wallet)
	dirty[4] = 1
	for name, bad := range map[string]*types.DynamicFeeTx{
		"a payment to a stranger":        payment(3, stranger, "0.1", nil),
		"a payment to a wallet":          payment(3, wallet, "0.1", nil),
		"nothing to a stranger":          payment(3, stranger, "0", nil),
		"a payment to itself":            payment(3, x.Address(), "0.1", nil),
		"data to itself":                 payment(3, x.Address(), "0", []byte{1}),
		"data to another executor":       payment(3, peer, "0.1", []byte{1}),
		"nothing to another executor":    payment(3, peer, "0", nil),
		"more than the cap":              payment(3, peer, "0.500000000000000001", nil),
		"a deposit above the cap":        payment(3, point, "0.500000000000000001", depositFor(wallet)),
		"a deposit for a stranger":       payment(3, point, "0.1", depositFor(stranger)),
		"a deposit for an executor":      payment(3, point, "0.1", depositFor(peer)),
		"a deposit with a dirty word":    payment(3, point, "0.1", dirty),
		"a deposit that is too long":     payment(3, point, "0.1", append(depositFor(wallet), 0)),
		"a deposit without an account":   payment(3, point, "0.1", depositTo),
		"value without a call":           payment(3, point, "0.1", nil),
		"a deposit of nothing":           payment(3, point, "0", depositFor(wallet)),
		"value with a bundle":            payment(3, point, "0.1", bundle(3, x.Address()).Data),
		"a stake (addStake(uint32))":     payment(3, point, "0.1", append(common.FromHex("0x0396cb60"), make([]byte, 32)...)),
		"a withdrawal of the executor's": payment(3, point, "0", append(common.FromHex("0x205c2878"), make([]byte, 64)...)),
	} {
		if _, err := x.SignTx(t.Context(), types.NewTx(bad), chainID); coffer.ErrorCode(err) != coffer.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f.info().Head != before.Head {
		t.Error("a refusal moved the log")
	}
}

func TestMovedGasMoneyHasADailyCap(t *testing.T) {
	f := newFixture(t, "one").start()
	x, err := f.client.Executor(t.Context(), testChain)
	f.must(err)
	peer := common.HexToAddress(otherExecutor)
	sign := func(nonce uint64, value string) error {
		_, err := x.SignTx(t.Context(), types.NewTx(payment(nonce, peer, value, nil)), big.NewInt(31337))
		return err
	}
	f.must(sign(0, "0.3"))
	f.must(sign(0, "0.5")) // a replacement: only one of them lands
	f.must(sign(1, "0.5"))
	if err := sign(2, "0.201"); coffer.ErrorCode(err) != coffer.CodePolicy {
		t.Errorf("above the daily cap: %v", err)
	}
	f.restart()
	if x, err = f.client.Executor(t.Context(), testChain); err != nil {
		t.Fatal(err)
	}
	if err := sign(2, "0.201"); coffer.ErrorCode(err) != coffer.CodePolicy {
		t.Errorf("above the daily cap after a restart: %v", err)
	}
	f.must(sign(2, "0.2"))
	_, err = x.SignTx(t.Context(), types.NewTx(payment(3, x.Address(), "0", nil)), big.NewInt(31337))
	f.must(err) // nonces can be used up all the same
	f.clock.add(24 * time.Hour)
	f.must(sign(4, "0.5"))
}

package relayer_test

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
)

// patientBundler keeps operations until it is told to bundle, the best one of each nonce, and
// gives them again after a reorganisation when somebody sends them again.
type patientBundler struct {
	*miniBundler
	waiting []evm.UserOperation
	bundled []coffer.Hash
}

var errUnderpriced = errors.New("userop: replacement underpriced")

func (b *patientBundler) SendUserOperation(_ context.Context, op evm.UserOperation, entryPoint common.Address) (coffer.Hash, error) {
	hash := op.Hash(entryPoint, b.anvil.ChainID)
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.Contains(b.bundled, hash) {
		return hash, nil
	}
	for i, known := range b.waiting {
		switch {
		case known.Hash(entryPoint, b.anvil.ChainID) == hash:
			return hash, nil
		case known.Slot() != op.Slot():
		case known.MaxFeePerGas.Cmp(&op.MaxFeePerGas) >= 0:
			return coffer.Hash{}, errUnderpriced
		default:
			b.waiting[i] = op
			return hash, nil
		}
	}
	b.waiting = append(b.waiting, op)
	return hash, nil
}

// bundle gives the node what waits, in blocks of its own. An operation whose nonce is used is
// forgotten.
func (b *patientBundler) bundle(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, op := range b.waiting {
		data := bindings.NewEntryPoint().PackHandleOps([]bindings.PackedUserOperation{op.Pack()}, b.anvil.Faucet())
		if _, err := b.anvil.Send(t.Context(), devnet.Call{To: &b.contracts.EntryPoint, Data: data}); err == nil {
			b.bundled = append(b.bundled, op.Hash(b.contracts.EntryPoint, b.anvil.ChainID))
		}
	}
	b.waiting = nil
}

// forget is what a reorganisation does: what was bundled may be sent again.
func (b *patientBundler) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bundled = nil
}

func TestAUserOperationIsSentAsOnAnyChain(t *testing.T) {
	c := newChain(t)
	bundler := &patientBundler{miniBundler: c.bundler}
	c.wallet = c.newWallet(t, bundler)
	addresses, lanes := int64(0x2000), int64(0)
	chaintest.RunSender(t, chaintest.Sender{
		Source: c.source,
		Wallet: c.wallet,
		Explainer: evm.NewExplainer(evm.ExplainConfig{
			Chain: chainID, Native: native, EntryPoint: c.EntryPoint, Module: c.Safe4337Module, MultiSend: c.MultiSendCallOnly,
			Wallets: []common.Address{c.safe.Address},
		}),
		Payments: func(_ *testing.T, amounts ...uint64) []coffer.Payment {
			var payments []coffer.Payment
			for _, amount := range amounts {
				addresses++
				payments = append(payments, coffer.Payment{Asset: c.token(), To: evm.AddressOf(common.BigToAddress(big.NewInt(addresses))), Amount: coffer.NewAmount(amount)})
			}
			return payments
		},
		Intent: func(t *testing.T, payments []coffer.Payment) coffer.Intent {
			t.Helper()
			lanes++
			return c.intent(t, "0x"+big.NewInt(lanes).Text(16), payments...)
		},
		Sign: func(t *testing.T, u coffer.Unsigned, others bool) []coffer.Signature {
			t.Helper()
			owners := c.owners[:2]
			if others {
				owners = c.owners[1:]
			}
			digest := c.explain(t, u).Digests[0]
			var signatures []coffer.Signature
			for _, key := range owners {
				b, err := crypto.Sign(digest[:], key)
				if err != nil {
					t.Fatal(err)
				}
				b[64] += 27
				signatures = append(signatures, coffer.Signature{Key: crypto.PubkeyToAddress(key.PublicKey).Hex(), Digest: digest, Bytes: b})
			}
			return signatures
		},
		Mine: func(t *testing.T, n int) {
			t.Helper()
			bundler.bundle(t)
			if err := c.Mine(t.Context(), uint64(n)); err != nil {
				t.Fatal(err)
			}
		},
		Reorg: func(t *testing.T, depth, grow int) {
			t.Helper()
			bundler.forget()
			// what was bundled is in a block of its own, below the ones that were mined
			if err := c.Reorg(t.Context(), uint64(depth+1)); err != nil {
				t.Fatal(err)
			}
			if err := c.Mine(t.Context(), uint64(grow-depth)); err != nil {
				t.Fatal(err)
			}
		},
	})
}

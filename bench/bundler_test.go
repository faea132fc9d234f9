package bench

import (
	"context"
	"crypto/ecdsa"
	"log/slog"
	"math/big"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bundler"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/postgres/postgrestest"
)

// pipelineWorld is a node with a 2-of-3 Safe that has gas money, and a bundler for it.
type pipelineWorld struct {
	owners  devnet.Owners
	safe    evm.Safe
	token   common.Address
	bundler *bundler.Bundler
}

func newPipelineWorld(b *testing.B) *pipelineWorld {
	b.Helper()
	ctx := b.Context()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	anvil, err := devnet.Start(ctx, devnet.Config{})
	must(err)
	b.Cleanup(func() { _ = anvil.Stop(context.Background()) })
	c, err := anvil.Deploy(ctx)
	must(err)
	w := &pipelineWorld{token: c.Token}
	w.owners, err = devnet.NewOwners(3)
	must(err)
	address, err := anvil.CreateSafe(ctx, c, w.owners.Addresses(), 2, 0)
	must(err)
	_, err = anvil.Issue(ctx, c, address, big.NewInt(1_000_000))
	must(err)
	_, err = anvil.DepositTo(ctx, c, address, new(big.Int).Mul(big.NewInt(1000), big.NewInt(1e18)))
	must(err)
	config := evm.Config{
		Chain: "eip155:31337", Native: "eip155:31337/slip44:60", EntryPoint: c.EntryPoint,
		Module: c.Safe4337Module, MultiSend: c.MultiSendCallOnly, URLs: []string{anvil.URL},
	}
	client, err := evm.Dial(ctx, config)
	must(err)
	b.Cleanup(client.Close)
	w.safe, err = evm.ReadSafe(ctx, client, address)
	must(err)
	key, err := crypto.GenerateKey()
	must(err)
	w.bundler, err = bundler.New(ctx, bundler.Config{
		DB: postgrestest.New(b), Client: client, EntryPoint: c.EntryPoint, Executors: []bundler.Executor{benchKey{key}}, Clock: time.Now,
		Senders: []common.Address{address}, Limits: bundler.Limits{MaxPool: 1 << 20}, Log: slog.New(slog.DiscardHandler),
	})
	must(err)
	return w
}

type benchKey struct{ private *ecdsa.PrivateKey }

func (k benchKey) Address() common.Address { return crypto.PubkeyToAddress(k.private.PublicKey) }

func (k benchKey) SignTx(_ context.Context, tx *types.Transaction, chainID *big.Int) (*types.Transaction, error) {
	return types.SignTx(tx, types.LatestSignerForChainID(chainID), k.private)
}

// operation is a signed payment in a lane of its own; a stranger signs when forged.
func (w *pipelineWorld) operation(b *testing.B, lane int, forged bool) evm.UserOperation {
	b.Helper()
	intent := coffer.Intent{
		ID: "po_" + strconv.Itoa(lane), Chain: w.safe.Chain, Wallet: w.safe.Name(), Path: coffer.PathUserOp,
		Slot:    coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: "0x" + strconv.FormatInt(int64(lane), 16)},
		Purpose: coffer.PurposeOrders, FeeBound: coffer.NewAmount(1e18), Expires: time.Now().Add(time.Hour).Truncate(time.Second),
		Payments: []coffer.Payment{{Asset: evm.TokenAsset(w.safe.Chain, w.token), To: evm.AddressOf(common.Address{0x77}), Amount: coffer.NewAmount(1)}},
	}
	fees := evm.Fees{Max: coffer.NewAmount(50e9), Priority: coffer.NewAmount(1e9)}
	op, err := evm.BuildUserOp(intent, w.safe, evm.Gas{Verification: 200_000, Call: 150_000, PreVerification: 70_000}, fees, evm.Validity{Until: intent.Expires})
	if err != nil {
		b.Fatal(err)
	}
	unsigned, err := evm.NewUnsigned(w.safe, op, evm.Validity{Until: intent.Expires}, 0)
	if err != nil {
		b.Fatal(err)
	}
	digest, err := op.SafeOpDigest(31337, w.safe.Module, w.safe.EntryPoint, evm.Validity{Until: intent.Expires})
	if err != nil {
		b.Fatal(err)
	}
	var signatures []coffer.Signature
	for _, key := range w.owners[:2] {
		signature, err := crypto.Sign(digest[:], key)
		if err != nil {
			b.Fatal(err)
		}
		signature[64] += 27
		signatures = append(signatures, coffer.Signature{Key: crypto.PubkeyToAddress(key.PublicKey).Hex(), Digest: digest, Bytes: signature})
	}
	signed, err := evm.Finalize(unsigned, w.safe, signatures)
	if err != nil {
		b.Fatal(err)
	}
	whole, err := evm.DecodeUserOperation(signed.Bytes, false)
	if err != nil {
		b.Fatal(err)
	}
	if forged {
		whole.CallData = append(slices.Clone(whole.CallData[:len(whole.CallData)-1]), whole.CallData[len(whole.CallData)-1]^1)
	}
	return whole
}

// BenchmarkOperationPipeline measures how many user operations the bundler checks in a
// second: good ones, which the node simulates and the database stores, and forged ones,
// which the check of the owners' signatures stops. Each is in a lane of its own; so many
// callers send at once.
func BenchmarkOperationPipeline(b *testing.B) {
	const callers = 64
	for name, forged := range map[string]bool{"stored": false, "forged": true} {
		b.Run(name, func(b *testing.B) {
			w := newPipelineWorld(b)
			ops := make([]evm.UserOperation, b.N)
			for i := range ops {
				ops[i] = w.operation(b, i+1, forged)
			}
			good := w.operation(b, 0, false)
			if _, err := w.bundler.SendUserOperation(b.Context(), good, w.safe.EntryPoint); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			var group sync.WaitGroup
			next := make(chan evm.UserOperation)
			for range callers {
				group.Go(func() {
					for op := range next {
						if _, err := w.bundler.SendUserOperation(b.Context(), op, w.safe.EntryPoint); (err != nil) != forged {
							b.Errorf("forged: %v, got %v", forged, err)
						}
					}
				})
			}
			for _, op := range ops {
				next <- op
			}
			close(next)
			group.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "operations/s")
			b.ReportMetric(float64(runtime.GOMAXPROCS(0)), "cores")
		})
	}
}

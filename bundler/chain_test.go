package bundler_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/binary"
	"errors"
	"log/slog"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/bundler"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
)

// world is a fresh anvil with everything deployed, a 2-of-3 Safe with tokens and gas money,
// an executor with money, and an empty database.
type world struct {
	*devnet.Anvil
	devnet.Contracts
	t        *testing.T
	db       *postgres.DB
	client   *evm.Client
	owners   []*ecdsa.PrivateKey
	wallet   common.Address
	executor *key
	byHand   bool
}

var ether = big.NewInt(1e18)

func newWorld(t *testing.T) *world {
	t.Helper()
	a, err := devnet.Start(t.Context(), devnet.Config{})
	check(t, err)
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v\n%s", err, a.Logs())
		}
	})
	contracts, err := a.Deploy(t.Context())
	check(t, err)
	w := &world{Anvil: a, Contracts: contracts, t: t, db: postgrestest.New(t), executor: newKey(t)}

	var owners []common.Address
	for range 3 {
		owner := newKey(t)
		w.owners = append(w.owners, owner.private)
		owners = append(owners, owner.Address())
	}
	w.wallet, err = a.CreateSafe(t.Context(), contracts, owners, 2, 0)
	check(t, err)
	_, err = a.DepositTo(t.Context(), contracts, w.wallet, ether)
	check(t, err)
	_, err = a.Issue(t.Context(), contracts, w.wallet, big.NewInt(1_000_000))
	check(t, err)
	_, err = a.FundNative(t.Context(), w.executor.Address(), ether)
	check(t, err)

	w.client, err = evm.Dial(t.Context(), evm.Config{
		Chain: "eip155:31337", Native: "eip155:31337/slip44:60", EntryPoint: contracts.EntryPoint,
		Module: contracts.Safe4337Module, MultiSend: contracts.MultiSendCallOnly, URLs: []string{a.URL},
	})
	check(t, err)
	t.Cleanup(w.client.Close)
	return w
}

// bundler starts a bundler on the world's database, as a restart of the process would.
func (w *world) bundler(change ...func(*bundler.Config)) *bundler.Bundler {
	w.t.Helper()
	config := bundler.Config{
		DB: w.db, Client: w.client, EntryPoint: w.EntryPoint, Executors: []bundler.Executor{w.executor},
		Clock: tick(), Senders: []common.Address{w.wallet},
		Log: slog.New(slog.NewTextHandler(w.t.Output(), nil)),
	}
	for _, c := range change {
		c(&config)
	}
	b, err := bundler.New(w.t.Context(), config)
	check(w.t, err)
	return b
}

// tick is a clock that goes on by a second each time it is asked.
func tick() coffer.Clock {
	var mu sync.Mutex
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
}

// key is an executor whose key is in this process.
type key struct{ private *ecdsa.PrivateKey }

func newKey(t *testing.T) *key {
	t.Helper()
	private, err := crypto.GenerateKey()
	check(t, err)
	return &key{private}
}

func (k *key) Address() common.Address { return crypto.PubkeyToAddress(k.private.PublicKey) }

func (k *key) SignTx(_ context.Context, tx *types.Transaction, chainID *big.Int) (*types.Transaction, error) {
	return types.SignTx(tx, types.LatestSignerForChainID(chainID), k.private)
}

// payment is an unsigned operation that pays token units to a recipient, with a dummy
// signature of two owners and no gas limits.
func (w *world) payment(nonce *big.Int, to common.Address, units int64) bindings.PackedUserOperation {
	transfer := bindings.NewTestToken().PackTransfer(to, big.NewInt(units))
	return w.operation(nonce, bindings.NewSafe4337Module().PackExecuteUserOp(w.Token, new(big.Int), transfer, 0))
}

func (w *world) operation(nonce *big.Int, callData []byte) bindings.PackedUserOperation {
	op := bindings.PackedUserOperation{
		Sender: w.wallet, Nonce: nonce, CallData: callData,
		PreVerificationGas: new(big.Int), Signature: slices.Repeat([]byte{0xff}, 12+2*65),
	}
	setPair(&op.GasFees, gwei(2), gwei(40))
	return op
}

func gwei(n int64) *big.Int { return new(big.Int).Mul(big.NewInt(n), big.NewInt(1e9)) }

func setPair(pair *[32]byte, high, low *big.Int) {
	high.FillBytes(pair[:16])
	low.FillBytes(pair[16:])
}

func (w *world) signed(op bindings.PackedUserOperation, owners ...*ecdsa.PrivateKey) bindings.PackedUserOperation {
	return w.signedUntil(op, 0, owners...)
}

// signedUntil signs with the module's own hash of the operation.
func (w *world) signedUntil(op bindings.PackedUserOperation, until uint64, owners ...*ecdsa.PrivateKey) bindings.PackedUserOperation {
	w.t.Helper()
	op.Signature = append(make([]byte, 6), binary.BigEndian.AppendUint64(nil, until)[2:]...)
	module := bindings.NewSafe4337Module()
	out, err := module.Instance(w.Eth(), w.Safe4337Module).CallRaw(nil, module.PackGetOperationHash(op))
	check(w.t, err)
	sorted := slices.SortedFunc(slices.Values(owners), func(a, b *ecdsa.PrivateKey) int {
		return crypto.PubkeyToAddress(a.PublicKey).Cmp(crypto.PubkeyToAddress(b.PublicKey))
	})
	for _, owner := range sorted {
		signature, err := crypto.Sign(out, owner)
		check(w.t, err)
		signature[64] += 27
		op.Signature = append(op.Signature, signature...)
	}
	return op
}

// ready is a signed operation with the gas that the bundler estimates.
func (w *world) ready(b *bundler.Bundler, op bindings.PackedUserOperation) bindings.PackedUserOperation {
	w.t.Helper()
	gas, err := b.EstimateUserOperationGas(w.t.Context(), userOperation(op), w.EntryPoint)
	check(w.t, err)
	return w.signed(withEstimate(op, gas), w.owners[0], w.owners[2])
}

func (w *world) send(b *bundler.Bundler, op bindings.PackedUserOperation) coffer.Hash {
	w.t.Helper()
	hash, err := b.SendUserOperation(w.t.Context(), userOperation(op), w.EntryPoint)
	check(w.t, err)
	return hash
}

// settle steps until there is nothing to do. With automining it also waits for the node to
// mine what it holds, which it does a little after it has answered.
func (w *world) settle(b *bundler.Bundler) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 30*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		mined := w.byHand || w.poolIsEmpty()
		moved, err := b.Step(ctx)
		check(w.t, err)
		if !moved && mined {
			return
		}
	}
	w.t.Fatal("the bundler does not come to rest")
}

func (w *world) poolIsEmpty() bool {
	w.t.Helper()
	var status struct{ Pending, Queued hexutil.Uint64 }
	check(w.t, w.RPC().CallContext(w.t.Context(), &status, "txpool_status"))
	return status.Pending+status.Queued == 0
}

// mineByHand makes blocks come from Mine alone.
func (w *world) mineByHand() {
	w.t.Helper()
	check(w.t, w.SetAutomine(w.t.Context(), false))
	w.byHand = true
}

func (w *world) wantState(b *bundler.Bundler, hash coffer.Hash, want string) {
	w.t.Helper()
	found, err := b.UserOperationByHash(w.t.Context(), hash)
	check(w.t, err)
	if found == nil || found.State != want {
		w.t.Fatalf("operation %s is %v, want it %s", hash, found, want)
	}
}

func (w *world) wantBalance(of common.Address, units int64) {
	w.t.Helper()
	balance, err := w.TokenBalance(w.t.Context(), w.Contracts, of)
	check(w.t, err)
	if balance.Cmp(big.NewInt(units)) != 0 {
		w.t.Fatalf("%s holds %s units, want %d", of, balance, units)
	}
}

func (w *world) executorNonce() uint64 {
	w.t.Helper()
	nonce, err := w.Eth().NonceAt(w.t.Context(), w.executor.Address(), nil)
	check(w.t, err)
	return nonce
}

// count answers a question to the database that has a number as answer.
func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	check(w.t, w.db.Pool().QueryRow(w.t.Context(), query, args...).Scan(&n))
	return n
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantCounts wants so many bundles (executor nonces) and attempts in the database.
func (w *world) wantCounts(bundles, attempts int) {
	w.t.Helper()
	if got := w.count("select count(*) from bundler_bundles"); got != bundles {
		w.t.Errorf("%d bundles, want %d", got, bundles)
	}
	if got := w.count("select count(*) from bundler_attempts"); got != attempts {
		w.t.Errorf("%d attempts, want %d", got, attempts)
	}
}

type attempt struct {
	hash        coffer.Hash
	maxFee, tip *big.Int
}

func (w *world) attempts(nonce int) (list []attempt) {
	w.t.Helper()
	rows, err := w.db.Pool().Query(w.t.Context(),
		"select tx_hash, max_fee, max_priority_fee from bundler_attempts where nonce = $1 order by number", nonce)
	check(w.t, err)
	defer rows.Close()
	for rows.Next() {
		var hash coffer.Hash
		var fee, tip coffer.Amount
		check(w.t, rows.Scan(&hash, &fee, &tip))
		list = append(list, attempt{hash, fee.Int().ToBig(), tip.Int().ToBig()})
	}
	check(w.t, rows.Err())
	return list
}

// landed is the transaction of the last bundle in a block.
func (w *world) landed() common.Hash {
	w.t.Helper()
	var hash coffer.Hash
	check(w.t, w.db.Pool().QueryRow(w.t.Context(),
		"select tx_hash from bundler_bundles where state = 'mined' order by nonce desc limit 1").Scan(&hash))
	return common.Hash(hash)
}

// spendExecutorNonce uses up a nonce of the executor behind the bundler's back.
func (w *world) spendExecutorNonce(nonce uint64) {
	w.t.Helper()
	tx, err := w.executor.SignTx(w.t.Context(), types.NewTx(&types.DynamicFeeTx{
		ChainID: big.NewInt(31337), Nonce: nonce, GasTipCap: gwei(1), GasFeeCap: gwei(10), Gas: 21_000, To: &common.Address{1}, Value: new(big.Int),
	}), big.NewInt(31337))
	check(w.t, err)
	check(w.t, w.Eth().SendTransaction(w.t.Context(), tx))
	_, err = w.Receipt(w.t.Context(), tx.Hash())
	check(w.t, err)
}

func (w *world) latestTime() uint64 {
	w.t.Helper()
	header, err := w.Eth().HeaderByNumber(w.t.Context(), nil)
	check(w.t, err)
	return header.Time
}

func (w *world) latestClock() time.Time { return time.Unix(int64(w.latestTime()), 0) }

// wantRefused wants an operation to be refused with a code and a field.
func (w *world) wantRefused(b *bundler.Bundler, op bindings.PackedUserOperation, code int, field string) {
	w.t.Helper()
	_, err := b.SendUserOperation(w.t.Context(), userOperation(op), w.EntryPoint)
	var refused *bundler.Error
	if !errors.As(err, &refused) || refused.Code != code || refused.Field != field {
		w.t.Errorf("got %v, want code %d for field %q", err, code, field)
	}
}

func callOf(to common.Address, data []byte) devnet.Call { return devnet.Call{To: &to, Data: data} }

package signer

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/params"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// maxTransactionBytes is what geth's pool takes.
const maxTransactionBytes = 128 << 10

// handleOps is the selector of EntryPoint v0.7's
// handleOps(PackedUserOperation[] ops, address payable beneficiary) (ERC-4337).
var handleOps = crypto.Keccak256([]byte("handleOps((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes)[],address)"))[:4]

// executor signs transactions that hand user operations to the EntryPoint. It pays gas
// and gets it back as the operations' beneficiary. It sends the wallets' own transactions
// too, for which nobody gives gas back. Besides it fills a nonce that nothing
// else uses, and moves gas money between accounts that are pinned here (refill.go). So it
// can lose gas, up to its daily cap, and nothing else.
type executor struct {
	key         *Key
	chainID     *big.Int
	entryPoint  common.Address
	feeCap      coffer.Amount // of one transaction, native base units
	dailyFeeCap coffer.Amount // of all nonces in 24 hours
	refill      refill
}

// spending is what a transaction of an executor can cost at most, native base units.
type spending struct {
	fee   coffer.Amount // lost
	value coffer.Amount // moved to another account of ours
}

// SignExecutor signs a transaction by this signer's executor key on a chain. It must be
// an EIP-1559 transaction of that chain that costs at most the fee caps, and be one of
//
//   - handleOps of the pinned EntryPoint, with this executor as beneficiary, no value
//   - execTransaction of a pinned wallet, without refund, no value
//   - a payment of nothing to itself, which uses up a nonce
//   - depositTo of the pinned EntryPoint for a pinned wallet, within the refill caps
//   - a payment to another pinned executor, within the refill caps
func (s *Server) SignExecutor(ctx context.Context, id coffer.ChainID, tx *types.Transaction) (*types.Transaction, error) {
	chain, ok := s.chains[id]
	if !ok || chain.executor == nil {
		return nil, coffer.Invalid("chain", "this signer has no executor on %.80q", id)
	}
	x := chain.executor
	cost, err := x.check(tx)
	if err != nil {
		return nil, err
	}

	rules := types.NewLondonSigner(x.chainID)
	digest := coffer.Hash(rules.Hash(tx))
	if err := s.recordExecutor(ctx, id, x, tx.Nonce(), cost, digest); err != nil {
		return nil, err
	}
	sig, err := x.key.Sign(ctx, digest)
	if err != nil {
		return nil, &coffer.Error{Code: coffer.CodeUnavailable, Message: "the token did not sign", Cause: err}
	}
	sig[64] -= 27
	return tx.WithSignature(rules, sig)
}

// check returns the most the transaction can cost.
func (x *executor) check(tx *types.Transaction) (spending, error) {
	refuse := func(format string, args ...any) (spending, error) {
		return spending{}, coffer.Invalid("transaction", format, args...)
	}
	switch {
	case tx.Type() != types.DynamicFeeTxType:
		return refuse("has type %d; only EIP-1559 transactions (2) are signed", tx.Type())
	case tx.ChainId().Cmp(x.chainID) != 0:
		return refuse("is for chain id %s, this executor is for %s", tx.ChainId(), x.chainID)
	case tx.To() == nil:
		return refuse("makes a contract")
	case len(tx.AccessList()) != 0:
		return refuse("has an access list")
	case tx.Gas() > params.MaxTxGas:
		return refuse("has a gas limit of %d, at most %d (EIP-7825)", tx.Gas(), params.MaxTxGas)
	case tx.Size() > maxTransactionBytes:
		return refuse("has %d bytes, at most %d", tx.Size(), maxTransactionBytes)
	}
	if err := x.checkEffect(tx); err != nil {
		return refuse("%s", err)
	}

	fee, err := coffer.ParseAmount(new(big.Int).Mul(tx.GasFeeCap(), new(big.Int).SetUint64(tx.Gas())).String())
	if err != nil || fee.Cmp(x.feeCap) > 0 {
		return refuse("may cost more than %s base units", x.feeCap)
	}
	value, err := coffer.ParseAmount(tx.Value().String())
	if err != nil {
		return refuse("carries %s", tx.Value())
	}
	return spending{fee, value}, nil
}

// checkEffect allows what an executor is for, by whom the transaction calls.
func (x *executor) checkEffect(tx *types.Transaction) error {
	to, data := *tx.To(), tx.Data()
	switch {
	case to == x.entryPoint && tx.Value().Sign() == 0:
		return x.checkCall(data)
	case to == x.entryPoint:
		return x.refill.checkDeposit(data, tx.Value())
	case to == x.key.Address():
		if tx.Value().Sign() != 0 || len(data) != 0 {
			return errors.New("calls the executor itself, with value or data")
		}
		return nil
	case slices.Contains(x.refill.wallets, to):
		return checkExec(data, tx.Value())
	case slices.Contains(x.refill.executors, to):
		return x.refill.checkPayment(data, tx.Value())
	}
	return fmt.Errorf("calls %s, which is neither the EntryPoint %s nor a wallet nor an executor of ours", to.Hex(), x.entryPoint.Hex())
}

// checkCall reads the head of handleOps: the offset of the operations, then the
// beneficiary, who gets what the operations pay for gas.
func (x *executor) checkCall(data []byte) error {
	if len(data) < 4+64 || [4]byte(data[:4]) != [4]byte(handleOps) {
		return fmt.Errorf("does not call handleOps")
	}
	beneficiary := new(big.Int).SetBytes(data[4+32 : 4+64])
	if beneficiary.Cmp(x.key.Address().Big()) != 0 {
		return fmt.Errorf("pays another beneficiary than %s", x.key.Address().Hex())
	}
	return nil
}

func (s *Server) recordExecutor(ctx context.Context, id coffer.ChainID, x *executor, nonce uint64, cost spending, digest coffer.Hash) error {
	s.mu.Lock()
	defer s.mu.Unlock()

	err := s.state.commands.allowed(func(st policy.Statement) bool { return st.CoversChain(id) })
	if err != nil {
		return err
	}
	if s.state.signedGas(id, nonce, digest) {
		return nil
	}
	now := s.state.now(s.clock())
	total := s.state.gasWith(id, nonce, cost, now)
	if total.fee.Cmp(x.dailyFeeCap) > 0 {
		return coffer.Errorf(coffer.CodePolicy, "the executor may spend %s base units on gas in 24 hours", x.dailyFeeCap)
	}
	if !cost.value.IsZero() && total.value.Cmp(x.refill.dailyCap) > 0 {
		return coffer.Errorf(coffer.CodePolicy, "the executor may move %s base units to accounts of ours in 24 hours", x.refill.dailyCap)
	}
	if err := ctx.Err(); err != nil {
		return coffer.Errorf(coffer.CodeUnavailable, "the deadline passed before anything was signed")
	}
	return s.append(now, record{Kind: kindExecutor, Executor: &executorRecord{Chain: id, Nonce: nonce, Fee: cost.fee, Value: cost.value, Digest: digest}})
}

// signedGas reports whether this very transaction was recorded before.
func (s *state) signedGas(chain coffer.ChainID, nonce uint64, digest coffer.Hash) bool {
	return slices.ContainsFunc(s.gas, func(x gasSpend) bool {
		return x.chain == chain && x.nonce == nonce && x.digest == digest
	})
}

// gasWith adds up what an executor's nonces can cost in the last Window with one more
// transaction: each nonce by its dearest one, for only one of them can land.
func (s *state) gasWith(chain coffer.ChainID, nonce uint64, cost spending, now time.Time) spending {
	s.forget(now)

	dearest := map[uint64]spending{nonce: cost}
	for _, x := range s.gas {
		if x.chain == chain {
			most := dearest[x.nonce]
			dearest[x.nonce] = spending{larger(most.fee, x.fee), larger(most.value, x.value)}
		}
	}
	var total spending
	for _, cost := range dearest {
		total = spending{addOrLargest(total.fee, cost.fee), addOrLargest(total.value, cost.value)}
	}
	return total
}

func larger(a, b coffer.Amount) coffer.Amount {
	if a.Cmp(b) < 0 {
		return b
	}
	return a
}

// chainIDOf reads the number in an eip155 chain id.
func chainIDOf(id coffer.ChainID) (*big.Int, error) {
	n, ok := new(big.Int).SetString(id.Reference(), 10)
	if !ok || id.Namespace() != coffer.NamespaceEVM || n.Sign() <= 0 || n.String() != id.Reference() {
		return nil, fmt.Errorf("chain %q: want eip155 and a number", id)
	}
	return n, nil
}

// Package relayer is the sending half of EVM: a custody wallet that is a Safe, whose
// payouts travel as ERC-4337 user operations through any bundler, or as Safe transactions
// by an executor of ours.
//
// Wallet implements coffer.Wallet over evm (build, explain, finalize: pure) and a
// UserOpSender: our own bundler in the same process, or RPC, which talks to a bundler at
// any URL; and an ExecSender where there is one. The intent's path says which of the two it
// takes.
//
//	            user operation                      Safe transaction
//	slot        lane and sequence of the EntryPoint nonce of the Safe: one after the other
//	fee         signed by the owners, from the      not signed, the executor's
//	            wallet's deposit
//	attempts    several, each dearer                one; the executor raises its fee
//	validity    ends                                never ends: a cancellation in the slot ends it
//
//	intent → Build → Simulate → (owners sign) → Finalize → Broadcast
//	  ↑        fees and gas of now                            |
//	  └── the next attempt, ≥ 12.5 % dearer, same slot ←──────┘
//
// Invariants: every attempt of an intent has its slot and its payments; no attempt may
// cost more than the intent's fee bound; what is signed was simulated first, leg by leg.
// What became of an attempt is never learnt here, but from block events.
package relayer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// UserOpSender takes user operations (ERC-7769). Sending one again is no error.
type UserOpSender interface {
	// EstimateUserOperationGas says what an operation needs; its signature is a dummy of
	// the right length.
	EstimateUserOperationGas(ctx context.Context, op evm.UserOperation, entryPoint common.Address) (evm.Gas, error)
	// SendUserOperation returns the operation's hash once the bundler has taken it.
	SendUserOperation(ctx context.Context, op evm.UserOperation, entryPoint common.Address) (coffer.Hash, error)
}

// ExecSender sends Safe transactions by an executor of ours, who pays for them.
type ExecSender interface {
	// SendExec takes a call, keeps it across restarts and sends it until it is in a block
	// that is final, with fees that rise within call.FeeBound. Taking it again (same ID) is
	// no error and sends it again where it got lost, after a reorganisation too. A call of
	// the same Safe and Nonce with another ID takes the place of the earlier one: it is sent
	// with the same nonce of the executor while that is open. A call that would fail now is
	// refused, or kept unsent.
	SendExec(ctx context.Context, call evm.ExecCall) error
}

// Config is what a wallet is made of; all fields but Exec are needed.
type Config struct {
	Client *evm.Client
	Safe   evm.Safe // as evm.ReadSafe read it
	Sender UserOpSender
	Exec   ExecSender // nil where Safe transactions are not sent
	Clock  coffer.Clock
}

// Signatures hold until the intent expires, so an intent must expire soon, but not so soon
// that bundlers refuse it (they want 30 s).
const (
	minValidity = time.Minute
	maxValidity = 24 * time.Hour
)

// Wallet sends from one Safe. It implements coffer.Wallet and is safe for concurrent use.
type Wallet struct {
	client *evm.Client
	safe   evm.Safe
	sender UserOpSender
	exec   ExecSender
	clock  coffer.Clock
	rules  *evm.Explainer
}

var _ coffer.Wallet = (*Wallet)(nil)

// NewWallet returns the wallet of a Safe.
func NewWallet(c Config) (*Wallet, error) {
	if c.Client == nil || c.Sender == nil || c.Clock == nil {
		return nil, errors.New("relayer: Client, Sender and Clock are needed")
	}
	if c.Safe.Chain != c.Client.Chain() || c.Safe.Threshold < 1 || len(c.Safe.Owners) < c.Safe.Threshold {
		return nil, fmt.Errorf("relayer: the Safe is of chain %q with %d of %d owners; read it with evm.ReadSafe", c.Safe.Chain, c.Safe.Threshold, len(c.Safe.Owners))
	}
	rules := evm.NewExplainer(evm.ExplainConfig{
		Chain: c.Safe.Chain, Native: c.Safe.Native, EntryPoint: c.Safe.EntryPoint, Module: c.Safe.Module,
		MultiSend: c.Safe.MultiSend, Wallets: []common.Address{c.Safe.Address},
	})
	return &Wallet{client: c.Client, safe: c.Safe, sender: c.Sender, exec: c.Exec, clock: c.Clock, rules: rules}, nil
}

// Address implements coffer.Wallet.
func (w *Wallet) Address() coffer.Address { return w.safe.Name() }

// ExecLane is the one lane of Safe transactions.
const ExecLane = ""

// NextSlot implements coffer.Wallet: lane is an EntryPoint key in hex, "0x0" and up, or
// ExecLane.
func (w *Wallet) NextSlot(ctx context.Context, lane string) (coffer.Slot, error) {
	if lane == ExecLane {
		nonce, err := w.client.SafeNonce(ctx, w.safe.Address)
		return coffer.Slot{Kind: coffer.SlotSafe, Sequence: nonce}, err
	}
	sequence, err := w.client.Nonce(ctx, w.safe.Address, lane)
	if err != nil {
		return coffer.Slot{}, err
	}
	return coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: lane, Sequence: sequence}, nil
}

// SequenceAt returns the next sequence of the lane of a slot after a block, as the node
// says.
func (w *Wallet) SequenceAt(ctx context.Context, slot coffer.Slot, block coffer.Hash) (uint64, error) {
	return w.client.SequenceAt(ctx, w.Address(), slot, block)
}

// Finalize implements coffer.Wallet.
func (w *Wallet) Finalize(u coffer.Unsigned, signatures []coffer.Signature) (coffer.Signed, error) {
	return evm.Finalize(u, w.safe, signatures)
}

// Broadcast implements coffer.Wallet: it hands the operation to the bundler, or the Safe
// transaction to the executor.
func (w *Wallet) Broadcast(ctx context.Context, s coffer.Signed) error {
	if evm.IsExec(s) {
		if err := w.sendExec(ctx, s); err != nil {
			return fmt.Errorf("broadcast %s: %w", s.ID, err)
		}
		return nil
	}
	op, err := evm.DecodeUserOperation(s.Bytes, false)
	if err != nil {
		return fmt.Errorf("broadcast %s: %w", s.ID, err)
	}
	if hash := op.Hash(w.safe.EntryPoint, w.client.ChainNumber()); hash != s.ID || op.Sender != w.safe.Address {
		return fmt.Errorf("broadcast %s: the bytes are operation %s of %s", s.ID, hash, op.Sender)
	}
	got, err := w.sender.SendUserOperation(ctx, op, w.safe.EntryPoint)
	if err != nil {
		return fmt.Errorf("broadcast %s: %w", s.ID, err)
	}
	if got != s.ID {
		return fmt.Errorf("broadcast %s: the bundler calls it %s", s.ID, got)
	}
	return nil
}

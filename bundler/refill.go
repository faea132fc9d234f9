package bundler

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

const (
	// gasOfDeposit bounds EntryPoint.depositTo: a new slot and an event.
	gasOfDeposit = 80_000
	// refillEvery is how often an idle bundler looks at its gas money.
	refillEvery = 30 * time.Second
)

// Refill keeps gas money above a minimum, in wei: the EntryPoint deposits of wallets, and
// what executors hold. It comes from the executor that holds most, which keeps its own
// minimum: to fill a purse is to send money to any of them. What one transaction moves is
// bounded here, and by what the executors' signers allow.
type Refill struct {
	Wallets        []common.Address
	DepositMin     *big.Int // below this a wallet's deposit is filled up to the target
	DepositTarget  *big.Int
	ExecutorMin    *big.Int // the same for an executor's balance
	ExecutorTarget *big.Int
	AtOnce         *big.Int // most that one transaction moves
}

func (r *Refill) check() error {
	for _, field := range []*big.Int{r.DepositMin, r.DepositTarget, r.ExecutorMin, r.ExecutorTarget, r.AtOnce} {
		if field == nil || field.Sign() < 0 {
			return errors.New("refill: want every amount")
		}
	}
	if r.DepositTarget.Cmp(r.DepositMin) < 0 || r.ExecutorTarget.Cmp(r.ExecutorMin) < 0 {
		return errors.New("refill: a target is below its minimum")
	}
	if r.AtOnce.Sign() == 0 {
		return errors.New("refill: nothing may be moved at once")
	}
	return nil
}

// need is gas money that is missing somewhere.
type need struct {
	target string // as the bundle has it
	who    common.Address
	has    *big.Int
	c      content
}

// refillGas moves gas money where too little is left, once for each head and target. One
// that is under way is not repeated.
func (b *Bundler) refillGas(ctx context.Context, now head, live []liveBundle) (bool, error) {
	if b.refill == nil || b.refillAt == now.Hash {
		return false, nil
	}
	needs, err := b.needs(ctx, now)
	if err != nil {
		return false, err
	}
	moved, dry := false, false
	var failed []error
	for _, n := range needs {
		if holdsTarget(live, n.target) {
			continue
		}
		made, err := b.fill(ctx, now, live, n)
		if err != nil {
			failed = append(failed, fmt.Errorf("refill %s: %w", n.target, err))
		}
		moved, dry = moved || made, dry || !made
	}
	if len(failed) == 0 {
		b.refillAt = now.Hash
	}
	b.setDry(dry)
	return moved, errors.Join(failed...)
}

func holdsTarget(live []liveBundle, target string) bool {
	for _, l := range live {
		if l.target == target {
			return true
		}
	}
	return false
}

func (b *Bundler) needs(ctx context.Context, now head) ([]need, error) {
	r := b.refill
	var needs []need
	for _, wallet := range r.Wallets {
		deposit, err := b.deposit(ctx, wallet)
		if err != nil {
			return nil, err
		}
		if deposit.Cmp(r.DepositMin) < 0 {
			needs = append(needs, need{"deposit/" + wallet.Hex(), wallet, deposit, content{
				kind: kindRefill, to: b.entryPoint, data: entryPointABI.PackDepositTo(wallet), gas: gasOfDeposit,
				value: smaller(new(big.Int).Sub(r.DepositTarget, deposit), r.AtOnce), budget: b.limits.MaxFeePerGas,
			}})
		}
	}
	for _, x := range b.executors {
		if err := b.look(ctx, now, x); err != nil {
			return nil, err
		}
		if x.balance.Cmp(r.ExecutorMin) < 0 {
			needs = append(needs, need{"executor/" + x.name, x.address, x.balance, content{
				kind: kindRefill, to: x.address, gas: gasOfPayment,
				value: smaller(new(big.Int).Sub(r.ExecutorTarget, x.balance), r.AtOnce), budget: b.limits.MaxFeePerGas,
			}})
		}
	}
	return needs, nil
}

// fill has the richest executor pay that keeps its minimum, and reports false where there
// is none.
func (b *Bundler) fill(ctx context.Context, now head, live []liveBundle, n need) (bool, error) {
	free, err := b.free(ctx, now, live)
	if err != nil {
		return false, err
	}
	var payer *executor
	for _, x := range free {
		left := new(big.Int).Sub(x.balance, n.c.value)
		if x.address != n.who && left.Cmp(b.refill.ExecutorMin) > 0 && (payer == nil || x.balance.Cmp(payer.balance) > 0) {
			payer = x
		}
	}
	if payer == nil {
		b.log.Error("gas money runs out and no executor has any to spare", "chain", b.chain, "for", n.target, "has", n.has, "wants", n.c.value)
		return false, nil
	}
	n.c.target = n.target
	made, err := b.offer(ctx, now, payer, nil, n.c)
	if made {
		b.log.Info("gas money is moved", "chain", b.chain, "from", payer.name, "for", n.target, "wei", n.c.value)
	}
	return made, err
}

// setDry remembers whether gas money is missing that nobody has.
func (b *Bundler) setDry(dry bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.Dry = dry
}

// refillDue reports whether an idle bundler should look at its gas money.
func (b *Bundler) refillDue() bool {
	if b.refill == nil {
		return false
	}
	at := b.clock()
	if at.Sub(b.refillTime) < refillEvery {
		return false
	}
	b.refillTime = at
	return true
}

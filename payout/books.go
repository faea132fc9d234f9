package payout

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
)

// bookLegs books each payment that the outcome proves and returns the places of those it
// does not. A token payment is proven by a Transfer log of its own; native money, which
// goes alone, by the success of the only call.
func (b *blockTx) bookLegs(ctx context.Context, p *Payout, o coffer.Outcome) (missing []int, err error) {
	if p.Intent.Path == coffer.PathPSBT {
		return b.bookCoins(ctx, p, o, p.Intent.Payments)
	}
	logs := transferLogs(b.block(), o, p.Intent.Wallet)
	for n, payment := range p.Intent.Payments {
		if !payment.Asset.IsNative() {
			place := slices.IndexFunc(logs, func(t coffer.Transfer) bool {
				return t.Asset == payment.Asset && t.To == payment.To && t.Amount == payment.Amount
			})
			if place < 0 {
				missing = append(missing, n)
				continue
			}
			logs = slices.Delete(logs, place, place+1) // one log proves one payment
		} else if len(p.Intent.Payments) > 1 {
			missing = append(missing, n)
			continue
		}
		err := b.post(ctx, "payout.leg", p.ID, []string{p.ID, strconv.Itoa(n)},
			legPostings(p.Intent, payment)...)
		if err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// legPostings book one payment: out of the wallet, or out of the coins that were spent.
func legPostings(i coffer.Intent, payment coffer.Payment) []ledger.Posting {
	source := ledger.PrefixCustodyHot + string(i.Wallet)
	if i.Path == coffer.PathPSBT && payment.Asset.IsNative() {
		source = ledger.TransitCoins
	}
	return []ledger.Posting{
		ledger.Debit(ledger.TransitWithdrawal, payment.Asset, payment.Amount),
		ledger.Credit(source, payment.Asset, payment.Amount),
	}
}

// transferLogs are the transfers from a wallet within the outcome's logs.
func transferLogs(block *coffer.Block, o coffer.Outcome, wallet coffer.Address) []coffer.Transfer {
	var logs []coffer.Transfer
	for _, t := range block.Transfers {
		if t.Tx != o.Tx || t.From != wallet {
			continue
		}
		ordinal, isLog := strings.CutPrefix(t.Ref, "log:")
		n, err := strconv.ParseUint(ordinal, 10, 32)
		if isLog && err == nil && n >= uint64(o.FirstLog) && n < uint64(o.EndLog) {
			logs = append(logs, t)
		}
	}
	return logs
}

// bookFees books what our wallet's operations and our executors' transactions cost, for
// every outcome of theirs, whoever made it.
func (b *blockTx) bookFees(ctx context.Context) error {
	outcomes := b.block().Outcomes
	bundles := map[coffer.Hash]coffer.Address{} // transactions of our executors
	for _, o := range outcomes {
		if o.Slot.Kind == coffer.SlotNonce && slices.Contains(b.chain.Executors, o.Sender) {
			bundles[o.Tx] = o.Sender
		}
	}

	for _, o := range outcomes {
		payer := ""
		switch {
		case o.Slot.Kind != coffer.SlotTimestamp || o.Fee.IsZero():
		case o.Sender == b.chain.Wallet.Address():
			payer = ledger.PrefixCustodyHot + string(o.Sender)
		case b.swept[o.Sender]:
			payer = ledger.PrefixCustodyDeposit + string(o.Sender)
		}
		if payer != "" {
			err := b.post(ctx, "payout.fee", o.ID.String(), []string{o.ID.String()},
				ledger.Debit(ledger.ExpenseNetworkFee, b.chain.Native, o.Fee), ledger.Credit(payer, b.chain.Native, o.Fee))
			if err != nil {
				return err
			}
		}
		if o.Slot.Kind != coffer.SlotEntryPoint || o.Sender != b.chain.Wallet.Address() || o.Fee.IsZero() {
			continue
		}
		receiver := ledger.ExpenseNetworkFee
		if _, bundled := bundles[o.Tx]; bundled {
			receiver = ledger.TransitBundler
		}
		err := b.post(ctx, "payout.fee", o.ID.String(), []string{o.ID.String()},
			ledger.Debit(receiver, b.chain.Native, o.Fee),
			ledger.Credit(ledger.PrefixGasEntryPoint+string(o.Sender), b.chain.Native, o.Fee))
		if err != nil {
			return err
		}
	}
	return b.bookExecutors(ctx, bundles)
}

// Kinds of the entries about executors.
const (
	kindIncome = "executor.income"
	kindCost   = "executor.cost"
)

// bookExecutors books what executors earned from the operations they bundled, and paid.
func (b *blockTx) bookExecutors(ctx context.Context, bundles map[coffer.Hash]coffer.Address) error {
	for _, o := range b.block().Outcomes {
		executor, ours := bundles[o.Tx]
		if !ours || o.Slot.Kind != coffer.SlotNonce || o.Sender != executor {
			continue
		}
		var earned coffer.Amount
		for _, op := range b.block().Outcomes {
			if op.Tx != o.Tx || op.Slot.Kind != coffer.SlotEntryPoint {
				continue
			}
			sum, err := earned.Add(op.Fee)
			if err != nil {
				return err
			}
			earned = sum
		}
		account := ledger.PrefixGasExecutor + string(executor)
		if !earned.IsZero() {
			err := b.post(ctx, kindIncome, o.ID.String(), []string{o.ID.String()},
				ledger.Debit(account, b.chain.Native, earned), ledger.Credit(ledger.TransitBundler, b.chain.Native, earned))
			if err != nil {
				return err
			}
		}
		if !o.Fee.IsZero() {
			err := b.post(ctx, kindCost, o.ID.String(), []string{o.ID.String()},
				ledger.Debit(ledger.ExpenseNetworkFee, b.chain.Native, o.Fee), ledger.Credit(account, b.chain.Native, o.Fee))
			if err != nil {
				return err
			}
		}
	}
	return nil
}

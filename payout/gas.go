package payout

import (
	"context"

	"github.com/cofferhq/coffer/ledger"
)

// bookGasDeposits books money that became our wallet's gas money in the EntryPoint, whoever
// paid it. What the wallet pays itself (the prefund of an operation that its deposit does
// not cover) leaves custody. What anybody else pays comes from suspense: where the payer is
// an executor of ours, the deposit package books the same amount there as it leaves the
// executor, and nothing remains.
func (b *blockTx) bookGasDeposits(ctx context.Context) error {
	wallet := b.chain.Wallet.Address()
	for _, d := range b.block().GasDeposits {
		if d.Account != wallet || d.Amount.IsZero() {
			continue
		}
		payer := ledger.SuspenseUnknown
		if d.From == wallet {
			payer = ledger.PrefixCustodyHot + string(wallet)
		}
		err := b.post(ctx, "payout.gas_deposit", d.Tx.String(), []string{d.Tx.String(), d.Ref},
			ledger.Debit(ledger.PrefixGasEntryPoint+string(wallet), b.chain.Native, d.Amount),
			ledger.Credit(payer, b.chain.Native, d.Amount))
		if err != nil {
			return err
		}
	}
	return nil
}

package payout

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// seeOutcomes are what a block says of us. Where money is coins, blocks tell who spends what
// and nothing of outcomes: there is one for each transaction that spends a coin set aside.
func (b *blockTx) seeOutcomes(ctx context.Context) ([]coffer.Outcome, error) {
	if b.chain.coins == nil || len(b.block().Spends) == 0 {
		return b.block().Outcomes, nil
	}
	rows, err := b.reservedAmong(ctx)
	if err != nil {
		return nil, err
	}
	b.spent = map[coffer.Hash][]spentCoin{}
	outcomes := slices.Clone(b.block().Outcomes)
	for _, row := range rows {
		tx := row.Spender
		if len(b.spent[tx]) == 0 {
			outcomes = append(outcomes, coffer.Outcome{ID: tx, Tx: tx, Sender: b.chain.Wallet.Address(), Slot: coffer.Slot{Kind: coffer.SlotCoin}, Success: true})
		}
		if o := &outcomes[len(outcomes)-1]; row.Position == 0 && o.Slot.Lane == "" {
			o.Slot.Lane = row.Coin
		}
		b.spent[tx] = append(b.spent[tx], row)
	}
	return outcomes, b.seeUnplanned(ctx)
}

// spentCoin is a coin set aside for a payout, and the transaction of the block that spends it.
type spentCoin struct {
	payoutsql.ReservedAmongRow
	Spender coffer.Hash
}

// reservedAmong are the coins set aside that the block spends, those of a transaction together.
func (b *blockTx) reservedAmong(ctx context.Context) ([]spentCoin, error) {
	p := payoutsql.ReservedAmongParams{Chain: string(b.event.Chain), Coins: make([]string, 0, len(b.block().Spends))}
	spenders := make(map[string]coffer.Hash, len(b.block().Spends))
	for i := range b.block().Spends {
		spend := &b.block().Spends[i]
		p.Coins = append(p.Coins, string(spend.Coin))
		spenders[string(spend.Coin)] = spend.Tx
	}
	rows, err := b.q.ReservedAmong(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("coins that the block spends: %w", err)
	}
	spent := make([]spentCoin, len(rows))
	for i, row := range rows {
		spent[i] = spentCoin{row, spenders[row.Coin]}
	}
	slices.SortFunc(spent, func(x, y spentCoin) int {
		return cmp.Or(bytes.Compare(x.Spender[:], y.Spender[:]), cmp.Compare(x.PayoutID, y.PayoutID), cmp.Compare(x.Position, y.Position))
	})
	return spent, nil
}

// seeUnplanned reports what spends coins of ours that were not set aside. The books keep it:
// it stays in transit:coins.
func (b *blockTx) seeUnplanned(ctx context.Context) error {
	var others []coffer.CoinID
	by := map[coffer.CoinID]coffer.Hash{}
	for _, spend := range b.block().Spends {
		if len(b.spent[spend.Tx]) == 0 {
			others = append(others, spend.Coin)
			by[spend.Coin] = spend.Tx
		}
	}
	ours, err := b.chain.Coins.CoinsNamed(ctx, b.tx, b.event.Chain, others)
	if err != nil {
		return err
	}
	for _, coin := range ours {
		b.m.Log.Error("our wallet acted without a payout", "chain", b.event.Chain, "coin", coin.ID, "address", coin.Address, "tx", by[coin.ID])
	}
	return nil
}

// markSpent notes by whom the coins of a payout were spent that a transaction spends.
func (b *blockTx) markSpent(ctx context.Context, p *Payout, tx coffer.Hash, stranger bool) error {
	hash := b.block().Hash
	for _, row := range b.spent[tx] {
		if row.PayoutID != p.ID {
			continue
		}
		err := b.q.MarkCoinSpent(ctx, payoutsql.MarkCoinSpentParams{
			PayoutID: p.ID, Position: row.Position, SpentBy: tx[:], SpentBlock: hash[:], Stranger: stranger,
		})
		if err != nil {
			return fmt.Errorf("mark coin %s as spent: %w", row.Coin, err)
		}
	}
	return nil
}

// foreignCoins looks at a transaction that spends coins of payouts and is no attempt of ours.
// With its anchor a payout loses its slot. With another coin it loses the attempts that spend
// it: the anchor is still there for one that pays everything back, see hopeless.
func (b *blockTx) foreignCoins(ctx context.Context, o coffer.Outcome) error {
	var ids []string
	for _, row := range b.spent[o.Tx] {
		if !slices.Contains(ids, row.PayoutID) {
			ids = append(ids, row.PayoutID)
		}
	}
	for _, id := range ids {
		p, err := b.lock(ctx, id)
		if err != nil {
			return err
		}
		if err := b.markSpent(ctx, p, o.Tx, true); err != nil {
			return err
		}
		if err := b.robbed(ctx, p, o.Tx); err != nil {
			return err
		}
	}
	return nil
}

func (b *blockTx) robbed(ctx context.Context, p *Payout, tx coffer.Hash) error {
	unsigned := p.State == coffer.PayoutPlanned || p.State == coffer.PayoutBuilt
	if unsigned || p.State == coffer.PayoutIncluded {
		// Nobody signed yet, and it will be given up; or it has landed without that coin.
		b.m.Log.Error("our wallet acted without a payout", "chain", b.event.Chain, "payout", p.ID, "state", p.State, "tx", tx)
		return nil
	}
	for _, row := range b.spent[tx] {
		if row.PayoutID == p.ID && row.Position == 0 {
			b.lose(p)
			return b.alarm(ctx, p, fmt.Sprintf("its slot %s was taken by tx %s, which is no attempt of ours", p.Intent.Slot, tx))
		}
	}
	p.row.NextAt = b.m.now()
	return b.alarm(ctx, p, fmt.Sprintf("a coin that is set aside for it was spent by tx %s, which is no attempt of ours", tx))
}

// bookCoins books what a landed attempt paid out of the coins that it spent, and returns the
// places of the payments that it does not prove: each is proven by an output of its own. What
// it took and neither paid nor brought back is its cost.
func (b *blockTx) bookCoins(ctx context.Context, p *Payout, o coffer.Outcome, payments []coffer.Payment) (missing []int, err error) {
	if err := b.markSpent(ctx, p, o.Tx, false); err != nil {
		return nil, err
	}
	var outputs []coffer.Transfer
	for _, t := range b.block().Transfers {
		if t.Tx == o.Tx {
			outputs = append(outputs, t)
		}
	}
	var out coffer.Amount // to others and back to us
	for n, payment := range payments {
		place := slices.IndexFunc(outputs, func(t coffer.Transfer) bool {
			return t.Asset == payment.Asset && t.To == payment.To && t.Amount == payment.Amount
		})
		if place < 0 {
			missing = append(missing, n)
			continue
		}
		outputs = slices.Delete(outputs, place, place+1) // one output proves one payment
		if payment.Asset == b.chain.Native {
			if out, err = out.Add(payment.Amount); err != nil {
				return nil, err
			}
		}
		if err := b.post(ctx, "payout.leg", p.ID, []string{p.ID, strconv.Itoa(n)}, legPostings(p.Intent, payment)...); err != nil {
			return nil, err
		}
	}
	home, err := b.homes(p)
	if err != nil {
		return nil, err
	}
	for _, t := range outputs {
		if t.Asset == b.chain.Native && home[t.To] {
			if out, err = out.Add(t.Amount); err != nil {
				return nil, err
			}
		}
	}
	return missing, b.bookCost(ctx, p, o, out)
}

// homes are the addresses that a payout's change goes to, or may.
func (b *blockTx) homes(p *Payout) (map[coffer.Address]bool, error) {
	change, err := b.chain.coins.AddressAt(p.Intent.Change)
	if err != nil {
		return nil, fmt.Errorf("address for change at %q: %w", p.Intent.Change, err)
	}
	home := map[coffer.Address]bool{change: true}
	for _, coin := range p.Intent.Coins {
		home[coin.Address] = true
	}
	return home, nil
}

func (b *blockTx) bookCost(ctx context.Context, p *Payout, o coffer.Outcome, out coffer.Amount) error {
	var in coffer.Amount
	var err error
	for _, row := range b.spent[o.Tx] {
		if row.PayoutID != p.ID {
			continue
		}
		if in, err = in.Add(p.Intent.Coins[row.Position].Amount); err != nil {
			return err
		}
	}
	cost, err := in.Sub(out)
	if err != nil {
		return b.alarm(ctx, p, fmt.Sprintf("tx %s brought %s out of coins of %s", o.Tx, out, in))
	}
	if cost.IsZero() {
		return nil
	}
	return b.post(ctx, "payout.fee", p.ID, []string{p.ID},
		ledger.Debit(ledger.ExpenseNetworkFee, b.chain.Native, cost), ledger.Credit(ledger.TransitCoins, b.chain.Native, cost))
}

package deposit

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
)

// HeldCoin is a coin of ours with the account that stands for it in the books. Spent says
// that a later block spends it.
type HeldCoin struct {
	ID      coffer.CoinID
	Address coffer.Address
	Amount  coffer.Amount
	Account string
	Spent   bool
}

// HeldCoins returns the coins that our addresses held after the block at a height, at most so
// many. later are the blocks above it that are applied.
func (s *Service) HeldCoins(ctx context.Context, chain coffer.ChainID, height uint64, later []coffer.Hash, most int) ([]HeldCoin, error) {
	blocks := make([][]byte, len(later))
	for i, hash := range later {
		blocks[i] = hash[:]
	}
	rows, err := s.DB.Pool().Query(ctx, `
		select c.tx, c.output, c.address, c.amount, a.kind, c.spent_by is not null
		from deposit_coin c join deposit_address a on a.chain = c.chain and a.address = c.address
		where c.chain = $1 and c.height <= $2 and (c.spent_by is null or c.spent_block = any ($3))
		order by c.tx, c.output limit $4`,
		string(chain), toInt(min(height, maxHeight)), blocks, most)
	if err != nil {
		return nil, fmt.Errorf("coins of %s: %w", chain, err)
	}
	coins, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (HeldCoin, error) {
		var tx coffer.Hash
		var output int64
		var kind string
		var c HeldCoin
		if err := row.Scan(&tx, &output, &c.Address, &c.Amount, &kind, &c.Spent); err != nil {
			return c, err
		}
		c.ID = coffer.NewCoinID(tx, uint32(output)) // #nosec G115 -- bounded in the table
		if c.Account = ledger.PrefixCustodyDeposit + string(c.Address); kind != kindDeposit {
			c.Account = ledger.PrefixCustodyHot + string(c.Address)
		}
		return c, nil
	})
	if err != nil {
		return nil, fmt.Errorf("coins of %s: %w", chain, err)
	}
	return coins, nil
}

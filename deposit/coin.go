package deposit

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
	"github.com/cofferhq/coffer/ledger"
)

// maxCoins bounds the coins that a payout is chosen from, the largest first.
const maxCoins = 20_000

// Coins returns what a chain's own wallet can spend, the largest first: coins at deposit,
// hot and change addresses whose path is known, unspent, mature, and in a block at or below
// the final height. A coin that leaves the chain would take the payout with it whose slot it
// is, so final is what counts, for change as well. A customer's coin is left alone until its
// deposit is unlocked: what is in review or rejected may have to go back.
func (s *Service) Coins(ctx context.Context, tx pgx.Tx, chain coffer.ChainID) ([]coffer.Coin, error) {
	served, err := s.chain(chain)
	if err != nil {
		return nil, err
	}
	q := depositsql.New(tx)
	cursor, err := q.Cursor(ctx, string(chain))
	if errors.Is(err, pgx.ErrNoRows) || err == nil && cursor.Height == nil {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("deposit cursor of %s: %w", chain, err)
	}
	rows, err := q.Coins(ctx, depositsql.CoinsParams{Chain: string(chain), Final: served.finalOr(cursor.Final), Tip: *cursor.Height, Most: maxCoins})
	if err != nil {
		return nil, fmt.Errorf("coins of %s: %w", chain, err)
	}
	coins := make([]coffer.Coin, len(rows))
	for i, row := range rows {
		coins[i] = coinOf(depositsql.CoinsNamedRow(row))
	}
	return coins, nil
}

// CoinsNamed returns those of some coins that are or were ours in the canonical chain, spent
// ones included.
func (s *Service) CoinsNamed(ctx context.Context, tx pgx.Tx, chain coffer.ChainID, ids []coffer.CoinID) ([]coffer.Coin, error) {
	p := depositsql.CoinsNamedParams{Chain: string(chain), Txs: make([][]byte, 0, len(ids))}
	wanted := make(map[coffer.CoinID]bool, len(ids))
	for _, id := range ids {
		of, _, err := id.Parts()
		if err != nil {
			return nil, err
		}
		wanted[id] = true
		p.Txs = append(p.Txs, of[:])
	}
	rows, err := depositsql.New(tx).CoinsNamed(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("coins of %s: %w", chain, err)
	}
	coins := make([]coffer.Coin, 0, len(rows))
	for _, row := range rows {
		if coin := coinOf(row); wanted[coin.ID] {
			coins = append(coins, coin)
		}
	}
	return coins, nil
}

func coinOf(row depositsql.CoinsNamedRow) coffer.Coin {
	id := coffer.NewCoinID(row.Tx, uint32(row.Output)) // #nosec G115 -- bounded in the table
	return coffer.Coin{ID: id, Address: coffer.Address(row.Address), Path: row.Path, Amount: row.Amount}
}

// OldCoin is a coin that was there before the first block whose events are applied.
type OldCoin struct {
	ID     coffer.CoinID
	Amount coffer.Amount
	Block  coffer.BlockRef
}

// AdoptCoins makes coins known that an adopted house address has from before (see AdoptHouse):
// their sum is part of the balance that is booked in the same transaction.
func (s *Service) AdoptCoins(ctx context.Context, tx pgx.Tx, chain coffer.ChainID, address coffer.Address, coins []OldCoin) error {
	for _, coin := range coins {
		of, output, err := coin.ID.Parts()
		if err != nil {
			return coffer.Invalid("coin", "%s", err)
		}
		if coin.Block.Height >= maxHeight {
			return coffer.Invalid("coin", "%s: height %d is out of range", coin.ID, coin.Block.Height)
		}
		err = depositsql.New(tx).AddCoins(ctx, depositsql.AddCoinsParams{
			Chain: string(chain), Txs: [][]byte{of[:]}, Outputs: []int64{int64(output)}, Addresses: []string{string(address)},
			Amounts: []coffer.Amount{coin.Amount}, Height: toInt(coin.Block.Height), BlockHash: coin.Block.Hash[:], Maturities: []int64{0},
		})
		if err != nil {
			return fmt.Errorf("adopt coin %s: %w", coin.ID, err)
		}
	}
	return nil
}

// AddChange registers an address for change of a chain's wallet, before anything is signed
// that pays it. late says that something may have paid it already: its past is filled in.
// CodeConflict: the address is somebody else's.
func (s *Service) AddChange(ctx context.Context, tx pgx.Tx, chain coffer.ChainID, address coffer.Address, path string, late bool) error {
	served, err := s.chain(chain)
	if err != nil {
		return err
	}
	if address, err = canonical(served, address); err != nil {
		return err
	}
	q := depositsql.New(tx)
	if err := q.EnsureCursor(ctx, depositsql.EnsureCursorParams{Chain: string(chain), UpdatedAt: s.now()}); err != nil {
		return fmt.Errorf("deposit cursor of %s: %w", chain, err)
	}
	after, err := q.ShareCursor(ctx, string(chain))
	if err != nil {
		return fmt.Errorf("deposit cursor of %s: %w", chain, err)
	}
	added, err := q.AddHouse(ctx, depositsql.AddHouseParams{Chain: string(chain), Address: string(address), Kind: HouseChange, Path: &path, KnownAfter: after, At: s.now()})
	if err != nil {
		return fmt.Errorf("register change address %s: %w", address, err)
	}
	if added == 1 {
		if !late || after == 0 {
			return nil
		}
		return q.AddBackfill(ctx, depositsql.AddBackfillParams{Chain: string(chain), Address: string(address), At: s.now()})
	}
	row, err := q.Owner(ctx, depositsql.OwnerParams{Chain: string(chain), Address: string(address)})
	if err != nil {
		return fmt.Errorf("register change address %s: %w", address, err)
	}
	if !custodyKinds[row.Kind] || row.Path == nil || *row.Path != path {
		return coffer.Errorf(coffer.CodeConflict, "address %s is known as %s, not as change at %q", address, row.Kind, path)
	}
	return nil
}

// coins keeps the coins that a connected block made and spent, and books those it spent. It
// returns the transactions that spend coins of ours; nil on chains whose money is no coins.
func (c *change) coins(ctx context.Context, transfers []coffer.Transfer, ours []observed) (own map[coffer.Hash]bool, err error) {
	if c.chain.Coins == "" {
		return nil, nil
	}
	var made []coffer.Transfer
	for _, o := range ours {
		if t := transfers[o.Place]; t.Asset == c.chain.Coins && (o.RecipientKind == kindDeposit || custodyKinds[o.RecipientKind]) {
			made = append(made, t)
		}
	}
	if err := c.addCoins(ctx, made); err != nil {
		return nil, err
	}
	return c.spendCoins(ctx)
}

func (c *change) addCoins(ctx context.Context, made []coffer.Transfer) error {
	if len(made) == 0 {
		return nil
	}
	hash := c.event.Block.Hash
	p := depositsql.AddCoinsParams{Chain: string(c.chain.ID), Height: c.height, BlockHash: hash[:]}
	for _, t := range made {
		output, err := outputOf(t.Ref)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrBroken, t.Tx, err)
		}
		if t.Maturity > maxDepth {
			return fmt.Errorf("%w: %s %s asks for %d confirmations", ErrBroken, t.Tx, t.Ref, t.Maturity)
		}
		p.Txs = append(p.Txs, t.Tx[:])
		p.Outputs = append(p.Outputs, int64(output))
		p.Addresses = append(p.Addresses, string(t.To))
		p.Amounts = append(p.Amounts, t.Amount)
		p.Maturities = append(p.Maturities, toInt(t.Maturity))
	}
	if err := c.q.AddCoins(ctx, p); err != nil {
		return fmt.Errorf("add coins: %w", err)
	}
	return nil
}

// outputPrefix begins the Ref of an output.
const outputPrefix = "vout:"

func outputOf(ref string) (uint32, error) {
	place, ok := strings.CutPrefix(ref, outputPrefix)
	n, err := strconv.ParseUint(place, 10, 32)
	if !ok || err != nil {
		return 0, fmt.Errorf("%.80q is no output", ref)
	}
	return uint32(n), nil
}

// spendCoins books what the block's spends took out of our addresses: through
// transit:coins, where the payout that spent it, and change, take it from.
func (c *change) spendCoins(ctx context.Context) (own map[coffer.Hash]bool, err error) {
	own = map[coffer.Hash]bool{}
	if len(c.event.Block.Spends) == 0 {
		return own, nil
	}
	ours, err := c.coinsAmong(ctx, c.event.Block.Spends)
	if err != nil || len(ours) == 0 {
		return own, err
	}
	hash := c.event.Block.Hash
	p := depositsql.SpendCoinsParams{Chain: string(c.chain.ID), BlockHash: hash[:]}
	for i := range c.event.Block.Spends {
		spend := &c.event.Block.Spends[i]
		if !ours[spend.Coin] {
			continue
		}
		of, output, err := spend.Coin.Parts()
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrBroken, spend.Tx, err)
		}
		p.Spenders = append(p.Spenders, spend.Tx[:])
		p.Txs = append(p.Txs, of[:])
		p.Outputs = append(p.Outputs, int64(output))
	}
	spent, err := c.q.SpendCoins(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("spend coins: %w", err)
	}
	for _, row := range spent {
		by := coffer.Hash(row.SpentBy)
		own[by] = true
		id := coffer.NewCoinID(coffer.Hash(row.Tx), uint32(row.Output)) // #nosec G115 -- bounded in the table
		account := houseAccount(row.Kind, coffer.Address(row.Address), c.chain.Coins)
		if row.Kind == kindDeposit {
			account = ledger.PrefixCustodyDeposit + row.Address
		}
		c.bookHouse(coffer.Transfer{Asset: c.chain.Coins, Tx: by, Ref: string(id), Amount: row.Amount}, "coin_spent", "deposit.coin_spent", ledger.TransitCoins, account)
	}
	return own, nil
}

// coinsAmong returns the unspent coins of ours among those that a block spends.
func (c *change) coinsAmong(ctx context.Context, spends []coffer.Spend) (map[coffer.CoinID]bool, error) {
	p := depositsql.CoinsAmongParams{Chain: string(c.chain.ID), Txs: make([][]byte, 0, len(spends))}
	seen := make(map[coffer.Hash]bool, len(spends))
	for i := range spends {
		of, _, err := spends[i].Coin.Parts()
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrBroken, spends[i].Tx, err)
		}
		if !seen[of] {
			seen[of] = true
			p.Txs = append(p.Txs, of[:])
		}
	}
	rows, err := c.q.CoinsAmong(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("look coins up: %w", err)
	}
	ours := make(map[coffer.CoinID]bool, len(rows))
	for _, row := range rows {
		ours[coffer.NewCoinID(row.Tx, uint32(row.Output))] = true // #nosec G115 -- bounded in the table
	}
	return ours, nil
}

// ownAmong returns which transactions of some transfers spend coins of ours, when that was
// found out earlier.
func (c *change) ownAmong(ctx context.Context, transfers []coffer.Transfer) (map[coffer.Hash]bool, error) {
	if c.chain.Coins == "" || len(transfers) == 0 {
		return nil, nil
	}
	p := depositsql.OwnTransactionsParams{Chain: string(c.chain.ID)}
	for i := range transfers {
		p.Txs = append(p.Txs, transfers[i].Tx[:])
	}
	rows, err := c.q.OwnTransactions(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("own transactions: %w", err)
	}
	own := make(map[coffer.Hash]bool, len(rows))
	for _, tx := range rows {
		own[coffer.Hash(tx)] = true
	}
	return own, nil
}

// undoCoins forgets the coins that a block made and what it spent.
func (c *change) undoCoins(ctx context.Context) error {
	if c.chain.Coins == "" {
		return nil
	}
	hash := c.event.Block.Hash
	if err := c.q.UnspendCoins(ctx, depositsql.UnspendCoinsParams{Chain: string(c.chain.ID), BlockHash: hash[:]}); err != nil {
		return fmt.Errorf("unspend coins: %w", err)
	}
	if err := c.q.DropCoins(ctx, depositsql.DropCoinsParams{Chain: string(c.chain.ID), BlockHash: hash[:]}); err != nil {
		return fmt.Errorf("drop coins: %w", err)
	}
	return nil
}

// reliveCoins gives late addresses the coins that a past block made for them, and books
// those that it spent. It returns the block's transactions that spend coins of ours.
func (c *change) reliveCoins(ctx context.Context, transfers []coffer.Transfer, who map[coffer.Address]owner) (map[coffer.Hash]bool, error) {
	if c.chain.Coins == "" {
		return nil, nil
	}
	var made []coffer.Transfer
	for _, t := range transfers {
		if to := who[t.To]; t.Asset == c.chain.Coins && to.Late && (to.Kind == kindDeposit || custodyKinds[to.Kind]) {
			made = append(made, t)
		}
	}
	if err := c.addCoins(ctx, made); err != nil {
		return nil, err
	}
	if _, err := c.spendCoins(ctx); err != nil {
		return nil, err
	}
	return c.ownAmong(ctx, transfers)
}

// lateCoins are the coins of late addresses that a pass has found so far, with the block
// that made each, as far as this call has read it.
type lateCoins map[coffer.CoinID]coffer.Hash

func (s *Service) lateCoins(ctx context.Context, chain Chain) (lateCoins, error) {
	if chain.Coins == "" {
		return nil, nil
	}
	rows, err := s.sql.LateCoins(ctx, depositsql.LateCoinsParams{Chain: string(chain.ID), Asset: string(chain.Coins)})
	if err != nil {
		return nil, fmt.Errorf("late coins: %w", err)
	}
	late := make(lateCoins, len(rows))
	for _, row := range rows {
		tx, err := coffer.ParseHash(row.Tx)
		if err != nil {
			return nil, fmt.Errorf("late coins: %w", err)
		}
		output, err := outputOf(row.Ref)
		if err != nil {
			return nil, fmt.Errorf("late coins: %w", err)
		}
		late[coffer.NewCoinID(tx, output)] = coffer.Hash{}
	}
	return late, nil
}

// touched adds the coins that an event's transfers made, and returns its spends of late
// coins. A late coin is spent in a later event than the one that made it, also in one that
// came after its address was known: it was not known then.
func (l lateCoins) touched(asset coffer.AssetID, event coffer.BlockEvent, transfers []coffer.Transfer) []coffer.Spend {
	if l == nil {
		return nil
	}
	if event.Kind == coffer.BlockDisconnected {
		for id, block := range l {
			if block == event.Block.Hash {
				delete(l, id)
			}
		}
		return nil
	}
	for _, t := range transfers {
		if output, err := outputOf(t.Ref); err == nil && t.Asset == asset {
			l[coffer.NewCoinID(t.Tx, output)] = event.Block.Hash
		}
	}
	var spends []coffer.Spend
	for _, spend := range event.Block.Spends {
		if _, late := l[spend.Coin]; late {
			spends = append(spends, spend)
		}
	}
	return spends
}

package payout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// On a chain whose money is coins a payout sets coins aside when it is planned, and no other
// payout takes them before it has ended, finally. The first of them is the anchor: every
// attempt spends it, so at most one lands, and it names the slot. Another attempt spends the
// same coins, or more of them, for a higher fee. What is signed never dies; when the intent's
// time has passed, an attempt that pays everything back takes its place, as on a Safe.

// CoinBook knows the coins of a chain's wallet. Deposits keep it: they see every block.
type CoinBook interface {
	// Coins are the coins that may be spent: confirmed for good, mature and unspent.
	Coins(ctx context.Context, tx pgx.Tx, chain coffer.ChainID) ([]coffer.Coin, error)
	// CoinsNamed are those of some coins that are or were ours.
	CoinsNamed(ctx context.Context, tx pgx.Tx, chain coffer.ChainID, ids []coffer.CoinID) ([]coffer.Coin, error)
	// AddChange makes an address known as one for change, so that nobody is sent there and
	// what comes back is recognised. late: something may have been paid to it before.
	AddChange(ctx context.Context, tx pgx.Tx, chain coffer.ChainID, address coffer.Address, path string, late bool) error
}

// consolidatePoll is how often Run looks whether there are too many coins.
const consolidatePoll = time.Minute

// maxInputs bounds the coins of one payout.
const maxInputs = 100

// slotFree reports whether another payout of a coin wallet may be on its way: as many as
// there are lanes, and one more for each that every signer refuses.
func (m *Manager) slotFree(ctx context.Context, q *payoutsql.Queries, id coffer.ChainID, chain Chain) (bool, error) {
	busy, err := q.BusyLanes(ctx, payoutsql.BusyLanesParams{Chain: string(id), Wallet: string(chain.Wallet.Address())})
	if err != nil {
		return false, fmt.Errorf("read payouts on their way: %w", err)
	}
	refused, err := q.RefusedLanes(ctx, payoutsql.RefusedLanesParams{
		Chain: string(id), Wallet: string(chain.Wallet.Address()), Refusals: int32(chain.Limits.Refusals), //nolint:gosec // a small bound
	})
	if err != nil {
		return false, fmt.Errorf("read refused payouts: %w", err)
	}
	return len(busy) < min(chain.Limits.Lanes+int(refused), maxLanes), nil
}

// planCoins is Plan where money is coins.
func (m *Manager) planCoins(ctx context.Context, id coffer.ChainID, chain Chain) (bool, error) {
	if free, err := m.slotFree(ctx, m.sql, id, chain); err != nil || !free {
		return false, err
	}
	call, cancel := context.WithTimeout(ctx, chain.Limits.CallTimeout)
	defer cancel()
	selector, err := chain.coins.Selector(call)
	if err != nil {
		return false, fmt.Errorf("plan on %s: what fees are: %w", id, err)
	}

	m.checkpoint("payout.before_plan")
	var done planned
	err = m.DB.Tx(ctx, func(tx pgx.Tx) error {
		done, err = m.planCoinsTx(ctx, tx, id, chain, selector)
		return err
	})
	if err != nil {
		return false, err
	}
	return m.noted(id, done), nil
}

func (m *Manager) planCoinsTx(ctx context.Context, tx pgx.Tx, id coffer.ChainID, chain Chain, selector coffer.CoinSelector) (planned, error) {
	q := m.sql.WithTx(tx)
	coins, free, err := m.lockCoins(ctx, tx, id, chain)
	if err != nil || !free {
		return planned{}, err
	}
	coins, kept, err := m.keepForTokens(ctx, tx, chain, coins)
	if err != nil {
		return planned{}, err
	}
	sum, err := coffer.CoinSum(coins)
	if err != nil {
		return planned{}, err
	}
	reserved, err := m.reserved(ctx, q, id)
	if err != nil {
		return planned{}, err
	}
	f := &funds{m: m, tx: tx, chain: chain, reserved: reserved, left: map[coffer.AssetID]coffer.Amount{}, short: map[string]shortage{}}
	// Payments and fees come out of the same coins.
	if left, err := sum.Sub(chain.FeeBound); err == nil {
		f.left[chain.Native] = left
	} else {
		f.left[chain.Native] = coffer.Amount{}
	}
	batch, err := m.batch(ctx, tx, id, chain, f)
	if err != nil || len(batch) == 0 {
		return planned{short: f.short}, err
	}

	if !batch[0].Asset.IsNative() {
		coins = kept.begin(chain.Wallet.Address())
	}
	chosen := choice{offer{path: coffer.PathPSBT}, "the only path"}
	for {
		intent, err := m.draft(ctx, q, id, chain, chosen, batch)
		if err != nil {
			return planned{}, err
		}
		err = m.takeCoins(ctx, tx, chain, selector, coins, &intent)
		if (errors.Is(err, coffer.ErrCoins) || errors.Is(err, coffer.ErrFeeBudget)) && len(batch) > 1 {
			batch = batch[:(len(batch)+1)/2]
			continue
		}
		if errors.Is(err, coffer.ErrFeeBudget) {
			// Fees are too high for what a payout may cost. They fall again, or a person allows more.
			f.short["fees within what a payout may cost"] = shortage{chain.FeeBound, chain.FeeBound}
			return planned{short: f.short}, q.Wait(ctx, payoutsql.WaitParams{Ids: idsOf(batch), Until: m.now().Add(chain.Limits.Rebroadcast)})
		}
		if errors.Is(err, coffer.ErrCoins) {
			// There is enough, but not in coins that pay for themselves. What stands behind it shall
			// have its turn.
			what, lacks := string(batch[0].Asset), shortage{batch[0].Amount, f.left[batch[0].Asset]}
			if !batch[0].Asset.IsNative() { // the token is there, and no coin to send it with
				what, lacks = gasMoney+" of "+what, shortage{chain.FeeBound, kept.sum()}
			}
			f.short[what] = lacks
			return planned{short: f.short}, q.Wait(ctx, payoutsql.WaitParams{Ids: idsOf(batch), Until: m.now().Add(chain.Limits.Rebroadcast)})
		}
		if err != nil {
			return planned{}, err
		}
		chosen.slot = intent.Slot
		if err := m.insertBatch(ctx, q, intent, chosen.reason, batch); err != nil {
			return planned{}, err
		}
		return planned{intent.ID, chosen, f.short}, m.Withdrawals.Paying(ctx, tx, intent.ID, idsOf(batch))
	}
}

// lockCoins takes the wallet's lock and returns the coins that no payout has, unless as many
// payouts are on their way as may be.
func (m *Manager) lockCoins(ctx context.Context, tx pgx.Tx, id coffer.ChainID, chain Chain) ([]coffer.Coin, bool, error) {
	q := m.sql.WithTx(tx)
	wallet := string(chain.Wallet.Address())
	if err := q.LockLane(ctx, string(id)+"/"+wallet); err != nil {
		return nil, false, fmt.Errorf("lock the coins of %s: %w", wallet, err)
	}
	if free, err := m.slotFree(ctx, q, id, chain); err != nil || !free {
		return nil, false, err
	}
	coins, err := chain.Coins.Coins(ctx, tx, id)
	if err != nil {
		return nil, false, err
	}
	taken, err := q.TakenCoins(ctx, payoutsql.TakenCoinsParams{Chain: string(id), Coins: namesOf(coins)})
	if err != nil {
		return nil, false, fmt.Errorf("read which coins are taken: %w", err)
	}
	of := make(map[coffer.CoinID]bool, len(taken))
	for _, coin := range taken {
		of[coffer.CoinID(coin)] = true
	}
	return slices.DeleteFunc(coins, func(c coffer.Coin) bool { return of[c.ID] }), true, nil
}

func namesOf(coins []coffer.Coin) []string {
	names := make([]string, len(coins))
	for i, c := range coins {
		names[i] = string(c.ID)
	}
	return names
}

// takeCoins chooses the coins of an intent, which are its slot, and where change goes.
// coffer.ErrCoins when there are not enough.
func (m *Manager) takeCoins(ctx context.Context, tx pgx.Tx, chain Chain, selector coffer.CoinSelector, coins []coffer.Coin, i *coffer.Intent) error {
	selected, err := selector.Select(i.Payments, slices.Clone(coins), i.FeeBound, coffer.RequestHash("coins", i.ID))
	if err != nil && !errors.Is(err, coffer.ErrCoins) && !errors.Is(err, coffer.ErrFeeBudget) {
		// What the wallet cannot pay at all must not stop what stands behind it.
		m.Log.Error("the wallet chooses no coins", "chain", i.Chain, "payments", len(i.Payments), "error", err)
		return fmt.Errorf("%w: %w", coffer.ErrCoins, err)
	}
	if err != nil {
		return err
	}
	if err := m.checkSelected(chain, selected, coins); err != nil {
		return err
	}
	i.Coins, i.Slot = selected, coffer.Slot{Kind: coffer.SlotCoin, Lane: string(selected[0].ID)}
	if chain.sendsTokens(*i) {
		i.Change = chain.home() // the next payout of tokens begins with it
		return nil
	}
	used, err := m.sql.WithTx(tx).NextChange(ctx, payoutsql.NextChangeParams{Chain: string(i.Chain), Wallet: string(i.Wallet)})
	if err != nil {
		return fmt.Errorf("count addresses for change: %w", err)
	}
	i.Change = chain.coins.ChangePath(uint32(used)) //nolint:gosec // bounded in the table
	return m.addChange(ctx, tx, chain, *i, false)
}

// addChange makes the address known that an intent's change goes to.
func (m *Manager) addChange(ctx context.Context, tx pgx.Tx, chain Chain, i coffer.Intent, late bool) error {
	address, err := chain.coins.AddressAt(i.Change)
	if err != nil {
		return fmt.Errorf("address for change at %q: %w", i.Change, err)
	}
	return chain.Coins.AddChange(ctx, tx, i.Chain, address, i.Change, late)
}

// checkSelected refuses coins that were not there to choose from, and those that the wallet
// does not have at their path.
func (m *Manager) checkSelected(chain Chain, selected, coins []coffer.Coin) error {
	if len(selected) == 0 || len(selected) > maxInputs {
		return fmt.Errorf("%d coins were chosen; want 1 to %d", len(selected), maxInputs)
	}
	there := make(map[coffer.CoinID]coffer.Coin, len(coins))
	for _, c := range coins {
		there[c.ID] = c
	}
	for _, c := range selected {
		if there[c.ID] != c || c.ID == "" {
			return fmt.Errorf("coin %s was chosen and is not there", c.ID)
		}
		delete(there, c.ID)
		address, err := chain.coins.AddressAt(c.Path)
		if err != nil || address != c.Address {
			return fmt.Errorf("coin %s is at %s, and the wallet has %s at %q: %w", c.ID, c.Address, address, c.Path, errors.Join(err, errForeignCoin))
		}
	}
	return nil
}

var errForeignCoin = errors.New("not a coin of this wallet")

// PlanConsolidation makes one payout that makes one coin of many, if there are more than
// Limits.ConsolidateOver, another is not on its way, and the wallet finds it worth what fees
// are now. It returns "" when it did not.
func (m *Manager) PlanConsolidation(ctx context.Context, id coffer.ChainID) (string, error) {
	chain, known := m.Chains[id]
	if !known || chain.coins == nil {
		return "", coffer.Invalid("chain", "%s has no coins that payouts spend", id)
	}
	if m.Broken(id) != nil || chain.Limits.ConsolidateOver == 0 {
		return "", nil
	}
	call, cancel := context.WithTimeout(ctx, chain.Limits.CallTimeout)
	defer cancel()
	selector, err := chain.coins.Selector(call)
	if err != nil {
		return "", fmt.Errorf("consolidate on %s: what fees are: %w", id, err)
	}
	m.checkpoint("payout.before_plan")
	name := ""
	err = m.DB.Tx(ctx, func(tx pgx.Tx) error {
		name, err = m.planConsolidation(ctx, tx, id, chain, selector)
		return err
	})
	if err != nil || name == "" {
		return "", err
	}
	m.checkpoint("payout.planned")
	m.Log.Info("consolidation planned", "payout", name, "chain", id)
	return name, nil
}

func (m *Manager) planConsolidation(ctx context.Context, tx pgx.Tx, id coffer.ChainID, chain Chain, selector coffer.CoinSelector) (string, error) {
	q := m.sql.WithTx(tx)
	coins, free, err := m.lockCoins(ctx, tx, id, chain)
	if err != nil || !free {
		return "", err
	}
	if coins, _, err = m.keepForTokens(ctx, tx, chain, coins); err != nil || len(coins) <= chain.Limits.ConsolidateOver {
		return "", err
	}
	another, err := q.AnyLive(ctx, payoutsql.AnyLiveParams{Chain: string(id), Wallet: string(chain.Wallet.Address()), Purpose: coffer.PurposeConsolidate})
	if err != nil || another {
		return "", wrap("look for a consolidation on its way", err)
	}
	name, err := m.unusedID(ctx, q, 0, "consolidate", string(id), string(coins[0].ID))
	if err != nil {
		return "", err
	}
	now := m.now()
	intent := coffer.Intent{
		ID: name, Chain: id, Wallet: chain.Wallet.Address(), Path: coffer.PathPSBT, Purpose: coffer.PurposeConsolidate,
		FeeBound: chain.FeeBound, Expires: now.Add(chain.Limits.IntentTTL).Truncate(time.Second),
	}
	err = m.takeCoins(ctx, tx, chain, selector, coins, &intent)
	if errors.Is(err, coffer.ErrCoins) || errors.Is(err, coffer.ErrFeeBudget) {
		return "", nil // not worth it now
	}
	if err != nil {
		return "", err
	}
	return name, m.insertPayout(ctx, q, intent, "many small coins", now)
}

// restoreCoins makes place for a payout that is made again from the signers' logs: nobody else
// may have its coins, and its address for change is known and counted.
func (m *Manager) restoreCoins(ctx context.Context, tx pgx.Tx, i coffer.Intent) error {
	if i.Path != coffer.PathPSBT {
		return nil
	}
	chain, q := m.Chains[i.Chain], m.sql.WithTx(tx)
	if chain.coins == nil || len(i.Coins) == 0 || len(i.Coins) > maxInputs {
		return fmt.Errorf("payout %s spends %d coins, and its wallet has none or not so many", i.ID, len(i.Coins))
	}
	taken, err := q.TakenCoins(ctx, payoutsql.TakenCoinsParams{Chain: string(i.Chain), Coins: namesOf(i.Coins)})
	if err != nil {
		return fmt.Errorf("read which coins are taken: %w", err)
	}
	if len(taken) > 0 {
		return fmt.Errorf("payout %s took coin %s, which another payout has here: %w", i.ID, taken[0], errBlocked)
	}
	if err := m.addChange(ctx, tx, chain, i, true); err != nil || len(chain.Tokens) > 0 && i.Change == chain.home() {
		return err
	}
	index, err := strconv.ParseUint(i.Change[strings.LastIndexByte(i.Change, '/')+1:], 10, 31)
	if err != nil {
		return nil //nolint:nilerr // a wallet of one address does not count
	}
	err = q.RaiseChange(ctx, payoutsql.RaiseChangeParams{Chain: string(i.Chain), Wallet: string(i.Wallet), Used: int64(index) + 1})
	if err != nil {
		return fmt.Errorf("count addresses for change: %w", err)
	}
	return nil
}

// checkCoins holds what an attempt does with coins to the intent: it spends the intent's
// coins from the anchor on, in their order, and what is left over comes back.
func checkCoins(e coffer.Effects, i coffer.Intent) error {
	if i.Path != coffer.PathPSBT {
		if len(e.Coins) > 0 || e.Change != "" {
			return fmt.Errorf("%d coins on path %s", len(e.Coins), i.Path)
		}
		return nil
	}
	switch {
	case len(e.Coins) == 0 || len(e.Coins) > len(i.Coins) || !slices.Equal(e.Coins, i.Coins[:len(e.Coins)]):
		return fmt.Errorf("%d coins, which are not the first of the intent's %d", len(e.Coins), len(i.Coins))
	case i.Slot != coffer.Slot{Kind: coffer.SlotCoin, Lane: string(e.Coins[0].ID)}:
		return fmt.Errorf("slot %s, and coin %s is the first", i.Slot, e.Coins[0].ID)
	case len(e.Digests) != len(e.Coins):
		return fmt.Errorf("%d digests for %d coins", len(e.Digests), len(e.Coins))
	case e.Change != "" && e.Change != i.Change:
		return fmt.Errorf("change goes to %q, want %q", e.Change, i.Change)
	}
	return nil
}

package deposit

import (
	"context"
	"fmt"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit/depositsql"
	"github.com/cofferhq/coffer/ledger"
)

// Unknown tokens are anybody's to make and send, so what they cost us is bounded: by these
// where a Chain names no bounds.
const (
	DefaultUnknownPerBlock = 100
	DefaultUnknownPerChain = 10_000
)

// Reasons of deposits that stand aside. Users see them.
const (
	reasonOwnSender   = "the sender is an address of ours"
	reasonDust        = "the amount is below the asset's minimum deposit"
	reasonUnsupported = "the asset is not supported"
	reasonReview      = "held for review"
	reasonNoMemo      = "the memo is missing"
	reasonOtherMemo   = "the memo is not the one of this address"
	reasonManySenders = "held for review: its transaction spends too many coins to look up who sent it"
	reasonNotScreened = "held for review: who sent it could not be screened"
)

// receive takes the transfers of a connected block that touch our addresses.
func (c *change) receive(ctx context.Context) error {
	known, unknown, err := c.sort()
	if err != nil {
		return err
	}
	if err := c.countUnknown(ctx, unknown); err != nil {
		return err
	}
	var ours []observed
	if len(known) > 0 {
		if ours, err = c.observe(ctx, known); err != nil {
			return err
		}
	}
	own, err := c.coins(ctx, known, ours)
	if err != nil {
		return err
	}

	var arrived []arrival
	for _, o := range ours {
		transfer := known[o.Place]
		if o.RecipientKind == kindDeposit {
			arrived = append(arrived, c.judge(transfer, o, own[transfer.Tx]))
		}
		if debit, credit, kind := house(transfer, o, c.isChange(transfer, own)); kind != "" {
			c.bookHouse(transfer, "house", kind, debit, credit)
		}
	}
	if err := c.park(ctx, arrived); err != nil {
		return err
	}
	if err := c.include(ctx, arrived); err != nil {
		return err
	}
	c.reached(CheckpointReceiving, len(arrived))
	return nil
}

// sort tells transfers of assets that operators know from the others. Transfers of zero
// are nothing: anybody can make a token emit them from any address.
func (c *change) sort() (known, unknown []coffer.Transfer, err error) {
	type place struct {
		tx  coffer.Hash
		ref string
	}
	seen := make(map[place]bool, len(c.event.Block.Transfers))
	for _, t := range c.event.Block.Transfers {
		if t.Asset.Chain() != c.chain.ID {
			return nil, nil, fmt.Errorf("%w: a transfer of %.200q", ErrBroken, t.Asset)
		}
		if p := (place{t.Tx, t.Ref}); seen[p] {
			return nil, nil, fmt.Errorf("%w: two transfers at %s %.80q", ErrBroken, t.Tx, t.Ref)
		} else {
			seen[p] = true
		}
		if t.Amount.IsZero() {
			continue
		}
		if _, supported := c.assets[t.Asset]; supported || c.known[t.Asset] {
			known = append(known, t)
		} else {
			unknown = append(unknown, t)
		}
	}
	return known, unknown, nil
}

func (c *change) countUnknown(ctx context.Context, transfers []coffer.Transfer) error {
	if len(transfers) == 0 {
		return nil
	}
	listed, err := c.q.UnknownListed(ctx, string(c.chain.ID))
	if err != nil {
		return fmt.Errorf("count unknown tokens: %w", err)
	}
	p := depositsql.CountUnknownParams{Chain: string(c.chain.ID), Height: c.height, MaxNew: max(0, min(c.chain.UnknownPerBlock, c.chain.UnknownPerChain-listed))}
	for i := range transfers {
		p.Assets = append(p.Assets, string(transfers[i].Asset))
		p.Recipients = append(p.Recipients, string(transfers[i].To))
		p.Txs = append(p.Txs, transfers[i].Tx[:])
	}
	if _, err := c.q.CountUnknown(ctx, p); err != nil {
		return fmt.Errorf("count unknown tokens: %w", err)
	}
	return nil
}

// observed is a transfer that touches our addresses: whose they are. Kinds are empty for addresses
// that are not ours.
type observed struct {
	Place                     int // among the block's transfers
	RecipientKind, SenderKind string
	Tenant, Account           string // of the recipient
}

// observe keeps the transfers that touch our addresses and says whose they are. What an
// executor or an account's address sends is kept whoever gets it.
func (c *change) observe(ctx context.Context, transfers []coffer.Transfer) ([]observed, error) {
	addresses, err := c.oursAmong(ctx, transfers)
	if err != nil || len(addresses) == 0 {
		return nil, err
	}
	hash := c.event.Block.Hash
	p := depositsql.KeepObservedParams{Chain: string(c.chain.ID), BlockHash: hash[:], Height: c.height, At: c.at}
	var ours []observed
	for i := range transfers {
		t := &transfers[i]
		to, known := addresses[string(t.To)]
		from := addresses[string(t.From)]
		if !known && from.Kind != HouseExecutor && from.Kind != kindDeposit {
			continue
		}
		ours = append(ours, observed{i, to.Kind, from.Kind, to.Tenant, to.Account})
		p.Txs = append(p.Txs, t.Tx[:])
		p.Refs = append(p.Refs, t.Ref)
		p.Assets = append(p.Assets, string(t.Asset))
		p.Senders = append(p.Senders, string(t.From))
		p.Recipients = append(p.Recipients, string(t.To))
		p.Amounts = append(p.Amounts, t.Amount)
		p.Memos = append(p.Memos, t.Memo)
	}
	if len(ours) == 0 {
		return nil, nil
	}
	if err := c.q.KeepObserved(ctx, p); err != nil {
		return nil, fmt.Errorf("observe: %w", err)
	}
	return ours, nil
}

// oursAmong returns the addresses of ours that transfers come from or go to.
func (c *change) oursAmong(ctx context.Context, transfers []coffer.Transfer) (map[string]depositsql.AddressesAmongRow, error) {
	seen := make(map[string]bool, len(transfers))
	all := make([]string, 0, len(transfers))
	for i := range transfers {
		for _, address := range []string{string(transfers[i].To), string(transfers[i].From)} {
			if address != "" && !seen[address] {
				seen[address] = true
				all = append(all, address)
			}
		}
	}
	rows, err := c.q.AddressesAmong(ctx, depositsql.AddressesAmongParams{Chain: string(c.chain.ID), Addresses: all})
	if err != nil {
		return nil, fmt.Errorf("look addresses up: %w", err)
	}
	ours := make(map[string]depositsql.AddressesAmongRow, len(rows))
	for _, row := range rows {
		ours[row.Address] = row
	}
	return ours, nil
}

// arrival is a transfer to an account's address, and where it goes aside.
type arrival struct {
	coffer.Transfer
	id              string
	tenant, account string
	credit, unlock  int64 // heights of the tip at which it is deep enough
	aside           coffer.DepositState
	reason          string
	rule            string // that parked it
}

// judge decides what becomes of a transfer to an account's address. own: its transaction
// spends coins of ours.
func (c *change) judge(t coffer.Transfer, o observed, own bool) arrival {
	a := arrival{
		Transfer: t, tenant: o.Tenant, account: o.Account,
		id:     coffer.DeriveID("dep", string(c.chain.ID), t.Tx.String(), t.Ref, string(t.To)),
		credit: c.height, unlock: c.height,
	}
	asset, supported := c.assets[t.Asset]
	if supported {
		// What the chain itself lets nobody spend yet is not counted yet.
		a.credit, a.unlock = c.height+toInt(max(asset.Credit, t.Maturity))-1, c.height+toInt(max(asset.Unlock, t.Maturity))-1
	}

	switch {
	case !supported:
		a.aside, a.reason = coffer.DepositUnsupported, reasonUnsupported
	case own || o.SenderKind == kindDeposit || custodyKinds[o.SenderKind]:
		a.aside, a.reason, a.rule = coffer.DepositReview, reasonOwnSender, ruleOwnSender
	case t.Amount.Cmp(asset.MinDeposit) < 0:
		a.aside, a.reason = coffer.DepositDust, reasonDust
	case asset.NeedsMemo && t.Memo == "":
		a.aside, a.reason = coffer.DepositMissingMemo, reasonNoMemo
	case asset.NeedsMemo && t.Memo != MemoOf(o.Tenant, o.Account):
		a.aside, a.reason = coffer.DepositMissingMemo, reasonOtherMemo
	}
	return a
}

// include writes deposits as observed, and moves those that stand aside on.
func (c *change) include(ctx context.Context, arrived []arrival) error {
	if len(arrived) == 0 {
		return nil
	}
	hash := c.event.Block.Hash
	p := depositsql.IncludeParams{Chain: string(c.chain.ID), Height: c.height, BlockHash: hash[:], BlockTime: c.event.Block.Time.UTC(), At: c.at}
	aside := depositsql.SetAsideParams{At: c.at}
	rules := map[string]string{} // by deposit
	for i := range arrived {
		a := &arrived[i]
		p.Ids = append(p.Ids, a.id)
		p.Tenants = append(p.Tenants, a.tenant)
		p.Accounts = append(p.Accounts, a.account)
		p.Txs = append(p.Txs, a.Tx[:])
		p.Refs = append(p.Refs, a.Ref)
		p.Addresses = append(p.Addresses, string(a.To))
		p.Assets = append(p.Assets, string(a.Asset))
		p.Senders = append(p.Senders, string(a.From))
		p.Amounts = append(p.Amounts, a.Amount)
		p.Memos = append(p.Memos, a.Memo)
		p.CreditHeights = append(p.CreditHeights, a.credit)
		p.UnlockHeights = append(p.UnlockHeights, a.unlock)
		if a.aside != "" {
			aside.Ids = append(aside.Ids, a.id)
			aside.States = append(aside.States, string(a.aside))
			aside.Reasons = append(aside.Reasons, a.reason)
		}
		if a.rule != "" {
			rules[a.id] = a.rule
		}
	}

	included, err := c.q.Include(ctx, p)
	if err != nil {
		return fmt.Errorf("include: %w", err)
	}
	if len(included) != len(arrived) {
		return fmt.Errorf("%w: %d of %d deposits of block %s are live in another block", ErrBroken, len(arrived)-len(included), len(arrived), hash)
	}
	if err := c.tell(included); err != nil || len(aside.Ids) == 0 {
		return err
	}

	moved, err := c.q.SetAside(ctx, aside)
	if err != nil {
		return fmt.Errorf("set aside: %w", err)
	}
	c.book(moved, asideEntry)
	for _, d := range moved {
		if rule := rules[d.ID]; rule != "" {
			c.note(d, actionPark, rule, d.Reason)
		}
	}
	return c.tell(moved)
}

// kindFlushed is the kind of the entries of flushes, which go through transit:sweep.
const kindFlushed = "deposit.flushed"

// house says which entry a transfer that touches house addresses asks for; kind is empty
// for none.
//
// What goes from an account's address to a custody wallet was flushed: by a sweep of ours or
// by anybody, it is booked here alike. What goes anywhere else is a token's doing, such as a
// fee it takes on the way. What leaves a custody wallet is booked by the payout that sent it,
// both sides. Executors send on their own: whatever leaves them besides fees is booked here.
// What the EntryPoint pays them is income, which payouts book from outcomes.
//
// A coin that a transaction of ours makes at a house address is change: it comes out of what
// the transaction spent.
func house(t coffer.Transfer, o observed, change bool) (debit, credit, kind string) {
	custody := custodyKinds[o.RecipientKind]
	switch {
	case t.From == t.To:
		return "", "", ""
	case change && custody:
		return houseAccount(o.RecipientKind, t.To, t.Asset), ledger.TransitCoins, "deposit.change"
	case o.SenderKind == HouseExecutor && custody:
		return houseAccount(o.RecipientKind, t.To, t.Asset), houseAccount(o.SenderKind, t.From, t.Asset), "deposit.moved"
	case o.SenderKind == HouseExecutor:
		return ledger.SuspenseUnknown, houseAccount(o.SenderKind, t.From, t.Asset), "deposit.executor_spent"
	case o.SenderKind == kindDeposit && !custody:
		return ledger.SuspenseUnknown, ledger.PrefixCustodyDeposit + string(t.From), "deposit.left"
	case !custody || custodyKinds[o.SenderKind]:
		return "", "", ""
	case o.SenderKind == HouseEntryPoint && o.RecipientKind == HouseExecutor && t.Asset.IsNative():
		return "", "", ""
	case o.SenderKind == kindDeposit:
		return houseAccount(o.RecipientKind, t.To, t.Asset), ledger.PrefixCustodyDeposit + string(t.From), kindFlushed
	}
	return houseAccount(o.RecipientKind, t.To, t.Asset), ledger.SuspenseUnknown, "deposit.foreign"
}

// isChange reports whether a transfer is a coin made by a transaction that spends coins of
// ours.
func (c *change) isChange(t coffer.Transfer, own map[coffer.Hash]bool) bool {
	return own[t.Tx] && t.Asset == c.chain.Coins
}

// houseAccount is where the money of a custody address is booked.
func houseAccount(kind string, address coffer.Address, asset coffer.AssetID) string {
	if kind == HouseExecutor && asset.IsNative() {
		return ledger.PrefixGasExecutor + string(address)
	}
	return ledger.PrefixCustodyHot + string(address)
}

// bookHouse collects an entry of a transfer that touches house addresses. prefix is of the
// entry's id: one transfer may ask for a second entry that corrects the first.
func (c *change) bookHouse(t coffer.Transfer, prefix, kind, debit, credit string) {
	// The sequence tells this inclusion from an earlier one, also in the same block.
	id := coffer.DeriveID(prefix, string(c.chain.ID), t.Tx.String(), t.Ref, fmt.Sprint(c.event.Sequence))
	hash := c.event.Block.Hash
	postings := []ledger.Posting{ledger.Debit(debit, t.Asset, t.Amount), ledger.Credit(credit, t.Asset, t.Amount)}
	if kind == kindFlushed {
		postings = append(postings, ledger.Debit(ledger.TransitSweep, t.Asset, t.Amount), ledger.Credit(ledger.TransitSweep, t.Asset, t.Amount))
	}
	c.entries = append(c.entries, ledger.Entry{
		ID: id, Kind: kind, Resource: t.Tx.String(), Chain: c.chain.ID, Block: c.event.Block.BlockRef, At: c.at, Postings: postings,
	})
	c.blocks = append(c.blocks, hash[:])
}

package sim

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/stream"
)

// books are balances by code and asset, debits above zero.
type books map[[2]string]int64

func (b books) add(code string, asset coffer.AssetID, amount int64) {
	b[[2]string{code, string(asset)}] += amount
}

// check holds the database to what the events say that were applied, and to the chains.
func (w *World) check() {
	w.hear()
	for _, text := range w.kept.take() {
		w.violate("a process logged: %s", text)
	}
	for _, c := range w.chains {
		w.views[c.id].read()
	}
	snapshot, err := w.snapshot()
	w.must(err)
	want := books{}
	for _, c := range w.chains {
		v, at := w.views[c.id], snapshot.cursors[string(c.id)]
		if at.deposits > uint64(len(v.events)) || at.payouts > uint64(len(v.events)) {
			w.violate("%s: deposits are at event %d and payouts at %d of %d", c.id, at.deposits, at.payouts, len(v.events))
			continue
		}
		v.credited.advance(at.deposits)
		v.landed.advance(at.payouts)
		w.checkDeposits(c, v.credited, snapshot, want)
		w.checkPaid(c, v.landed, want)
		if c.family == Coins {
			w.checkCoins(c, v, snapshot, want)
		}
	}
	w.checkWithdrawals(snapshot, want)
	w.checkBooks(snapshot.books, want)
	for key, spent := range snapshot.balances {
		if posted := snapshot.books[key]; spent != -posted {
			w.violate("%s is %d of %s, and its postings say %d", key[0], spent, key[1], -posted)
		}
	}
}

// cursors are how far a chain's events were applied.
type cursors struct{ deposits, payouts uint64 }

// order is a withdrawal as the database has it.
type order struct {
	id, account, state, destination string
	asset                           coffer.AssetID
	amount, fee                     uint64
	live                            int // payouts that may pay it
}

type snapshot struct {
	cursors  map[string]cursors
	deposits map[string]map[place]live
	coins    map[string][]string
	orders   map[string]order
	books    books
	balances books // of customers, as they are read when somebody spends
}

// snapshot reads everything in one transaction, which sees one moment.
func (w *World) snapshot() (*snapshot, error) {
	s := &snapshot{cursors: map[string]cursors{}, deposits: map[string]map[place]live{}, coins: map[string][]string{}, orders: map[string]order{}, books: books{}, balances: books{}}
	err := pgx.BeginTxFunc(w.ctx, w.db.Pool(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		var chain, tx32, ref, account, asset, state string
		var one, two int64
		var o order
		batch.Queue(`select chain, coalesce(max(d), 0), coalesce(max(p), 0) from (
			select chain, sequence as d, null::bigint as p from deposit_cursor union all select chain, null, sequence from payout_cursor) c group by chain`).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&chain, &one, &two}, func() error {
				s.cursors[chain] = cursors{uint64(one), uint64(two)}
				return nil
			})
			return err
		})
		batch.Queue(`select chain, encode(tx, 'hex'), ref, account, asset, amount::bigint, height, state from deposit where state not in ('orphaned', 'reversed')`).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&chain, &tx32, &ref, &account, &asset, &one, &two, &state}, func() error {
				var p place
				if _, err := hex.Decode(p.tx[:], []byte(tx32)); err != nil {
					return err
				}
				p.ref = ref
				if s.deposits[chain] == nil {
					s.deposits[chain] = map[place]live{}
				}
				if _, twice := s.deposits[chain][p]; twice {
					w.violate("%s: two live deposits at %s", chain, p)
				}
				s.deposits[chain][p] = live{account, coffer.AssetID(asset), uint64(one), uint64(two), coffer.DepositState(state)}
				return nil
			})
			return err
		})
		batch.Queue(`select chain, encode(tx, 'hex') || ':' || output || ' ' || amount from deposit_coin where spent_by is null`).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&chain, &ref}, func() error {
				s.coins[chain] = append(s.coins[chain], ref)
				return nil
			})
			return err
		})
		batch.Queue(`select w.id, w.account, w.state, w.destination, w.asset, w.amount::bigint, w.fee::bigint,
			(select count(*) from payout_orders o where o.withdrawal_id = w.id and o.live) from withdrawal w`).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&o.id, &o.account, &o.state, &o.destination, &asset, &one, &two, &o.live}, func() error {
				o.asset, o.amount, o.fee = coffer.AssetID(asset), uint64(one), uint64(two)
				s.orders[o.id] = o
				return nil
			})
			return err
		})
		batch.Queue(`select account, asset, sum(amount)::bigint from ledger_posting group by account, asset`).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&account, &asset, &one}, func() error {
				s.books.add(account, coffer.AssetID(asset), one)
				return nil
			})
			return err
		})
		var available, pending, held, review int64
		batch.Queue(`select account, asset, available::bigint, pending::bigint, held::bigint, review::bigint from ledger_balance`).Query(func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, []any{&account, &asset, &available, &pending, &held, &review}, func() error {
				for bucket, amount := range map[string]int64{
					ledger.BucketAvailable: available, ledger.BucketPending: pending, ledger.BucketHeld: held, ledger.BucketReview: review,
				} {
					s.balances.add(ledger.User(account, bucket), coffer.AssetID(asset), amount)
				}
				return nil
			})
			return err
		})
		return tx.SendBatch(w.ctx, batch).Close()
	})
	return s, err
}

// checkDeposits compares the deposits of a chain with the model, and says what they mean to the
// books.
func (w *World) checkDeposits(c *chain, m *credits, s *snapshot, want books) {
	model := map[place]live{}
	for p, d := range m.live {
		model[p] = *d
		deposited, amount := ledger.PrefixCustodyDeposit+string(w.users[c.id][d.Account]), int64(d.Amount)
		to := ""
		switch d.State {
		case coffer.DepositUnsupported:
			to = ledger.SuspenseUnsupported
		case coffer.DepositDust:
			to = ledger.SuspenseDust
		case coffer.DepositReview:
			to = ledger.User(d.Account, ledger.BucketReview)
		case coffer.DepositCredited:
			to = "user:" + d.Account
			want.add(ledger.User(d.Account, ledger.BucketPending), d.Asset, -amount)
		case coffer.DepositUnlocked:
			to = "user:" + d.Account
		default:
			if c.family != Coins {
				continue
			}
			to = "" // coins are in the books from their block on
		}
		if to != "" {
			want.add(to, d.Asset, -amount)
		}
		if c.family != Coins {
			want.add(deposited, d.Asset, amount)
		}
	}
	for _, line := range differences(s.deposits[string(c.id)], model) {
		w.violate("deposits of %s after event %d: %s", c.id, m.at, line)
	}
}

// checkPaid says what the payments of a chain mean to the books, and complains of anybody who was
// paid twice.
func (w *World) checkPaid(c *chain, m *landings, want books) {
	for to, payments := range m.paid {
		if len(payments) > 1 {
			w.violate("%s on %s was paid %d times", to, c.id, len(payments))
		}
	}
	if c.family == Coins {
		for _, b := range m.blocks {
			for _, t := range b.Transfers {
				if known := c.known[t.Tx]; known.ours == nil && w.ours(c)[t.To] == ledger.PrefixCustodyHot {
					want.add(ledger.SuspenseUnknown, c.native, -int64(number(t.Amount)))
				}
			}
		}
		want.add(ledger.ExpenseNetworkFee, c.native, int64(m.fees))
		return
	}
	hot, fees := ledger.PrefixCustodyHot+string(c.hot), int64(m.fees)
	for _, asset := range c.assets() {
		want.add(hot, asset, opening-int64(m.spent[asset]))
		want.add(ledger.EquityOpening, asset, -opening)
	}
	want.add(ledger.EquityOpening, c.native, -gasOpening)
	if c.family == TRON {
		want.add(hot, c.native, gasOpening-fees)
		want.add(ledger.ExpenseNetworkFee, c.native, fees)
		return
	}
	want.add(ledger.PrefixGasEntryPoint+string(c.hot), c.native, gasOpening-fees)
	want.add(ledger.PrefixGasExecutor+string(c.executor), c.native, int64(m.ops)*(operationFee-bundleFee))
	want.add(ledger.ExpenseNetworkFee, c.native, int64(m.ops)*bundleFee)
}

// checkCoins holds the coins that deposits know to the unspent outputs of the blocks they have
// seen, and says what they mean to custody: all but what is not counted yet.
func (w *World) checkCoins(c *chain, v *view, s *snapshot, want books) {
	var blocks []coffer.Block
	for _, e := range v.events[:v.credited.at] {
		if e.Kind == coffer.BlockDisconnected {
			blocks = blocks[:len(blocks)-1]
		} else {
			blocks = append(blocks, e.Block)
		}
	}
	ours := w.ours(c)
	var expected []string
	for id, t := range c.stateOf(blocks).unspent {
		prefix, mine := ours[t.To]
		if !mine {
			continue
		}
		expected = append(expected, fmt.Sprintf("%s %s", id, t.Amount))
		want.add(prefix+string(t.To), c.native, int64(number(t.Amount)))
	}
	for _, d := range v.credited.live {
		if d.State == coffer.DepositObserved || d.State == coffer.DepositConfirming {
			want.add(ledger.PrefixCustodyDeposit+string(w.users[c.id][d.Account]), c.native, -int64(d.Amount))
		}
	}
	got := slices.Clone(s.coins[string(c.id)])
	slices.Sort(got)
	slices.Sort(expected)
	if !slices.Equal(got, expected) {
		w.violate("coins of %s are\n%s\nwant\n%s", c.id, strings.Join(got, "\n"), strings.Join(expected, "\n"))
	}
}

// ours are the addresses of a chain that are ours, and where what they hold is booked.
func (w *World) ours(c *chain) map[coffer.Address]string {
	ours := map[coffer.Address]string{c.hot: ledger.PrefixCustodyHot}
	for _, s := range c.sent {
		if s.ours != nil && s.ours.Change != "" {
			ours[c.address(s.ours.Change)] = ledger.PrefixCustodyHot
		}
	}
	for _, address := range w.users[c.id] {
		ours[address] = ledger.PrefixCustodyDeposit
	}
	return ours
}

// checkWithdrawals compares withdrawals with what the chains have paid, and says what they mean
// to the books.
func (w *World) checkWithdrawals(s *snapshot, want books) {
	for _, o := range s.orders {
		c := w.chainOf(o.asset.Chain())
		m := w.views[c.id].landed
		payments := m.paid[coffer.Address(o.destination)]
		paid, total := len(payments) > 0, int64(o.amount+o.fee)
		if o.live > 1 {
			w.violate("withdrawal %s is in %d live payouts", o.id, o.live)
		}
		if !coffer.WithdrawalMoves.End(coffer.WithdrawalState(o.state)) {
			want.add(ledger.User(o.account, ledger.BucketHeld), o.asset, -total)
		}
		inside := w.customerAt(c, coffer.Address(o.destination))
		switch state := coffer.WithdrawalState(o.state); {
		case inside != "":
			if state == coffer.WithdrawalSettled {
				want.add("user:"+o.account, o.asset, total)
				want.add("user:"+inside, o.asset, -int64(o.amount))
				want.add(ledger.RevenueWithdrawFee, o.asset, -int64(o.fee))
			}
		case state == coffer.WithdrawalSettled:
			want.add("user:"+o.account, o.asset, total)
			want.add(ledger.RevenueWithdrawFee, o.asset, -int64(o.fee))
			if !paid || payments[0].Amount != coffer.NewAmount(o.amount) || payments[0].Asset != o.asset || !m.isFinal(m.height[coffer.Address(o.destination)]) {
				w.violate("withdrawal %s is settled, and final blocks paid %v", o.id, payments)
			}
			want.add(ledger.TransitWithdrawal, o.asset, -int64(o.amount))
		case (state == coffer.WithdrawalConfirming) != paid:
			w.violate("withdrawal %s of %d is %s, and the blocks that payouts have seen paid %v", o.id, o.amount, o.state, payments)
		}
		if paid {
			want.add(ledger.TransitWithdrawal, o.asset, int64(o.amount))
		}
	}
}

func (w *World) chainOf(id coffer.ChainID) *chain {
	for _, c := range w.chains {
		if c.id == id {
			return c
		}
	}
	panic("no chain " + id)
}

// customerAt is whose an address is.
func (w *World) customerAt(c *chain, address coffer.Address) string {
	for customer, at := range w.users[c.id] {
		if at == address {
			return customer
		}
	}
	return ""
}

// checkBooks compares the books with what they must be. Of customers it compares what they cannot
// spend yet, what is set aside, and what they have in all, less what they owe.
func (w *World) checkBooks(got, want books) {
	sums := map[string]int64{}
	have := books{}
	for key, amount := range got {
		sums[key[1]] += amount
		code := key[0]
		if account, bucket, ok := userBucket(code); ok && bucket != ledger.BucketReview {
			if bucket == ledger.BucketPending || bucket == ledger.BucketHeld {
				have.add(code, coffer.AssetID(key[1]), amount)
			}
			code = "user:" + account
		} else if owed, ok := strings.CutPrefix(code, ledger.PrefixReceivableReorg); ok {
			code = "user:" + owed
		}
		have.add(code, coffer.AssetID(key[1]), amount)
	}
	for asset, sum := range sums {
		if sum != 0 {
			w.violate("entries in %s sum to %d", asset, sum)
		}
	}
	keys := map[[2]string]bool{}
	for key := range have {
		keys[key] = true
	}
	for key := range want {
		keys[key] = true
	}
	for key := range keys {
		c := w.chainOf(coffer.AssetID(key[1]).Chain())
		apart := c.family == Coins && w.views[c.id].credited.at != w.views[c.id].landed.at
		if apart && !strings.HasPrefix(key[0], "user:") && !strings.HasPrefix(key[0], "custody:") {
			continue // fees and what is on its way depend on how far each has read
		}
		if have[key] != want[key] {
			w.violate("%s is %d of %s, want %d", key[0], have[key], key[1], want[key])
		}
	}
}

func userBucket(code string) (account, bucket string, ok bool) {
	rest, ok := strings.CutPrefix(code, "user:")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ":")
}

// subscriber reads tx.events.
type subscriber struct {
	at   int64                   // the offset wanted next
	last map[string]coffer.Event // of each resource
}

// hear holds what subscribers read to the promise: of each resource numbers without gaps, in order,
// and moves that the table allows.
func (w *World) hear() {
	for {
		stored, err := w.log.Read(w.ctx, stream.TopicEvents, stream.PartitionAll, w.heard.at, 500)
		w.must(err)
		if len(stored) == 0 {
			return
		}
		for _, s := range stored {
			w.heard.at = s.Offset + 1
			var e coffer.Event
			if err := json.Unmarshal(s.Value, &e); err != nil {
				w.violate("tx.events at %d: %v", s.Offset, err)
				return
			}
			before := w.heard.last[e.Resource]
			if e.Sequence != before.Sequence+1 {
				w.violate("event %d of %s comes after %d", e.Sequence, e.Resource, before.Sequence)
			}
			if !allowed(e.Type, before.State, e.State) {
				w.violate("%s goes from %q to %s", e.Resource, before.State, e.State)
			}
			w.heard.last[e.Resource] = e
		}
	}
}

// checkEvents is hear when everything has been said: the last event of each resource is what it is.
func (w *World) checkEvents() {
	w.hear()
	last := w.heard.last
	rows, err := w.db.Pool().Query(w.ctx, "select id, state from deposit union all select id, state from withdrawal")
	w.must(err)
	var id, state string
	_, err = pgx.ForEachRow(rows, []any{&id, &state}, func() error {
		if last[id].State != state {
			w.violate("%s is %s, its last event said %q", id, state, last[id].State)
		}
		return nil
	})
	w.must(err)
}

func allowed(kind, from, to string) bool {
	switch {
	case kind == coffer.EventBookTransfer:
		return from == "" // it has one event
	case from == to:
		return true
	case kind == coffer.EventDeposit:
		return from == "" && to == string(coffer.DepositObserved) || coffer.DepositMoves.Allowed(coffer.DepositState(from), coffer.DepositState(to))
	case kind == coffer.EventWithdrawal:
		return from == "" && to == string(coffer.WithdrawalRequested) || coffer.WithdrawalMoves.Allowed(coffer.WithdrawalState(from), coffer.WithdrawalState(to))
	}
	return false
}

// checkEnd is check when everything has ended: nothing is on its way or set aside, the chains
// are what was said, and the books prove themselves.
func (w *World) checkEnd() {
	w.check()
	w.checkEvents()
	for _, c := range w.chains {
		canonical, said := c.Canonical(), w.views[c.id].tip
		if len(said) != len(canonical) || said[len(said)-1] != canonical[len(canonical)-1].BlockRef {
			w.violate("%s: %d blocks were said of %d", c.id, len(said), len(canonical))
		}
		v, events := w.views[c.id], uint64(len(w.views[c.id].events))
		if v.credited.at != events || v.landed.at != events {
			w.violate("%s: deposits applied %d events of %d, payouts %d", c.id, v.credited.at, events, v.landed.at)
		}
	}
	for _, wish := range w.wishes {
		if wish.got.ID == "" {
			continue
		}
		got, err := w.workers[0].withdrawals.Get(w.ctx, tenant, wish.got.ID)
		w.must(err)
		if !coffer.WithdrawalMoves.End(got.State) {
			w.violate("withdrawal %s is %s in the end (%s)", got.ID, got.State, got.Reason)
		}
		w.seen["withdrawal "+string(got.State)]++
	}
	for _, left := range w.strings("select payout_id || ' ' || coin from payout_coins where state = 'reserved'") {
		w.violate("a coin is still set aside: %s", left)
	}
	for _, held := range w.strings("select account || ' ' || asset || ' ' || held from ledger_balance where held <> 0") {
		w.violate("money is still held: %s", held)
	}
	for _, moving := range w.strings("select account || ' ' || asset || ' ' || sum(amount) from ledger_posting where account like 'transit:%' group by account, asset having sum(amount) <> 0") {
		w.violate("money is still on its way: %s", moving)
	}
	_, err := w.books.Seal(w.ctx)
	w.must(err)
	report, err := w.books.Verify(w.ctx)
	if err != nil || report.Difference != "" {
		w.violate("the books do not verify: %s, %v", report.Difference, err)
	}
}

func (w *World) strings(sql string) []string {
	rows, err := w.db.Pool().Query(w.ctx, sql)
	w.must(err)
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	w.must(err)
	return all
}

// book posts an entry as somebody who looks on.
func (w *World) book(e ledger.Entry) error {
	return w.db.Tx(w.ctx, func(tx pgx.Tx) error { return w.books.Post(w.ctx, tx, e) })
}

// broken is the first thing that must not be.
func (w *World) broken() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.violations) == 0 {
		return nil
	}
	return errors.New(strings.Join(w.violations[:min(len(w.violations), 5)], "\n"))
}

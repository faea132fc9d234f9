package deposit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/stream"
)

// tester is what tests and properties have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// harness is a fake chain, its block events on a real log, and deposits from them.
type harness struct {
	t      tester
	chain  coffer.ChainID
	fake   *chaintest.Fake
	db     *postgres.DB
	log    *stream.Postgres
	ledger *ledger.Ledger
	now    time.Time
	s      *deposit.Service

	said     []coffer.Block // what the events leave
	sequence uint64
	epoch    uint64
	final    uint64
	users    map[string]coffer.Address // by account
	begin    int64                     // of tx.events, where this harness came in
}

// Assets of a harness's chain: USDT is credited at 2 confirmations and unlocked at 4, ETH
// at 1 and 1. GOLD is known and not supported.
func (h *harness) usdt() coffer.AssetID { return h.token(101) }
func (h *harness) gold() coffer.AssetID { return h.token(102) }
func (h *harness) eth() coffer.AssetID  { return coffer.NewAssetID(h.chain, coffer.AssetNative, "60") }
func (h *harness) token(n uint64) coffer.AssetID {
	return coffer.NewAssetID(h.chain, coffer.AssetERC20, string(chaintest.Address(n)))
}

const usdtMin = 10

// The addresses of a harness that are not a user's.
var (
	stranger = chaintest.Address(1)
	hot      = chaintest.Address(2)
	executor = chaintest.Address(3)
	contract = chaintest.Address(4)
)

func newHarness(t testing.TB, change func(*deposit.Config)) *harness {
	t.Helper()
	return newHarnessOn(t, postgrestest.New(t), "eip155:31337", change)
}

func newHarnessOn(t tester, db *postgres.DB, chain coffer.ChainID, change func(*deposit.Config)) *harness {
	t.Helper()
	h := &harness{t: t, chain: chain, fake: chaintest.NewFake(chain), db: db, now: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), epoch: 1, users: map[string]coffer.Address{}}
	h.log = stream.NewPostgres(db, h.clock)
	h.ledger = ledger.New(db, h.clock)
	h.s = h.start(db, change)
	h.sequenceAll()
	var err error
	if h.begin, err = h.log.Tail(context.Background(), stream.TopicEvents, stream.PartitionAll); err != nil {
		t.Fatal(err)
	}
	h.fake.FinalFollows(1)

	for address, kind := range map[coffer.Address]string{hot: deposit.HouseHot, executor: deposit.HouseExecutor, contract: deposit.HouseToken} {
		if err := h.s.RegisterHouse(context.Background(), chain, address, kind); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *harness) clock() time.Time { return h.now }

// start makes a service that knows nothing, as after a restart.
func (h *harness) start(db *postgres.DB, change func(*deposit.Config)) *deposit.Service {
	h.t.Helper()
	c := deposit.Config{
		DB: db, Ledger: h.ledger, Log: h.log, Clock: h.clock,
		Chains: []deposit.Chain{{ID: h.chain, Deriver: deriver{}, ParseAddress: h.fake.ParseAddress}},
		Assets: []coffer.Asset{
			{ID: h.usdt(), Symbol: "USDT", Decimals: 6, MinDeposit: coffer.NewAmount(usdtMin), Credit: 2, Unlock: 4},
			{ID: h.eth(), Symbol: "ETH", Decimals: 18, Credit: 1, Unlock: 1},
		},
		Known: []coffer.AssetID{h.gold()},
	}
	if change != nil {
		change(&c)
	}
	s, err := deposit.New(c)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// deriver makes addresses out of salts.
type deriver struct{}

func (deriver) DepositAddress(_ context.Context, salt coffer.Hash) (coffer.Address, error) {
	return coffer.Address(salt.String()[:42]), nil
}

// user returns the address of an account, whose tenant is "t-" and its name.
func (h *harness) user(account string) coffer.Address {
	h.t.Helper()
	if _, ok := h.users[account]; !ok {
		issued, err := h.s.IssueAddress(context.Background(), "t-"+account, account, h.chain)
		if err != nil {
			h.t.Fatal(err)
		}
		h.users[account] = issued.Address
	}
	return h.users[account]
}

// transfer is one from a stranger.
func transfer(asset coffer.AssetID, tx uint64, ref string, to coffer.Address, amount uint64) coffer.Transfer {
	return coffer.Transfer{Asset: asset, Tx: chaintest.Tx(tx), Ref: ref, From: stranger, To: to, Amount: coffer.NewAmount(amount)}
}

// mine mines one block and applies what is new.
func (h *harness) mine(transfers ...coffer.Transfer) coffer.Block {
	h.t.Helper()
	block := h.fake.Mine(transfers, nil)
	h.settle()
	return block
}

// empty mines blocks without content.
func (h *harness) empty(n int) {
	h.t.Helper()
	for range n {
		h.mine()
	}
}

// reorg takes blocks off, mines others instead and applies what is new.
func (h *harness) reorg(depth int, contents ...[]coffer.Transfer) {
	h.t.Helper()
	blocks := make([]chaintest.Content, len(contents))
	for i := range contents {
		blocks[i].Transfers = contents[i]
	}
	h.fake.Reorg(depth, blocks...)
	h.settle()
}

// emit says what happened to the chain since the last time, as an indexer does.
func (h *harness) emit() {
	h.t.Helper()
	canonical, common := h.fake.Canonical(), 0
	for common < min(len(canonical), len(h.said)) && canonical[common].Hash == h.said[common].Hash {
		common++
	}
	for i := len(h.said) - 1; i >= common; i-- {
		h.say(coffer.BlockDisconnected, h.said[i])
	}
	for _, block := range canonical[common:] {
		h.say(coffer.BlockConnected, block)
	}
	h.said = canonical
}

func (h *harness) say(kind string, block coffer.Block) {
	h.t.Helper()
	h.sequence++
	if kind == coffer.BlockConnected {
		h.final = max(h.final, h.fake.Final()) // blocks leave under the final height of their own fork
	}
	h.append(coffer.BlockEvent{Chain: h.chain, Sequence: h.sequence, Epoch: h.epoch, Kind: kind, Final: h.final, Block: block})
}

func (h *harness) append(e coffer.BlockEvent) {
	h.t.Helper()
	value, err := json.Marshal(e)
	if err != nil {
		h.t.Fatal(err)
	}
	records, err := stream.Split(e.Block.Hash.String(), e.Sequence, e.Epoch, value)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.log.Append(context.Background(), stream.TopicRaw, string(h.chain), stream.Any, records); err != nil {
		h.t.Fatal(err)
	}
}

// settle emits and applies all.
func (h *harness) settle() {
	h.t.Helper()
	h.emit()
	for range 1000 {
		moved, err := h.s.Step(context.Background(), h.chain)
		if err != nil {
			h.t.Fatalf("step: %v", err)
		}
		if !moved {
			return
		}
	}
	h.t.Fatal("deposits never settle")
}

// only returns the one deposit of an account.
func (h *harness) only(account string) coffer.Deposit {
	h.t.Helper()
	all := h.deposits(account)
	if len(all) != 1 {
		h.t.Fatalf("%s has %d deposits, want 1", account, len(all))
	}
	return all[0]
}

// deposits returns those of an account, oldest first.
func (h *harness) deposits(account string) []coffer.Deposit {
	h.t.Helper()
	var all []coffer.Deposit
	for after := ""; ; after = all[len(all)-1].ID {
		page, err := h.s.List(context.Background(), "t-"+account, deposit.Filter{Account: account, After: after})
		if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, page...)
		if len(page) == 0 {
			break
		}
	}
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}

func (h *harness) wantState(account string, want coffer.DepositState) {
	h.t.Helper()
	if d := h.only(account); d.State != want {
		h.t.Fatalf("the deposit of %s is %s, want %s", account, d.State, want)
	}
}

// wantBalance checks available and pending of an account.
func (h *harness) wantBalance(account string, asset coffer.AssetID, available, pending uint64) {
	h.t.Helper()
	b, err := h.ledger.BalanceOf(context.Background(), account, asset)
	if err != nil {
		h.t.Fatal(err)
	}
	if b.Available != coffer.NewAmount(available) || b.Pending != coffer.NewAmount(pending) {
		h.t.Fatalf("%s has %s available and %s pending, want %d and %d", account, b.Available, b.Pending, available, pending)
	}
}

// wantHouse checks the net of a house account or prefix: debits above zero.
func (h *harness) wantHouse(code string, asset coffer.AssetID, want int64) {
	h.t.Helper()
	if got := h.house(code, asset); got != want {
		h.t.Fatalf("%s is %d, want %d", code, got, want)
	}
}

func (h *harness) house(code string, asset coffer.AssetID) int64 {
	h.t.Helper()
	net, err := h.ledger.House(context.Background(), code, asset)
	if err != nil {
		h.t.Fatal(err)
	}
	n := int64(net.Amount.Int().Uint64()) // #nosec G115 -- small in tests
	if net.Side == ledger.SideCredit {
		n = -n
	}
	return n
}

// events returns the domain events of an account's deposits, and checks their order.
func (h *harness) events(account string) []coffer.Event {
	h.t.Helper()
	h.sequenceAll()
	ctx := context.Background()

	var events []coffer.Event
	last := map[string]uint64{}
	for from := h.begin; ; {
		records, err := h.log.Read(ctx, stream.TopicEvents, stream.PartitionAll, from, stream.MaxRead)
		if err != nil {
			h.t.Fatal(err)
		}
		if len(records) == 0 {
			return events
		}
		for _, r := range records {
			var e coffer.Event
			if err := json.Unmarshal(r.Value, &e); err != nil {
				h.t.Fatal(err)
			}
			if e.Account != account {
				continue
			}
			if r.Key != e.Resource || e.Type != coffer.EventDeposit || e.Sequence != last[e.Resource]+1 {
				h.t.Fatalf("event %d of %s follows %d (key %s, type %s)", e.Sequence, e.Resource, last[e.Resource], r.Key, e.Type)
			}
			var d coffer.Deposit
			if err := json.Unmarshal(e.Body, &d); err != nil {
				h.t.Fatal(err)
			}
			if d.ID != e.Resource || string(d.State) != e.State || d.Sequence != e.Sequence || d.Tenant != e.Tenant {
				h.t.Fatalf("event %s carries another deposit: %s", e.ID, e.Body)
			}
			last[e.Resource] = e.Sequence
			events = append(events, e)
		}
		from += int64(len(records))
	}
}

// sequenceAll makes all committed events readable.
func (h *harness) sequenceAll() {
	h.t.Helper()
	for {
		n, err := h.log.Sequence(context.Background())
		if err != nil {
			h.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// states writes the events of an account's deposits as "observed credited …".
func (h *harness) states(account string) string {
	h.t.Helper()
	s := ""
	for i, e := range h.events(account) {
		if i > 0 {
			s += " "
		}
		s += e.State
	}
	return s
}

func (h *harness) count(sql string, args ...any) int {
	h.t.Helper()
	var n int
	if err := h.db.Pool().QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		h.t.Fatal(fmt.Errorf("%s: %w", sql, err))
	}
	return n
}

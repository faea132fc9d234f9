package sim_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/deposit"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/ledger"
	"github.com/cofferhq/coffer/treasury"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
	"github.com/cofferhq/coffer/withdrawal"
)

// tronStake is what the wallet has staked for energy, and for bandwidth, sun.
const tronStake = 100_000 * trxUnits

// tronLender is the wallet as the sweeper knows it.
type tronLender struct {
	*tron.Wallet
	deposits *deposit.Service
	chain    coffer.ChainID
}

func (l tronLender) Prepare(ctx context.Context, s coffer.Sweep) (treasury.Preparation, error) {
	p, err := l.Wallet.Prepare(ctx, s)
	return treasury.Preparation(p), err
}

func (l tronLender) Lent(ctx context.Context) ([]coffer.Delegation, error) {
	lent, err := l.Wallet.Lent(ctx)
	if err != nil {
		return nil, err
	}
	var to []coffer.Address
	for _, d := range lent {
		to = append(to, d.To)
	}
	paths, err := l.deposits.Paths(ctx, l.chain, to)
	var ours []coffer.Delegation
	for _, d := range lent {
		if d.Path = paths[d.To]; d.Path != "" {
			ours = append(ours, d)
		}
	}
	return ours, err
}

// Salts implements treasury.Salts.
func (l tronLender) Salts(ctx context.Context, chain coffer.ChainID, addresses []coffer.Address) (map[coffer.Address]coffer.Hash, error) {
	paths, err := l.deposits.Paths(ctx, chain, addresses)
	salts := map[coffer.Address]coffer.Hash{}
	for address, path := range paths {
		var index uint32
		if _, err := fmt.Sscanf(path, "0/%d", &index); err != nil {
			return nil, err
		}
		salts[address] = tron.SaltOf(index)
	}
	return salts, err
}

// tronSweeps is a TRON world that sweeps.
type tronSweeps struct {
	*tronWorld
	sweeper *treasury.Sweeper
	plan    treasury.SweepPlan // the last one
}

// newTRONSweeps has a wallet with stake and books that began with what it had.
func newTRONSweeps(t *testing.T, change ...func(c *treasury.SweepChain)) *tronSweeps {
	t.Helper()
	w := &tronSweeps{tronWorld: newTRON(t)}
	for _, code := range []tronpb.ResourceCode{tronpb.ResourceCode_ENERGY, tronpb.ResourceCode_BANDWIDTH} {
		w.must(w.sim.Stake(tronsim.Address(w.hot.Address), code, tronStake))
		w.must(w.sim.Stake(w.faucet.Address, code, 900_000*trxUnits))
	}
	w.must(w.db.Tx(t.Context(), func(tx pgx.Tx) error {
		return treasury.New(w.books).Adopt(t.Context(), tx, w.id, tron.Native(w.id), ledger.PrefixCustodyHot+string(w.hot.Name()),
			coffer.NewAmount(uint64(w.opening+2*tronStake)), w.began, w.clock()) // #nosec G115 -- not negative
	}))
	lender := tronLender{w.wallet, w.deposits, w.id}
	chain := treasury.SweepChain{
		ID: w.id, MaxForwarders: 10, CostFactor: 2, MaxAge: 24 * time.Hour, NativeDecimals: 6, Lender: lender,
		Assets: []treasury.SweepAsset{
			{ID: w.usdt, Min: coffer.NewAmount(2 * usdtUnits), Price: coffer.NewAmount(300_000)}, // a TRX costs 0.30
			{ID: tron.Native(w.id), Min: coffer.NewAmount(2 * trxUnits), Price: coffer.NewAmount(trxUnits)},
		},
		Final: func(ctx context.Context) (uint64, error) {
			progress, err := w.deposits.Progress(ctx, w.id)
			return min(progress.Final, progress.Tip.Height), err
		},
	}
	for _, do := range change {
		do(&chain)
	}
	var err error
	w.sweeper, err = treasury.NewSweeper(treasury.SweepConfig{
		DB: w.db, Payouts: w.payouts, Salts: lender, Chains: []treasury.SweepChain{chain}, Clock: w.clock,
		Looked: func(_ coffer.ChainID, plan treasury.SweepPlan, _ string) { w.plan = plan },
	})
	w.must(err)
	return w
}

// run looks, steps and mines, so many blocks.
func (w *tronSweeps) run(blocks int) {
	w.t.Helper()
	for range blocks {
		_, err := w.sweeper.Step(w.t.Context(), w.id)
		w.must(err)
		w.step()
		w.mine(1)
	}
}

// step takes steps of payouts until none is due.
func (w *tronSweeps) step() {
	w.t.Helper()
	for range 100 {
		moved, err := w.payouts.Step(w.t.Context())
		w.must(err)
		if !moved {
			return
		}
	}
}

// wantEqual holds all books to the chain, at a solidified block.
func (w *tronSweeps) wantEqual() {
	w.t.Helper()
	solid := w.sim.Solid()
	lines, err := treasury.New(w.books).Compare(w.t.Context(), w.db.Pool(), w.id, solid, w.balances)
	w.must(err)
	if len(lines) == 0 {
		w.t.Error("nothing was compared")
	}
	for _, line := range lines {
		if !line.Equal {
			w.t.Errorf("block %d: %s has %s of %s in the books, %s on the chain", solid.Height, line.Account, line.Ledger, line.Asset, line.Chain)
		}
	}
}

// wantLent holds what the wallet lends to a number of addresses.
func (w *tronSweeps) wantLent(addresses int) {
	w.t.Helper()
	lent, err := w.wallet.Lent(w.t.Context())
	w.must(err)
	to := map[coffer.Address]bool{}
	for _, d := range lent {
		to[d.To] = true
	}
	if len(to) != addresses {
		w.t.Errorf("the wallet lends to %d addresses, want %d: %+v", len(to), addresses, lent)
	}
}

// tokens is what an address has of USDT.
func (w *tronSweeps) tokens(address coffer.Address) uint64 {
	w.t.Helper()
	owner, err := tron.CanonicalAddress(address)
	w.must(err)
	data, err := w.abi.Pack("balanceOf", owner)
	w.must(err)
	said, err := w.sim.Constant(w.faucet.Address, w.token, data)
	w.must(err)
	amount, err := coffer.AmountFromBytes(said)
	w.must(err)
	return amount.Int().Uint64()
}

// arrive issues addresses and pays so many tokens to each, all of it final.
func (w *tronSweeps) arrive(amounts ...int64) []coffer.Address {
	w.t.Helper()
	addresses := make([]coffer.Address, len(amounts))
	for n, amount := range amounts {
		issued, err := w.deposits.IssueAddress(w.t.Context(), "acme", fmt.Sprintf("customer-%d", n), w.id)
		w.must(err)
		addresses[n] = issued.Address
		w.send(w.token, issued.Address, amount)
	}
	w.mine(tronSolid + 4)
	return addresses
}

// wantSwept wants addresses to be empty, the wallet to have so many tokens, nothing to be lent or
// on its way, and the books to be equal to the chain.
func (w *tronSweeps) wantSwept(want uint64, addresses ...coffer.Address) {
	w.t.Helper()
	for _, address := range addresses {
		if left := w.tokens(address); left != 0 {
			w.t.Errorf("%s has %d tokens left", address, left)
		}
	}
	if got := w.tokens(w.hot.Name()); got != want {
		w.t.Errorf("the wallet has %d tokens, want %d", got, want)
	}
	w.wantLent(0)
	if left := w.plan; len(left.Legs)+len(left.Give)+len(left.Back)+left.Underway > 0 {
		w.t.Errorf("there is still something to do: %+v", left)
	}
	w.mine(tronSolid)
	w.wantHot(w.usdt, want)
	w.wantEqual()
}

// TestTRONSweepsWithLentEnergy empties a deposit address that never had TRX: its account is made,
// energy is lent, its tokens are moved, and the energy comes back.
func TestTRONSweepsWithLentEnergy(t *testing.T) {
	w := newTRONSweeps(t)
	ann, err := w.deposits.IssueAddress(t.Context(), "acme", "ann", w.id)
	w.must(err)
	w.send(w.token, ann.Address, 100*usdtUnits)
	w.mine(3)
	w.run(1)
	w.wantLent(0) // it is not final yet
	w.mine(tronSolid)
	w.wantBalance("ann", w.usdt, 100*usdtUnits, 0)

	w.run(2)
	if receiver, err := tron.CanonicalAddress(ann.Address); err != nil || w.sim.Balance(tronsim.Address(receiver)) != 0 {
		t.Errorf("the address got TRX, %v", err)
	}
	w.run(2)
	w.wantLent(1)
	w.run(2)
	if got := w.tokens(w.hot.Name()); got != 100*usdtUnits || w.tokens(ann.Address) != 0 {
		t.Fatalf("the wallet has %d, the address %d: %+v", got, w.tokens(ann.Address), w.plan)
	}
	w.run(tronSolid + 6)
	w.wantSwept(100*usdtUnits, ann.Address)
	w.wantBalance("ann", w.usdt, 100*usdtUnits, 0)
}

// TestTRONSweepsSurviveCrashes kills the process at every checkpoint that sweeps come to, the
// first time and every fifth, and starts it again.
func TestTRONSweepsSurviveCrashes(t *testing.T) {
	w := newTRONSweeps(t)
	addresses := w.arrive(100*usdtUnits, 50*usdtUnits)
	passed := map[string]int{}
	w.at = func(name string) {
		if passed[name]++; passed[name]%5 == 1 {
			panic(crash{name})
		}
	}
	survive := func(work func()) {
		for crashed := true; crashed; {
			crashed = func() (crashed bool) {
				defer func() {
					switch r := recover().(type) {
					case nil:
					case crash:
						crashed = true
						w.must(w.payouts.Resume(w.t.Context()))
					default:
						panic(r)
					}
				}()
				work()
				return false
			}()
		}
	}
	for range 3*tronSolid + 20 {
		survive(func() { _, err := w.sweeper.Step(t.Context(), w.id); w.must(err) })
		survive(w.step)
		w.must(w.sim.Mine(1))
		survive(w.follow)
	}
	w.at = nil
	w.wantSwept(150*usdtUnits, addresses...)
	for _, name := range []string{"errand.before_plan", "errand.planning", "errand.planned", "sweep.ending", "payout.signature", "payout.after_broadcast"} {
		if passed[name] < 2 {
			t.Errorf("killed at %s %d times: %v", name, passed[name], passed)
		}
	}
}

// costs changes what a chain's sweeps are worth and how much may wait.
func costs(least, price, most uint64) func(c *treasury.SweepChain) {
	return func(c *treasury.SweepChain) {
		c.Assets[0].Min, c.Assets[0].Price, c.Assets[0].Cap = coffer.NewAmount(least), coffer.NewAmount(price), coffer.NewAmount(most)
	}
}

// TestTRONSweepsAreWorthTheirCost leaves what is not worth the energy, until that is cheaper, or it
// is old and worth it once.
func TestTRONSweepsAreWorthTheirCost(t *testing.T) {
	w := newTRONSweeps(t, costs(1, 300_000, 0))
	// An account and energy of about 28 000 units cost above 6 TRX, 1.8 USDT: twice that, and more.
	addresses := w.arrive(10*usdtUnits, 3*usdtUnits)
	w.run(3 * tronSolid)
	w.wantLent(0)
	if got := w.tokens(w.hot.Name()); got != 10*usdtUnits || w.plan.Dear != 1 {
		t.Fatalf("the wallet has %d: %+v", got, w.plan)
	}
	w.sim.SetParameters(func(p *tronsim.Parameters) { p.EnergyPrice = 1 })
	w.run(3 * tronSolid)
	w.wantSwept(13*usdtUnits, addresses...)
}

// TestTRONSweepsAboveTheCapGoFirst empties the largest addresses, whatever it costs, until no more
// waits than may.
func TestTRONSweepsAboveTheCapGoFirst(t *testing.T) {
	w := newTRONSweeps(t, costs(1000*usdtUnits, 1, 12*usdtUnits)) // a TRX is worth nothing, 12 USDT may wait
	addresses := w.arrive(9*usdtUnits, 5*usdtUnits, 6*usdtUnits)
	w.run(1)
	if e := w.plan.Exposure[0]; !e.Over || e.Waiting != coffer.NewAmount(20*usdtUnits) || e.Asset != w.usdt {
		t.Errorf("exposure %+v", e)
	}
	w.run(4 * tronSolid)
	if e := w.plan.Exposure[0]; e.Over || e.Waiting != coffer.NewAmount(11*usdtUnits) {
		t.Errorf("exposure %+v", e)
	}
	w.wantSwept(9*usdtUnits, addresses[0])
}

// TestTRONSweepsWaitForStake lends what there is: to one address, whose energy is gone for a day.
func TestTRONSweepsWaitForStake(t *testing.T) {
	w := newTRONSweeps(t)
	w.sim.SetParameters(func(p *tronsim.Parameters) { p.NetworkStakedForEnergy *= 25 })
	addresses := w.arrive(100*usdtUnits, 100*usdtUnits)
	w.run(6 * tronSolid)
	if got := w.tokens(w.hot.Name()); got != 100*usdtUnits || w.plan.Lacking != 1 {
		t.Fatalf("the wallet has %d: %+v", got, w.plan)
	}
	w.wantLent(0)

	// An operator sends TRX and stakes it with the owner's key. It is the wallet's all the same, but
	// not to pay with.
	_, err := w.faucet.Transfer(tronsim.Address(w.hot.Address), 100_000*trxUnits)
	w.must(err)
	w.mine(1)
	freeze, err := tron.Freeze(w.hot.Address, coffer.NewAmount(105_000*trxUnits), tronpb.ResourceCode_ENERGY)
	w.must(err)
	w.stake(tronpb.Transaction_Contract_FreezeBalanceV2Contract, freeze)
	unfreeze, err := tron.Unfreeze(w.hot.Address, coffer.NewAmount(1_000*trxUnits), tronpb.ResourceCode_ENERGY)
	w.must(err)
	w.stake(tronpb.Transaction_Contract_UnfreezeBalanceV2Contract, unfreeze)
	w.run(5 * tronSolid)
	w.wantSwept(200*usdtUnits, addresses...)
	if staked, err := w.wallet.Staked(t.Context()); err != nil || staked != coffer.NewAmount(2*tronStake+105_000*trxUnits) {
		t.Errorf("%s sun are staked, %v", staked, err)
	}
}

// TestStakedTRXIsNotPaidOut lets a withdrawal wait that the books could pay, and the stake could not.
func TestStakedTRXIsNotPaidOut(t *testing.T) {
	w := newTRONSweeps(t)
	ann, err := w.deposits.IssueAddress(t.Context(), "acme", "ann", w.id)
	w.must(err)
	receiver, err := tron.CanonicalAddress(ann.Address)
	w.must(err)
	_, err = w.faucet.Transfer(tronsim.Address(receiver), 20_000*trxUnits) // more than the wallet has to pay with
	w.must(err)
	w.mine(tronSolid + 4)
	destination := tron.AddressOf(tron.AddressOfKey(tronsim.KeyOf("stranger", 0).PublicKey))
	asked, err := w.withdrawals.Request(t.Context(), withdrawal.Request{
		Tenant: "acme", Account: "ann", IdempotencyKey: "1", Chain: w.id, Asset: tron.Native(w.id), Destination: string(destination), Amount: "15000",
	})
	w.must(err)
	w.pay()
	waits, err := w.withdrawals.Get(t.Context(), "acme", asked.ID)
	w.must(err)
	if short := w.payouts.Short(w.id); waits.State != coffer.WithdrawalApproved || len(short) != 1 || short[0] != string(tron.Native(w.id)) {
		t.Fatalf("the withdrawal is %s, the wallet lacks %v", waits.State, short)
	}
	w.run(4 * tronSolid) // the deposit is swept
	w.pay()
	w.mine(1)
	w.pay()
	w.mine(tronSolid + 4)
	if paid, err := w.withdrawals.Get(t.Context(), "acme", asked.ID); err != nil || paid.State != coffer.WithdrawalSettled {
		t.Errorf("the withdrawal is %s: %s, %v", paid.State, paid.Reason, err)
	}
	w.wantEqual()
}

// stake sends what the owner's key signs.
func (w *tronSweeps) stake(kind tronpb.Transaction_Contract_ContractType, contract proto.Message) {
	w.t.Helper()
	owner := tronsim.Signer{Sim: w.sim, Keys: []tronsim.Key{tronsim.KeyOf("hot", 0)}, Address: tronsim.Address(w.hot.Address)}
	_, err := owner.Send(kind, contract, nil)
	w.must(err)
	w.mine(1)
}

// sweepInPool runs until the sweep of an address waits at the node, and returns its transaction.
func (w *tronSweeps) sweepInPool() coffer.Hash {
	w.t.Helper()
	for range 20 {
		_, err := w.sweeper.Step(w.t.Context(), w.id)
		w.must(err)
		w.step()
		if len(w.plan.Legs) > 0 {
			var list tronpb.TransactionIdList
			w.must(w.client.Call(w.t.Context(), tronpb.Wallet_GetTransactionListFromPending_FullMethodName, &tronpb.EmptyMessage{}, &list))
			if len(list.TxId) != 1 {
				w.t.Fatalf("%d transactions wait", len(list.TxId))
			}
			id, err := coffer.ParseHash("0x" + list.TxId[0])
			w.must(err)
			return id
		}
		w.mine(1)
	}
	w.t.Fatalf("no sweep was made: %+v", w.plan)
	return coffer.Hash{}
}

// TestATRONSweepThatRunsOutOfEnergy fails on the chain, gives the energy back, and is made again.
func TestATRONSweepThatRunsOutOfEnergy(t *testing.T) {
	w := newTRONSweeps(t)
	addresses := w.arrive(100 * usdtUnits)
	failed := w.sweepInPool()
	w.sim.SetFactor(w.token, 20_000) // calls take three times as much
	w.mine(1)
	if got := w.sim.Info(failed).GetReceipt().GetResult(); got != tronpb.Transaction_Result_OUT_OF_ENERGY {
		t.Fatalf("the sweep ended with %s", got)
	}
	for n := 0; n < 10*tronSolid && w.plan.Back == nil; n++ {
		w.run(1)
	}
	w.run(2)
	w.wantLent(0) // and put off for a minute
	w.run(30 + 3*tronSolid)
	w.wantSwept(100*usdtUnits, addresses...)
}

// TestATRONSweepThatExpires never lands; what was lent returns, and it is made again.
func TestATRONSweepThatExpires(t *testing.T) {
	w := newTRONSweeps(t)
	addresses := w.arrive(100 * usdtUnits)
	lost := w.sweepInPool()
	for n := 0; n < 250 && w.plan.Back == nil; n++ {
		_, err := w.sweeper.Step(t.Context(), w.id)
		w.must(err)
		w.step()
		w.sim.Forget(lost)
		w.mine(1)
	}
	if len(w.plan.Back) != 1 {
		t.Fatalf("nothing is taken back: %+v", w.plan)
	}
	w.run(2)
	w.wantLent(0)
	w.run(30 + 3*tronSolid)
	if len(w.sim.Info(lost).GetId()) > 0 {
		t.Error("the first sweep landed")
	}
	w.wantSwept(100*usdtUnits, addresses...)
}

// TestTRONSweepsAndReorganisations undo the blocks in which an address was lent to and emptied.
func TestTRONSweepsAndReorganisations(t *testing.T) {
	w := newTRONSweeps(t)
	addresses := w.arrive(100*usdtUnits, 50*usdtUnits)
	for n := range 12 {
		w.run(1)
		if n%2 == 1 {
			w.must(w.sim.Reorg(tronsim.Reorganisation{Undo: 2, Make: 3}))
			w.follow()
		}
	}
	w.run(40 + 4*tronSolid)
	w.wantSwept(150*usdtUnits, addresses...)
}

// TestTRONIsSwept empties addresses of TRX, which pays for its own bandwidth, and a second time in
// a day, when the bandwidth of every account is used up.
func TestTRONIsSwept(t *testing.T) {
	w := newTRONSweeps(t)
	ann, err := w.deposits.IssueAddress(t.Context(), "acme", "ann", w.id)
	w.must(err)
	receiver, err := tron.CanonicalAddress(ann.Address)
	w.must(err)
	left := int64(0)
	for range 3 {
		_, err = w.faucet.Transfer(tronsim.Address(receiver), 40*trxUnits)
		w.must(err)
		w.mine(tronSolid + 4)
		w.run(3 * tronSolid)
		if left = w.sim.Balance(tronsim.Address(receiver)); left > trxUnits/2 {
			t.Fatalf("%d sun are left: %+v", left, w.plan)
		}
	}
	w.send(w.token, ann.Address, 100*usdtUnits) // no bandwidth is left for this one
	w.mine(tronSolid + 4)
	lent := false
	for range 4 * tronSolid {
		w.run(1)
		all, err := w.wallet.Lent(t.Context())
		w.must(err)
		for _, d := range all {
			lent = lent || d.Resource == coffer.ResourceBandwidth
		}
	}
	if !lent {
		t.Error("no bandwidth was lent")
	}
	w.wantSwept(100*usdtUnits, ann.Address)
	w.wantBalance("ann", tron.Native(w.id), 120*trxUnits, 0)
}

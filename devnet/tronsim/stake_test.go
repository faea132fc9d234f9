package tronsim

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer/tron/tronpb"
)

func (s *scene) do(i int, kind tronpb.Transaction_Contract_ContractType, what proto.Message) error {
	s.t.Helper()
	_, err := s.signer(i).Send(kind, what, nil)
	s.mine(1)
	return err
}

func (s *scene) later(d time.Duration) {
	s.t.Helper()
	s.now = time.UnixMilli(s.blockAt(int64(s.Head().Height)).BlockHeader.RawData.Timestamp).Add(d)
	s.mine(1)
}

func TestBytesComeFromOneSource(t *testing.T) {
	s := newScene(t, nil)
	from, to := s.signer(0), AddressOf(KeyOf("test", 1))
	pay := func() *tronpb.ResourceReceipt {
		id := s.must(from.Transfer(to, trx))
		s.mine(1)
		return s.info(id).Receipt
	}
	first, second := pay(), pay()
	size := first.NetUsage
	if size < 250 || size > 290 || second.NetUsage != size {
		t.Fatalf("the free 600 bytes pay twice: %v, %v", first, second)
	}
	// What is left is too little, and nothing of it is used.
	if third := pay(); third.NetUsage != 0 || third.NetFee != size*1_000 {
		t.Fatalf("third: %v", third)
	}
	s.later(12 * time.Hour)
	if fourth := pay(); fourth.NetUsage != size {
		t.Errorf("half a day later one transaction is free again: %v", fourth)
	}
	if err := s.Stake(from.Address, tronpb.ResourceCode_BANDWIDTH, 1_000*trx); err != nil {
		t.Fatal(err)
	}
	var before, after int64
	s.look(false, "", func(v view) { before = v.state.accounts[from.Address].free.amount })
	staked := pay()
	s.look(false, "", func(v view) { after = v.state.accounts[from.Address].free.amount })
	if staked.NetUsage != size || before != after {
		t.Errorf("staked bandwidth goes first: %v, free %d to %d", staked, before, after)
	}
}

func TestUsageComesBackInADay(t *testing.T) {
	const day = 28_800
	u := usage{}.add(28_800, 100, day)
	for after, want := range map[int64]int64{0: 28_800, 7_200: 21_600, 14_400: 14_400, 28_799: 1, 28_800: 0, 40_000: 0} {
		if got := u.left(100+after, day); got != want {
			t.Errorf("%d slots later: %d, want %d", after, got, want)
		}
	}
	// Half of it back, the same again: what is old comes back in the rest of its day, so
	// that the sum has a window between half a day and a day.
	v := u.add(14_400, 100+14_400, day)
	if v.amount != 28_800 || v.window != 21_600_000 {
		t.Errorf("%+v", v)
	}
	if got := v.left(100+14_400+21_600, day); got != 0 {
		t.Errorf("at the end of its window: %d", got)
	}
}

func TestNewAccountsCost(t *testing.T) {
	s := newScene(t, nil)
	fresh := AddressOf(KeyOf("fresh", 0))
	before := s.Balance(s.signer(0).Address)
	id := s.must(s.signer(0).Transfer(fresh, 5*trx))
	s.mine(1)
	info := s.info(id)
	if info.Fee != 1_100_000 || info.Receipt.NetFee != 100_000 || info.Receipt.NetUsage != 0 {
		t.Errorf("fee %d, %v", info.Fee, info.Receipt)
	}
	if got := s.Balance(s.signer(0).Address); got != before-5*trx-1_100_000 || s.Balance(fresh) != 5*trx {
		t.Errorf("sender has %d", got)
	}
	if a := s.account(fresh); a.OwnerPermission == nil || a.CreateTime == 0 {
		t.Errorf("new account: %v", a)
	}
}

func TestSeveralSignaturesAndMemosCost(t *testing.T) {
	s := newScene(t, nil)
	a := s.signer(0)
	second := KeyOf("test", 4)
	keys := []*tronpb.Key{{Address: Wire(a.Address), Weight: 1}, {Address: Wire(AddressOf(second)), Weight: 1}}
	update := &tronpb.AccountPermissionUpdateContract{
		OwnerAddress: Wire(a.Address),
		Owner:        &tronpb.Permission{PermissionName: "owner", Threshold: 2, Keys: keys},
		Actives: []*tronpb.Permission{{
			Type: tronpb.Permission_Active, Id: 77, PermissionName: "pay", Threshold: 2, Keys: keys,
			Operations: Operations(tronpb.Transaction_Contract_TransferContract),
		}},
	}
	before := s.Balance(a.Address)
	id := s.must(a.Send(tronpb.Transaction_Contract_AccountPermissionUpdateContract, update, nil))
	s.mine(1)
	if fee := s.info(id).Fee; fee != 100*trx || s.Balance(a.Address) != before-100*trx {
		t.Errorf("change of permissions: fee %d", fee)
	}
	if p := s.account(a.Address).ActivePermission; len(p) != 1 || p[0].Id != 2 {
		t.Fatalf("the chain numbers the permissions: %v", p)
	}

	transfer := &tronpb.TransferContract{OwnerAddress: Wire(a.Address), ToAddress: Wire(AddressOf(KeyOf("test", 1))), Amount: trx}
	send := func(keys []Key, permission int32, memo string) (Hash, error) {
		return Signer{Sim: s.Sim, Keys: keys, Address: a.Address}.Send(tronpb.Transaction_Contract_TransferContract, transfer,
			func(raw *tronpb.TransactionRaw) {
				raw.Contract[0].PermissionId = permission
				raw.Data = []byte(memo)
			})
	}
	if _, err := send(a.Keys, 2, ""); codeOf(t, err) != tronpb.Return_SIGERROR {
		t.Errorf("half of the weight: %v", err)
	}
	if _, err := send([]Key{a.Keys[0], a.Keys[0]}, 2, ""); codeOf(t, err) != tronpb.Return_SIGERROR {
		t.Errorf("the same key twice: %v", err)
	}
	both := []Key{a.Keys[0], second}
	one := s.must(send(both, 2, ""))
	two := s.must(send(both, 0, "memo"))
	s.mine(1)
	if fee := s.info(one).Fee - s.info(one).Receipt.NetFee; fee != trx {
		t.Errorf("two signatures cost %d", fee)
	}
	if fee := s.info(two).Fee - s.info(two).Receipt.NetFee; fee != 2*trx {
		t.Errorf("two signatures and a memo cost %d", fee)
	}

	// What waits with the old signatures is refused after a change of permissions.
	waiting := s.must(send(both, 2, ""))
	alone := []*tronpb.Key{{Address: Wire(AddressOf(second)), Weight: 1}}
	s.change(func(x *execution) {
		edited := x.state.edit(a.Address)
		edited.actives = []*tronpb.Permission{{Type: tronpb.Permission_Active, Id: 2, Threshold: 1, Keys: alone, Operations: DefaultOperations()}}
	})
	s.mine(1)
	if s.info(waiting).Id != nil {
		t.Error("a transaction was mined that its permission does not allow any more")
	}
}

func TestPermissionsAreValidated(t *testing.T) {
	s := newScene(t, nil)
	a := s.signer(0)
	key := []*tronpb.Key{{Address: Wire(a.Address), Weight: 1}}
	good := func() *tronpb.AccountPermissionUpdateContract {
		return &tronpb.AccountPermissionUpdateContract{
			OwnerAddress: Wire(a.Address),
			Owner:        &tronpb.Permission{PermissionName: "owner", Threshold: 1, Keys: key},
			Actives:      []*tronpb.Permission{{Type: tronpb.Permission_Active, PermissionName: "a", Threshold: 1, Keys: key, Operations: DefaultOperations()}},
		}
	}
	for name, spoil := range map[string]func(c *tronpb.AccountPermissionUpdateContract){
		"no owner":  func(c *tronpb.AccountPermissionUpdateContract) { c.Owner = nil },
		"witness":   func(c *tronpb.AccountPermissionUpdateContract) { c.Witness = c.Owner },
		"no active": func(c *tronpb.AccountPermissionUpdateContract) { c.Actives = nil },
		"nine actives": func(c *tronpb.AccountPermissionUpdateContract) {
			for range 8 {
				c.Actives = append(c.Actives, c.Actives[0])
			}
		},
		"threshold 0":       func(c *tronpb.AccountPermissionUpdateContract) { c.Owner.Threshold = 0 },
		"threshold too big": func(c *tronpb.AccountPermissionUpdateContract) { c.Owner.Threshold = 2 },
		"six keys":          func(c *tronpb.AccountPermissionUpdateContract) { c.Owner.Keys = manyKeys(6) },
		"same key":          func(c *tronpb.AccountPermissionUpdateContract) { c.Owner.Keys = append(c.Owner.Keys, key[0]) },
		"weight 0": func(c *tronpb.AccountPermissionUpdateContract) {
			c.Owner.Keys = []*tronpb.Key{{Address: Wire(a.Address)}}
		},
		"long name": func(c *tronpb.AccountPermissionUpdateContract) {
			c.Owner.PermissionName = "012345678901234567890123456789012"
		},
		"parent":            func(c *tronpb.AccountPermissionUpdateContract) { c.Owner.ParentId = 1 },
		"owner operations":  func(c *tronpb.AccountPermissionUpdateContract) { c.Owner.Operations = DefaultOperations() },
		"short operations":  func(c *tronpb.AccountPermissionUpdateContract) { c.Actives[0].Operations = []byte{2} },
		"unknown operation": func(c *tronpb.AccountPermissionUpdateContract) { c.Actives[0].Operations = Operations(7) },
	} {
		c := good()
		spoil(c)
		if err := s.do(0, tronpb.Transaction_Contract_AccountPermissionUpdateContract, c); codeOf(t, err) != tronpb.Return_CONTRACT_VALIDATE_ERROR {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.do(0, tronpb.Transaction_Contract_AccountPermissionUpdateContract, good()); err != nil {
		t.Errorf("a good one: %v", err)
	}
}

func manyKeys(n int) (keys []*tronpb.Key) {
	for i := range n {
		keys = append(keys, &tronpb.Key{Address: Wire(AddressOf(KeyOf("many", i))), Weight: 1})
	}
	return keys
}

func TestStakesGoAndComeBack(t *testing.T) {
	s := newScene(t, nil)
	a := s.signer(0)
	owner := Wire(a.Address)
	freeze := &tronpb.FreezeBalanceV2Contract{OwnerAddress: owner, FrozenBalance: 1_000 * trx, Resource: tronpb.ResourceCode_ENERGY}
	if err := s.do(0, tronpb.Transaction_Contract_FreezeBalanceV2Contract, freeze); err != nil {
		t.Fatal(err)
	}
	if got := s.account(a.Address); got.Balance != 9_000*trx || got.FrozenV2[1].Amount != 1_000*trx {
		t.Fatalf("staked: %v", got)
	}
	unfreeze := &tronpb.UnfreezeBalanceV2Contract{OwnerAddress: owner, UnfreezeBalance: 400 * trx, Resource: tronpb.ResourceCode_ENERGY}
	for range 2 {
		if err := s.do(0, tronpb.Transaction_Contract_UnfreezeBalanceV2Contract, unfreeze); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.do(0, tronpb.Transaction_Contract_UnfreezeBalanceV2Contract, unfreeze); codeOf(t, err) != tronpb.Return_CONTRACT_VALIDATE_ERROR {
		t.Errorf("more than is staked: %v", err)
	}
	withdraw := &tronpb.WithdrawExpireUnfreezeContract{OwnerAddress: owner}
	if err := s.do(0, tronpb.Transaction_Contract_WithdrawExpireUnfreezeContract, withdraw); codeOf(t, err) != tronpb.Return_CONTRACT_VALIDATE_ERROR {
		t.Errorf("too early: %v", err)
	}
	s.later(14 * 24 * time.Hour)
	before := s.Balance(a.Address)
	if err := s.do(0, tronpb.Transaction_Contract_WithdrawExpireUnfreezeContract, withdraw); err != nil {
		t.Fatal(err)
	}
	if got := s.Balance(a.Address) - before; got != 800*trx {
		t.Errorf("withdrew %d", got)
	}
	unfreeze.UnfreezeBalance = 100 * trx
	if err := s.do(0, tronpb.Transaction_Contract_UnfreezeBalanceV2Contract, unfreeze); err != nil {
		t.Fatal(err)
	}
	if err := s.do(0, tronpb.Transaction_Contract_CancelAllUnfreezeV2Contract, &tronpb.CancelAllUnfreezeV2Contract{OwnerAddress: owner}); err != nil {
		t.Fatal(err)
	}
	if got := s.account(a.Address); got.FrozenV2[1].Amount != 200*trx || len(got.UnfrozenV2) != 0 {
		t.Errorf("cancelled: %v", got)
	}
	s.look(false, "", func(v view) {
		if got := v.state.totals[energyWeight]; got != 200*trx {
			t.Errorf("all stake is %d", got)
		}
	})
}

func TestDelegatedEnergyIsUsedByOthers(t *testing.T) {
	s := newScene(t, nil)
	k := s.token()
	treasury, hot := s.signer(2), s.signer(0)
	if err := s.Stake(treasury.Address, tronpb.ResourceCode_ENERGY, 10_000*trx); err != nil {
		t.Fatal(err)
	}
	delegate := &tronpb.DelegateResourceContract{
		OwnerAddress: Wire(treasury.Address), ReceiverAddress: Wire(hot.Address), Balance: 8_000 * trx, Resource: tronpb.ResourceCode_ENERGY,
	}
	if err := s.do(2, tronpb.Transaction_Contract_DelegateResourceContract, delegate); err != nil {
		t.Fatal(err)
	}
	info := k.send(hot, 100*trx, "transfer", AddressOf(KeyOf("new", 1)), bigInt(1))
	if r := info.Receipt; r.EnergyFee != 0 || r.EnergyUsage != 28_555 {
		t.Fatalf("paid by the delegation: %v", r)
	}
	s.look(false, "", func(v view) {
		list := v.delegated(treasury.Address, hot.Address)
		if len(list.DelegatedResource) != 1 || list.DelegatedResource[0].FrozenBalanceForEnergy != 8_000*trx {
			t.Errorf("delegations: %v", list)
		}
		if max := v.spare(v.state.accounts[treasury.Address], energy); max != 2_000*trx {
			t.Errorf("may delegate %d more", max)
		}
		if p := v.partners(hot.Address); len(p.FromAccounts) != 1 || len(p.ToAccounts) != 0 {
			t.Errorf("partners: %v", p)
		}
	})
	delegate.Balance = 2_001 * trx
	if err := s.do(2, tronpb.Transaction_Contract_DelegateResourceContract, delegate); codeOf(t, err) != tronpb.Return_CONTRACT_VALIDATE_ERROR {
		t.Errorf("more than there is: %v", err)
	}

	// What was used goes back with the stake.
	back := &tronpb.UnDelegateResourceContract{
		OwnerAddress: Wire(treasury.Address), ReceiverAddress: Wire(hot.Address), Balance: 8_000 * trx, Resource: tronpb.ResourceCode_ENERGY,
	}
	if err := s.do(2, tronpb.Transaction_Contract_UnDelegateResourceContract, back); err != nil {
		t.Fatal(err)
	}
	s.look(false, "", func(v view) {
		receiver, owner := v.accountResource(Wire(hot.Address)), v.accountResource(Wire(treasury.Address))
		if receiver.EnergyUsed != 0 || receiver.EnergyLimit != 0 {
			t.Errorf("the receiver still has %v", receiver)
		}
		if owner.EnergyUsed < 28_500 || owner.EnergyUsed > 28_555 {
			t.Errorf("the owner takes %d over", owner.EnergyUsed)
		}
	})
}

func TestLockedDelegationsStay(t *testing.T) {
	s := newScene(t, nil)
	a, to := s.signer(0), AddressOf(KeyOf("test", 1))
	if err := s.Stake(a.Address, tronpb.ResourceCode_ENERGY, 100*trx); err != nil {
		t.Fatal(err)
	}
	lock := &tronpb.DelegateResourceContract{
		OwnerAddress: Wire(a.Address), ReceiverAddress: Wire(to), Balance: 10 * trx, Resource: tronpb.ResourceCode_ENERGY, Lock: true, LockPeriod: 100,
	}
	if err := s.do(0, tronpb.Transaction_Contract_DelegateResourceContract, lock); err != nil {
		t.Fatal(err)
	}
	back := &tronpb.UnDelegateResourceContract{OwnerAddress: Wire(a.Address), ReceiverAddress: Wire(to), Balance: 10 * trx, Resource: tronpb.ResourceCode_ENERGY}
	if err := s.do(0, tronpb.Transaction_Contract_UnDelegateResourceContract, back); codeOf(t, err) != tronpb.Return_CONTRACT_VALIDATE_ERROR {
		t.Errorf("while it is locked: %v", err)
	}
	s.later(301 * time.Second)
	if err := s.do(0, tronpb.Transaction_Contract_UnDelegateResourceContract, back); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

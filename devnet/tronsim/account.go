package tronsim

import (
	"maps"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// account is an account as nodes show it; empty if it is not there.
func (v view) account(wire []byte) *tronpb.Account {
	address, err := parseAddress(wire)
	a := v.state.accounts[address]
	if err != nil || a == nil {
		return new(tronpb.Account)
	}
	now, day := v.slot(), v.sim.day()
	owner, actives := a.permissions()
	m := &tronpb.Account{
		Address: Wire(address), Type: a.kind, Balance: a.balance,
		CreateTime: a.created, LatestOprationTime: a.last,
		OwnerPermission: owner, ActivePermission: actives,
		NetUsage: a.used[bandwidth].left(now, day), FreeNetUsage: a.free.left(now, day),
		LatestConsumeTime: v.millis(a.used[bandwidth]), LatestConsumeFreeTime: v.millis(a.free),
		NetWindowSize: a.used[bandwidth].width(day), NetWindowOptimized: true,
		AcquiredDelegatedFrozenV2BalanceForBandwidth: a.acquired[bandwidth],
		DelegatedFrozenV2BalanceForBandwidth:         a.delegated[bandwidth],
		AccountResource: &tronpb.Account_AccountResource{
			EnergyUsage: a.used[energy].left(now, day), LatestConsumeTimeForEnergy: v.millis(a.used[energy]),
			EnergyWindowSize: a.used[energy].width(day), EnergyWindowOptimized: true,
			AcquiredDelegatedFrozenV2BalanceForEnergy: a.acquired[energy],
			DelegatedFrozenV2BalanceForEnergy:         a.delegated[energy],
		},
		FrozenV2: []*tronpb.Account_FreezeV2{
			{Type: tronpb.ResourceCode_BANDWIDTH, Amount: a.staked[bandwidth]},
			{Type: tronpb.ResourceCode_ENERGY, Amount: a.staked[energy]},
			{Type: tronpb.ResourceCode_TRON_POWER},
		},
		AssetV2: maps.Clone(a.assets), AssetOptimized: true,
	}
	for _, u := range a.unfrozen {
		m.UnfrozenV2 = append(m.UnfrozenV2, &tronpb.Account_UnFreezeV2{
			Type: tronpb.ResourceCode(u.resource), UnfreezeAmount: u.amount, UnfreezeExpireTime: u.expires, //nolint:gosec // 0 or 1
		})
	}
	return m
}

// millis is the time of the slot in which something was used; 0 if it never was.
func (v view) millis(u usage) int64 {
	if u.at == 0 {
		return 0
	}
	return v.chain.start + u.at*v.sim.slotTime
}

// width is the window as accounts show it.
func (u usage) width(day int64) int64 {
	if u.window == 0 {
		return day * windowPrecision
	}
	return u.window
}

// accountNet is an account's bandwidth; empty if it is not there.
func (v view) accountNet(wire []byte) *tronpb.AccountNetMessage {
	r := v.accountResource(wire)
	return &tronpb.AccountNetMessage{
		FreeNetUsed: r.FreeNetUsed, FreeNetLimit: r.FreeNetLimit, NetUsed: r.NetUsed, NetLimit: r.NetLimit,
		TotalNetLimit: r.TotalNetLimit, TotalNetWeight: r.TotalNetWeight,
	}
}

// accountResource is an account's bandwidth and energy; empty if it is not there.
func (v view) accountResource(wire []byte) *tronpb.AccountResourceMessage {
	address, err := parseAddress(wire)
	a := v.state.accounts[address]
	if err != nil || a == nil {
		return new(tronpb.AccountResourceMessage)
	}
	now, day := v.slot(), v.sim.day()
	return &tronpb.AccountResourceMessage{
		FreeNetUsed: a.free.left(now, day), FreeNetLimit: v.chain.parameters.FreeBandwidth,
		NetUsed: a.used[bandwidth].left(now, day), NetLimit: v.limit(a.stake(bandwidth), bandwidth),
		TotalNetLimit: v.total(bandwidth), TotalNetWeight: v.weight(bandwidth),
		EnergyUsed: a.used[energy].left(now, day), EnergyLimit: v.limit(a.stake(energy), energy),
		TotalEnergyLimit: v.total(energy), TotalEnergyWeight: v.weight(energy),
		TronPowerLimit: (a.staked[bandwidth] + a.staked[energy] + a.delegated[bandwidth] + a.delegated[energy]) / trx,
	}
}

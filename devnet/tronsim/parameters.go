package tronsim

import "time"

// Parameters are what the committee of a TRON network votes on: prices, limits and rules.
// Amounts are in sun unless a name says otherwise.
type Parameters struct {
	BandwidthPrice int64 // getTransactionFee, sun per byte that is burned
	EnergyPrice    int64 // getEnergyFee, sun per energy that is burned
	FreeBandwidth  int64 // getFreeNetLimit, bytes a day

	CreateAccountFee          int64 // getCreateAccountFee, in place of bandwidth
	CreateAccountSystemFee    int64 // getCreateNewAccountFeeInSystemContract
	CreateAccountNetRate      int64 // getCreateNewAccountBandwidthRate
	MaxCreateAccountSize      int64 // getMaxCreateAccountTxSize, bytes without signatures
	UpdatePermissionFee       int64 // getUpdateAccountPermissionFee
	MultiSignFee              int64 // getMultiSignFee, of more than one signature
	MemoFee                   int64 // getMemoFee
	MaxFeeLimit               int64 // getMaxFeeLimit
	TotalSignatures           int64 // signatures of one transaction
	MaintenanceInterval       time.Duration
	MaintenanceSkippedSlots   int64
	MaxExpiration             time.Duration // of a transaction, from the head on
	UnfreezeDelayDays         int64         // getUnfreezeDelayDays
	MaxDelegateLock           int64         // getMaxDelegateLockPeriod, blocks
	TotalBandwidth            int64         // getTotalNetLimit, a day
	TotalEnergy               int64         // getTotalEnergyCurrentLimit, a day
	DynamicThreshold          int64         // getDynamicEnergyThreshold, energy of one cycle; 0: no dynamic energy
	DynamicIncrease           int64         // getDynamicEnergyIncreaseFactor, 1/10000
	DynamicMax                int64         // getDynamicEnergyMaxFactor, 1/10000
	MemoryBaseEnergy          int64         // of MLOAD, MSTORE and MSTORE8: 1 since proposal 81, 0 before
	MaxConstantEnergy         int64         // of a constant call
	BlockSize                 int           // bytes of a block's transactions
	NetworkStakedForEnergy    int64         // TRX that others staked, not in any account here
	NetworkStakedForBandwidth int64
}

// Mainnet are the values of the main network. The two of NetworkStaked… are of its order
// of magnitude: they change with every stake.
func Mainnet() Parameters {
	return Parameters{
		BandwidthPrice: 1_000, EnergyPrice: 100, FreeBandwidth: 600,
		CreateAccountFee: 100_000, CreateAccountSystemFee: 1_000_000, CreateAccountNetRate: 1, MaxCreateAccountSize: 1_000,
		UpdatePermissionFee: 100_000_000, MultiSignFee: 1_000_000, MemoFee: 1_000_000,
		MaxFeeLimit: 15_000_000_000, TotalSignatures: 5,
		MaintenanceInterval: 6 * time.Hour, MaintenanceSkippedSlots: 2, MaxExpiration: 24 * time.Hour,
		UnfreezeDelayDays: 14, MaxDelegateLock: 864_000,
		TotalBandwidth: 43_200_000_000, TotalEnergy: 180_000_000_000,
		DynamicThreshold: 5_000_000_000, DynamicIncrease: 2_000, DynamicMax: 34_000,
		MemoryBaseEnergy: 1, MaxConstantEnergy: 100_000_000, BlockSize: 2_000_000,
		NetworkStakedForEnergy: 19_000_000_000, NetworkStakedForBandwidth: 26_000_000_000,
	}
}

// named is one line of GetChainParameters.
type named struct {
	Key   string
	Value int64
}

// list gives the parameters the names that nodes give them.
func (p Parameters) list() []named {
	dynamic := int64(0)
	if p.DynamicThreshold > 0 {
		dynamic = 1
	}
	return []named{
		{"getMaintenanceTimeInterval", p.MaintenanceInterval.Milliseconds()},
		{"getCreateAccountFee", p.CreateAccountFee},
		{"getTransactionFee", p.BandwidthPrice},
		{"getCreateNewAccountFeeInSystemContract", p.CreateAccountSystemFee},
		{"getCreateNewAccountBandwidthRate", p.CreateAccountNetRate},
		{"getEnergyFee", p.EnergyPrice},
		{"getMaxFeeLimit", p.MaxFeeLimit},
		{"getTotalEnergyLimit", p.TotalEnergy},
		{"getTotalEnergyCurrentLimit", p.TotalEnergy},
		{"getAllowMultiSign", 1},
		{"getUpdateAccountPermissionFee", p.UpdatePermissionFee},
		{"getMultiSignFee", p.MultiSignFee},
		{"getAllowTvmShangHai", 1},
		{"getAllowTvmCancun", 1},
		{"getFreeNetLimit", p.FreeBandwidth},
		{"getTotalNetLimit", p.TotalBandwidth},
		{"getUnfreezeDelayDays", p.UnfreezeDelayDays},
		{"getAllowDynamicEnergy", dynamic},
		{"getDynamicEnergyThreshold", p.DynamicThreshold},
		{"getDynamicEnergyIncreaseFactor", p.DynamicIncrease},
		{"getDynamicEnergyMaxFactor", p.DynamicMax},
		{"getMemoFee", p.MemoFee},
		{"getMaxDelegateLockPeriod", p.MaxDelegateLock},
		{"getMaxCreateAccountTxSize", p.MaxCreateAccountSize},
		{"getAllowEnergyAdjustment", p.MemoryBaseEnergy},
	}
}

package tronsim

import (
	"crypto/sha256"
	"math"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/holiman/uint256"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer/tron/tronpb"
)

const maxContractName = 32

// contract is code, what its maker said about it, and what it costs more than its
// operations. It is replaced, not changed.
type contract struct {
	made  *tronpb.SmartContract // not changed
	code  []byte
	hash  common.Hash
	usage int64 // energy of this cycle
	extra int64 // in 1/10000, on top of what the operations cost
	cycle int64 // to which both belong
}

// origin is who made the contract and may share what calls cost.
func (c *contract) origin() Address {
	address, err := parseAddress(c.made.OriginAddress)
	if err != nil {
		return Address{}
	}
	return address
}

// ContractAddress is the address of a contract that a transaction makes: by the
// transaction, not by a nonce.
func ContractAddress(transaction Hash, owner Address) Address {
	return common.BytesToAddress(crypto.Keccak256(transaction[:], Wire(owner))[12:])
}

// deploy makes a contract.
func (x *execution) deploy(p *pooled, act action, what *tronpb.CreateSmartContract, out *outcome) error {
	made := what.NewContract
	switch {
	case made == nil:
		return invalid("Cannot get CreateSmartContract from transaction")
	case string(made.OriginAddress) != string(act.ownerWire):
		return invalid("OwnerAddress is not equals OriginAddress")
	case len(made.Name) > maxContractName:
		return invalid("contractName's length cannot be greater than 32")
	case made.ConsumeUserResourcePercent < 0 || made.ConsumeUserResourcePercent > 100:
		return invalid("percent must be >= 0 and <= 100")
	case made.OriginEnergyLimit <= 0:
		return invalid("The originEnergyLimit must be > 0")
	case what.CallTokenValue != 0 || what.TokenId != 0:
		return invalid("TRC-10 in calls is not modelled")
	}
	if err := x.checkCall(p.tx.RawData.FeeLimit, made.CallValue, act.owner); err != nil {
		return err
	}
	address := ContractAddress(p.id, act.owner)
	if x.state.accounts[address] != nil || x.state.contracts[address] != nil {
		return invalid("Trying to create a contract with existing contract address: %s", Text(address))
	}

	kept := proto.CloneOf(made)
	kept.ContractAddress, kept.TrxHash = Wire(address), p.id[:]
	limit := x.energyLimit(x.state.accounts[act.owner], p.tx.RawData.FeeLimit, made.CallValue)
	r := x.install(act.owner, address, kept, p.id, limit)
	out.address = Wire(address)
	return x.settleCall(act.owner, act.owner, nil, r, out)
}

// trigger calls a contract.
func (x *execution) trigger(p *pooled, act action, what *tronpb.TriggerSmartContract, out *outcome) error {
	address, err := parseAddress(what.ContractAddress)
	c := x.state.contracts[address]
	if err != nil || c == nil {
		return invalid("No contract or not a valid smart contract")
	}
	if what.CallTokenValue != 0 || what.TokenId != 0 {
		return invalid("TRC-10 in calls is not modelled")
	}
	if err := x.checkCall(p.tx.RawData.FeeLimit, what.CallValue, act.owner); err != nil {
		return err
	}
	limit := x.energyLimit(x.state.accounts[act.owner], p.tx.RawData.FeeLimit, what.CallValue)
	limit += x.originShare(c, act.owner, limit)
	r := x.call(act.owner, address, what.Data, what.CallValue, p.id, limit)
	out.address = Wire(address)
	return x.settleCall(act.owner, c.origin(), c, r, out)
}

func (x *execution) checkCall(feeLimit, value int64, caller Address) error {
	switch {
	case feeLimit < 0 || feeLimit > x.chain.parameters.MaxFeeLimit:
		return invalid("feeLimit must be >= 0 and <= %d", x.chain.parameters.MaxFeeLimit)
	case value < 0:
		return invalid("callValue must be >= 0")
	case x.state.accounts[caller].balance < value:
		return invalid("Validate InternalTransfer error, balance is not sufficient.")
	}
	return nil
}

// energyLimit is what a call may use: the fee limit caps all of it, staked energy included.
func (x *execution) energyLimit(caller *account, feeLimit, value int64) int64 {
	price := max(1, x.chain.parameters.EnergyPrice)
	available := x.left(caller, energy) + max(0, caller.balance-value)/price
	return min(available, feeLimit/price)
}

// originShare is what the maker of a contract adds to the limit of a caller.
func (x *execution) originShare(c *contract, caller Address, limit int64) int64 {
	origin, percent := c.origin(), c.made.ConsumeUserResourcePercent
	maker := x.state.accounts[origin]
	if origin == caller || maker == nil || percent >= 100 {
		return 0
	}
	left := min(x.left(maker, energy), c.made.OriginEnergyLimit)
	if percent <= 0 {
		return left
	}
	return min(mulDiv(limit, 100-percent, percent), left)
}

// settleCall writes down what a call did and takes what it costs: the maker's share, then
// the caller's staked energy, then TRX. What is used of staked energy is used in any case.
func (x *execution) settleCall(caller, origin Address, c *contract, r *result, out *outcome) error {
	out.result, out.failure, out.data = r.code, r.failure, r.output
	out.logs, out.inner = r.logs, r.inner
	out.receipt.Result = r.code
	out.receipt.EnergyUsageTotal, out.receipt.EnergyPenaltyTotal = r.energy, r.penalty

	mine := r.energy
	if c != nil && origin != caller && x.state.accounts[origin] != nil {
		share := mulDiv(r.energy, 100-min(100, c.made.ConsumeUserResourcePercent), 100)
		share = min(share, c.made.OriginEnergyLimit, x.left(x.state.accounts[origin], energy))
		if share > 0 {
			x.use(origin, energy, share)
			out.receipt.OriginEnergyUsage = share
			mine -= share
		}
	}
	staked := min(mine, x.left(x.state.accounts[caller], energy))
	if staked > 0 {
		x.use(caller, energy, staked)
		out.receipt.EnergyUsage = staked
	}
	fee := (mine - staked) * x.chain.parameters.EnergyPrice
	if x.state.accounts[caller].balance < fee {
		return errResources // the call itself sent the money away that was to pay for it
	}
	x.state.burn(caller, fee)
	out.receipt.EnergyFee = fee
	return nil
}

// maxFactorCycles bounds how many cycles of decay are counted one by one: after so many
// nothing is left of any factor.
const maxFactorCycles = 1_000

const factorOne = 10_000

// factor brings what a contract costs more to the current cycle: up by a share if the last
// one used too much, down by a quarter of that share for each other.
func (x *execution) factor(c *contract) contract {
	p := x.chain.parameters
	d, now := *c, x.state.totals[cycle]
	if d.cycle == now {
		return d
	}
	if p.DynamicThreshold <= 0 {
		d.usage, d.extra, d.cycle = 0, 0, now
		return d
	}
	last := d.cycle
	if d.usage >= p.DynamicThreshold {
		last++
		d.extra = min(p.DynamicMax, mulDiv(d.extra+factorOne, factorOne+p.DynamicIncrease, factorOne)-factorOne)
	}
	for range min(now-last, maxFactorCycles) {
		if d.extra = mulDiv(d.extra+factorOne, factorOne-p.DynamicIncrease/4, factorOne) - factorOne; d.extra <= 0 {
			d.extra = 0
			break
		}
	}
	d.usage, d.cycle = 0, now
	return d
}

// SetFactor makes a contract cost more than its operations: 34,000 for 4.4 times as much,
// which is the most there is. It decays as contracts do that are used little.
func (s *Sim) SetFactor(address Address, extra int64) {
	s.change(func(x *execution) {
		if c := x.state.contracts[address]; c != nil {
			d := x.factor(c)
			d.extra = extra
			put(x.state, contractTable, address, &d)
		}
	})
}

// Storage reads a slot of a contract after the head.
func (s *Sim) Storage(address Address, slot common.Hash) (value common.Hash) {
	s.look(false, "", func(v view) { value = v.state.storage[slotKey{address, slot}] })
	return value
}

func sunOf(value *uint256.Int) int64 {
	if !value.IsUint64() || value.Uint64() > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(value.Uint64()) //nolint:gosec // compared above
}

func codeHash(code []byte) common.Hash {
	if len(code) == 0 {
		return common.Hash{}
	}
	return crypto.Keccak256Hash(code)
}

// innerHash names an internal transaction: by the transaction and its number in it.
func innerHash(transaction Hash, number int) []byte {
	sum := sha256.Sum256(append(transaction[:], byte(number>>8), byte(number))) //nolint:gosec // bounded by maxInner
	return sum[:]
}

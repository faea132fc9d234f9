package tronsim

import (
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// payBandwidth takes the bytes of a transaction from one source: staked bandwidth, the free
// bytes of the day, or burned TRX. None of them pays a part.
func (x *execution) payBandwidth(p *pooled, act action, out *outcome) error {
	a := x.state.accounts[act.owner]
	if a == nil {
		return invalid("account [%s] does not exist", Text(act.owner))
	}
	size := int64(p.size + resultSize)
	if x.makesAccount(act) {
		return x.payNewAccount(p, act.owner, size, out)
	}

	now, day := x.slot(), x.sim.day()
	if x.left(a, bandwidth) >= size {
		x.use(act.owner, bandwidth, size)
		out.receipt.NetUsage = size
		return nil
	}
	if x.chain.parameters.FreeBandwidth-a.free.left(now, day) >= size {
		a = x.state.edit(act.owner)
		a.free = a.free.addFree(size, now, day)
		out.receipt.NetUsage = size
		return nil
	}
	fee := size * x.chain.parameters.BandwidthPrice
	if a.balance < fee {
		return errResources
	}
	x.state.burn(act.owner, fee)
	out.receipt.NetFee = fee
	return nil
}

// makesAccount tells whether a transaction makes an account, which is paid for in its own
// way.
func (x *execution) makesAccount(act action) bool {
	var to []byte
	switch what := act.what.(type) {
	case *tronpb.AccountCreateContract:
		return true
	case *tronpb.TransferContract:
		to = what.ToAddress
	case *tronpb.TransferAssetContract:
		to = what.ToAddress
	default:
		return false
	}
	address, err := parseAddress(to)
	return err != nil || x.state.accounts[address] == nil
}

// payNewAccount takes staked bandwidth or a fee: free bytes do not pay for new accounts.
func (x *execution) payNewAccount(p *pooled, owner Address, size int64, out *outcome) error {
	bare := &tronpb.Transaction{RawData: p.tx.RawData}
	if int64(proto.Size(bare)) > x.chain.parameters.MaxCreateAccountSize {
		return errTooBig
	}
	a := x.state.accounts[owner]
	if x.left(a, bandwidth) >= size*x.chain.parameters.CreateAccountNetRate {
		used := size * x.chain.parameters.CreateAccountNetRate
		x.use(owner, bandwidth, used)
		out.receipt.NetUsage = used
		return nil
	}
	if a.balance < x.chain.parameters.CreateAccountFee {
		return errResources
	}
	x.state.burn(owner, x.chain.parameters.CreateAccountFee)
	out.receipt.NetFee = x.chain.parameters.CreateAccountFee
	return nil
}

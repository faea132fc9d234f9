package utxo

import (
	"fmt"

	"github.com/cofferhq/coffer"
)

// spending says how many of an intent's coins an attempt spends, and for which fee. The rest
// is change; there is none where it would be dust, or cost more to spend than it is worth.
type spending struct {
	coins  int
	fee    uint64
	change uint64
}

// bill is what coins have to pay for.
type bill struct {
	wallet  Descriptor
	count   int    // of payments
	outputs uint64 // their size, in bytes
	paid    uint64
	keep    uint64 // the least change
	all     bool   // every coin is spent
}

// newBill adds up an intent's payments.
func newBill(d Descriptor, payments []coffer.Payment, longTerm FeeRate) (bill, error) {
	b := bill{wallet: d, count: len(payments), keep: d.leastChange(longTerm)}
	if isOmni(payments) {
		send, err := newOmniSend(d, payments)
		if err != nil {
			return bill{}, err
		}
		b.count, b.paid = 2, send.dust()
		b.outputs = outputSize(send.payload.PkScript) + outputSize(send.last.PkScript)
		return b, nil
	}
	for n, p := range payments {
		script, err := ScriptOf(d.network, p.To)
		if err != nil {
			return bill{}, fmt.Errorf("payment %d: %w", n, err)
		}
		value, err := satoshis(p.Amount)
		if err != nil {
			return bill{}, fmt.Errorf("payment %d: %w", n, err)
		}
		b.outputs += outputSize(script)
		if b.paid += value; b.paid > MaxMoney {
			return bill{}, fmt.Errorf("payments of %d satoshis; there are %d", b.paid, int64(MaxMoney))
		}
	}
	return b, nil
}

// size is the vbytes of a transaction with so many coins, with change or without.
func (b bill) size(coins int, change bool) uint64 {
	if change {
		return b.wallet.transactionSize(coins, b.count+1, b.outputs+b.wallet.changeSize())
	}
	return b.wallet.transactionSize(coins, b.count, b.outputs)
}

// leastChange is the least that is worth an output of its own: not dust, and more than it
// costs to spend one day.
func (d Descriptor) leastChange(longTerm FeeRate) uint64 {
	return max(d.dust(), longTerm.Fee(d.inputSize()))
}

// dust is the dust limit of the wallet's scripts.
func (d Descriptor) dust() uint64 {
	if d.nested {
		return DustLimit(p2shScript(make([]byte, hashLength)))
	}
	return DustLimit(witnessScript(0, make([]byte, programLength)))
}

// settle finds the shortest prefix of coins that pays the bill and what the offer wants. The
// result is a function of its arguments only, and what later attempts spend begins with what
// earlier ones do, or less.
func (b bill) settle(coins []uint64, o offer) (spending, bool) {
	var total uint64
	for n, value := range coins {
		total += value
		if b.all && n+1 < len(coins) {
			continue
		}
		if total < b.paid {
			continue
		}
		if s, ok := b.settleWith(n+1, total-b.paid, o); ok {
			return s, true
		}
	}
	return spending{}, false
}

// settleWith shares what is left over by so many coins between fee and change.
func (b bill) settleWith(coins int, left uint64, o offer) (spending, bool) {
	fee, ok := o.want(b.size(coins, true))
	if ok && left >= fee && left-fee >= b.keep {
		return spending{coins: coins, fee: fee, change: left - fee}, true
	}
	if b.count == 0 { // it needs an output
		if ok && left >= fee && left-fee >= b.wallet.dust() {
			return spending{coins: coins, fee: fee, change: left - fee}, true
		}
		return spending{}, false
	}
	bare, bareOK := o.want(b.size(coins, false))
	if bareOK && left >= bare && left <= o.bound {
		return spending{coins: coins, fee: left}, true
	}
	if ok && left >= fee && left-fee >= b.wallet.dust() { // small change, where the bound forbids to leave it
		return spending{coins: coins, fee: fee, change: left - fee}, true
	}
	return spending{}, false
}

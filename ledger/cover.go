package ledger

import (
	"fmt"
	"math/big"

	"github.com/cofferhq/coffer"
	"github.com/holiman/uint256"
)

// KindCover is the kind of entries that cover a shortfall.
const KindCover = "cover"

// settle completes a change so that the row ends at zero or above.
//
// A reversal may find that the user no longer has the money where the entry had put it.
// What is short comes from pending, then available, then receivable:reorg, which is money
// the house is missing. Deposits that are pending then have less than they say; clawed
// remembers how much, and an unlock that falls short by no more than that is covered from
// what it makes available.
//
// It returns the covering entry, nil when there is none to write, and whether money is
// missing. Any other change below zero is CodeInsufficient.
func (c *change) settle(k key, before *row) (cover *Entry, missing bool, err error) {
	after := newRow()
	after.add(before)
	after.add(&c.row)

	var lines []Posting
	switch {
	case c.reversal:
		lines, missing = coverReversal(k, after)
	case after[pending].Sign() < 0:
		lines = c.coverUnlock(k, after)
	}
	for i, bucket := range buckets {
		if after[i].Sign() < 0 {
			return nil, false, insufficient(bucket, before[i], c.row[i])
		}
	}

	if c.reversal && after[pending].Cmp(before[pending]) < 0 {
		after[clawed].Add(after[clawed], new(big.Int).Sub(before[pending], after[pending]))
	}
	for i := range after {
		c.row[i].Sub(after[i], before[i])
	}
	if len(lines) == 0 {
		return nil, false, nil
	}
	return &Entry{
		ID: coffer.DeriveID("cover", c.last.ID, k.account, k.asset), Kind: KindCover, Resource: c.last.Resource,
		Chain: c.last.Chain, Block: c.last.Block, At: c.last.At, Postings: lines,
	}, missing, nil
}

// coverReversal fills every bucket that is below zero.
func coverReversal(k key, after *row) (lines []Posting, missing bool) {
	asset := coffer.AssetID(k.asset)
	for _, short := range []int{pending, review, available} {
		for _, from := range []int{pending, available} {
			need := new(big.Int).Neg(after[short])
			if take := smaller(need, after[from]); take.Sign() > 0 {
				lines = append(lines, moveBucket(k, from, short, take)...)
				after[from], after[short] = new(big.Int).Sub(after[from], take), new(big.Int).Add(after[short], take)
			}
		}
		if need := new(big.Int).Neg(after[short]); need.Sign() > 0 {
			amount := amountOf(need)
			lines = append(lines, Debit(PrefixReceivableReorg+k.account, asset, amount), Credit(User(k.account, buckets[short]), asset, amount))
			after[short] = new(big.Int)
			missing = true
		}
	}
	return lines, missing
}

// coverUnlock gives back to pending what an unlock took beyond what earlier reversals left
// there.
func (c *change) coverUnlock(k key, after *row) []Posting {
	need := new(big.Int).Neg(after[pending])
	if need.Cmp(c.unlocked) > 0 || need.Cmp(after[clawed]) > 0 {
		return nil
	}
	after[available].Sub(after[available], need)
	after[pending].Add(after[pending], need)
	after[clawed].Sub(after[clawed], need)
	return moveBucket(k, available, pending, need)
}

func moveBucket(k key, from, to int, n *big.Int) []Posting {
	asset, amount := coffer.AssetID(k.asset), amountOf(n)
	return []Posting{Debit(User(k.account, buckets[from]), asset, amount), Credit(User(k.account, buckets[to]), asset, amount)}
}

// amountOf converts a number that sums of amounts in one balance row keep below 2^256.
func amountOf(n *big.Int) coffer.Amount {
	u, overflow := uint256.FromBig(n)
	if overflow || n.Sign() < 0 {
		panic("ledger: balance out of range: " + n.String())
	}
	return coffer.AmountFromInt(u)
}

func insufficient(bucket string, have, change *big.Int) error {
	return coffer.Errorf(coffer.CodeInsufficient, "%s", fmt.Sprintf("%s is %s, %s is asked for", bucket, have, new(big.Int).Neg(change)))
}

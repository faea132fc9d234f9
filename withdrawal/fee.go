package withdrawal

import (
	"context"
	"errors"
	"fmt"

	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer"
)

// million is the denominator of FeeRule.PerMillion.
const million = 1_000_000

// FeeRule is what a withdrawal of one asset costs the customer on top of its amount, in
// base units of that asset: Fixed, and PerMillion parts of the amount rounded up to a
// whole base unit, and the network's cost where Network says so; the sum is then raised
// to Least and lowered to Most (zero is no bound). What Most cuts off is ours to pay.
type FeeRule struct {
	Fixed      coffer.Amount
	PerMillion uint32 // at most 1000000, which is the whole amount
	Network    bool
	Least      coffer.Amount
	Most       coffer.Amount
}

func (f FeeRule) check() error {
	switch {
	case f.PerMillion > million:
		return fmt.Errorf("%d parts per million are more than the amount", f.PerMillion)
	case !f.Most.IsZero() && f.Least.Cmp(f.Most) > 0:
		return fmt.Errorf("at least %s and at most %s cannot be", f.Least, f.Most)
	}
	return nil
}

// Of is the fee for an amount when the network takes so much. ErrAmountRange: more than
// an amount can say.
func (f FeeRule) Of(amount, network coffer.Amount) (coffer.Amount, error) {
	percent, err := perMillion(amount, f.PerMillion)
	if err != nil {
		return coffer.Amount{}, err
	}
	fee, err := f.Fixed.Add(percent)
	if err != nil {
		return coffer.Amount{}, err
	}
	if f.Network {
		if fee, err = fee.Add(network); err != nil {
			return coffer.Amount{}, err
		}
	}
	if fee.Cmp(f.Least) < 0 {
		fee = f.Least
	}
	if !f.Most.IsZero() && fee.Cmp(f.Most) > 0 {
		fee = f.Most
	}
	return fee, nil
}

// perMillion is so many millionths of an amount, rounded up.
func perMillion(amount coffer.Amount, parts uint32) (coffer.Amount, error) {
	p, m := uint256.NewInt(uint64(parts)), uint256.NewInt(million)
	down, overflow := new(uint256.Int).MulDivOverflow(amount.Int(), p, m)
	if overflow {
		return coffer.Amount{}, coffer.ErrAmountRange
	}
	share := coffer.AmountFromInt(down)
	if new(uint256.Int).MulMod(amount.Int(), p, m).IsZero() {
		return share, nil
	}
	return share.Add(coffer.NewAmount(1))
}

// feeRules completes the configured rules: an asset without one costs its fixed fee.
func (c Config) feeRules() (map[coffer.AssetID]FeeRule, error) {
	rules := make(map[coffer.AssetID]FeeRule, len(c.Assets))
	for _, a := range c.Assets {
		rules[a.ID] = FeeRule{Fixed: a.WithdrawFee}
	}
	for id, rule := range c.Fees {
		if _, known := rules[id]; !known {
			return nil, fmt.Errorf("withdrawal: a fee for %s, which is not an asset we serve", id)
		}
		if err := rule.check(); err != nil {
			return nil, fmt.Errorf("withdrawal: the fee for %s: %w", id, err)
		}
		if rule.Network && c.NetworkCost == nil {
			return nil, fmt.Errorf("withdrawal: the fee for %s needs NetworkCost", id)
		}
		rules[id] = rule
	}
	return rules, nil
}

// fee is what an order would cost now. It may ask outside for the network's cost, so it
// is never called inside a transaction.
func (s *Service) fee(ctx context.Context, asset coffer.Asset, amount coffer.Amount) (coffer.Amount, error) {
	rule := s.fees[asset.ID]
	var network coffer.Amount
	if rule.Network {
		call, cancel := context.WithTimeout(ctx, s.CallTimeout)
		defer cancel()
		var err error
		if network, err = s.NetworkCost(call, asset.ID); err != nil {
			return coffer.Amount{}, &coffer.Error{Code: coffer.CodeUnavailable, Message: "the network's cost is not known now", Cause: err}
		}
	}
	fee, err := rule.Of(amount, network)
	if err == nil {
		_, err = amount.Add(fee)
	}
	if errors.Is(err, coffer.ErrAmountRange) {
		return coffer.Amount{}, coffer.Invalid("amount", "is too large")
	}
	return fee, err
}

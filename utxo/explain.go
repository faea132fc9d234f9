package utxo

import (
	"fmt"

	"github.com/cofferhq/coffer"
)

// ExplainConfig pins what a signer knows of a chain by itself. Its zero bounds allow no fee.
type ExplainConfig struct {
	Chain      coffer.ChainID
	Native     coffer.AssetID
	Network    Network
	Wallets    []Descriptor
	MaxFeeRate uint64 // sat/vB
	MaxFee     uint64 // sat
	Omni       uint32 // the property of the Omni Layer that may be sent; zero: none
}

// Explainer reads PSBTs. It implements coffer.Explainer, is pure and safe for concurrent use.
type Explainer struct {
	config  ExplainConfig
	wallets map[coffer.Address]Descriptor
}

var _ coffer.Explainer = (*Explainer)(nil)

// NewExplainer returns an explainer of these wallets.
func NewExplainer(config ExplainConfig) *Explainer {
	e := &Explainer{config: config, wallets: map[coffer.Address]Descriptor{}}
	for _, wallet := range config.Wallets {
		e.wallets[wallet.Address()] = wallet
	}
	return e
}

// Explain implements coffer.Explainer. Everything it returns is read or computed from the
// bytes; every error wraps ErrRefused. FeeBound is the exact fee, and what the recipient of
// tokens gets of bitcoin. Digests are in the order of
// the inputs, which is that of Coins.
func (e *Explainer) Explain(u coffer.Unsigned) (coffer.Effects, error) {
	effects, err := e.explain(u)
	if err != nil {
		return coffer.Effects{}, fmt.Errorf("explain: %w", err)
	}
	return effects, nil
}

func (e *Explainer) explain(u coffer.Unsigned) (coffer.Effects, error) {
	wallet, ok := e.wallets[u.Wallet]
	switch {
	case u.Chain != e.config.Chain:
		return coffer.Effects{}, refuse("chain %.80q, not %s", u.Chain, e.config.Chain)
	case !ok:
		return coffer.Effects{}, refuse("%.100q is not a wallet of ours", u.Wallet)
	case u.Path != coffer.PathPSBT:
		return coffer.Effects{}, refuse("path %.40q, not %s", u.Path, coffer.PathPSBT)
	}
	r, err := read(wallet, u)
	if err != nil {
		return coffer.Effects{}, err
	}
	payments, sweeps, err := e.does(wallet, r)
	if err != nil {
		return coffer.Effects{}, err
	}
	if err := e.checkFee(wallet, r); err != nil {
		return coffer.Effects{}, err
	}
	return coffer.Effects{
		Chain:    u.Chain,
		Wallet:   u.Wallet,
		Path:     coffer.PathPSBT,
		Slot:     coffer.Slot{Kind: coffer.SlotCoin, Lane: string(r.coins[0].ID)},
		Payments: payments,
		Sweeps:   sweeps,
		Coins:    r.coins,
		Change:   r.path,
		FeeBound: coffer.NewAmount(r.fee + r.dust),
		Digests:  r.digests,
	}, nil
}

// checkFee holds the fee to the bounds. Its rate is that of the largest the transaction can
// become when it is signed.
func (e *Explainer) checkFee(wallet Descriptor, r *reading) error {
	size := wallet.sizeOf(r.tx)
	switch {
	case r.fee > e.config.MaxFee:
		return refuse("a fee of %d satoshis; the most is %d", r.fee, e.config.MaxFee)
	case r.fee/size > e.config.MaxFeeRate || r.fee/size == e.config.MaxFeeRate && r.fee%size > 0:
		return refuse("a fee of %d satoshis for %d vB; the most is %d sat/vB", r.fee, size, e.config.MaxFeeRate)
	case size*witnessScale > MaxWeight:
		return refuse("a weight of %d; the most is %d", size*witnessScale, MaxWeight)
	}
	return nil
}

// does reads what a transaction does: it pays, or it sweeps an address.
func (e *Explainer) does(wallet Descriptor, r *reading) ([]coffer.Payment, []coffer.Sweep, error) {
	if sweep, ok, err := e.sweep(wallet, r); ok || err != nil {
		return nil, []coffer.Sweep{sweep}, err
	}
	payments, err := e.payments(wallet, r)
	return payments, nil, err
}

// payments reads the outputs that are not change.
func (e *Explainer) payments(wallet Descriptor, r *reading) ([]coffer.Payment, error) {
	if payment, ok, err := e.omni(wallet, r); ok || err != nil {
		return []coffer.Payment{payment}, err
	}
	var payments []coffer.Payment
	for n, out := range r.tx.TxOut {
		if limit := DustLimit(out.PkScript); out.Value < int64(limit) { // #nosec G115 -- hundreds
			return nil, refuse("output %d: %d satoshis are dust; the least is %d", n, out.Value, limit)
		}
		if n == r.change {
			continue
		}
		to, ok := AddressOf(e.config.Network, out.PkScript)
		if !ok {
			return nil, refuse("output %d: a script without an address", n)
		}
		payments = append(payments, coffer.Payment{Asset: e.config.Native, To: to, Amount: amountOf(out.Value)})
	}
	return payments, nil
}

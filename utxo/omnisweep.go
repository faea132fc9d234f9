package utxo

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// A sweep brings what a deposit address has of a property to the wallet's own address. It says
// "send all" (type 4): its sender is the owner of the first input, a coin at the deposit
// address, and its reference the one output behind the payload, which is its change too. So no
// amount has to be known before it is signed, and there is nobody else whom it could pay.
//
//	vin 0  coin at the deposit address      vout 0  payload: send all
//	vin 1… coins that pay the fee           vout 1  the rest, at the wallet's own address

// sweeps reports whether an intent is a sweep.
func sweeps(i coffer.Intent) bool { return i.Purpose == coffer.PurposeSweep }

// omniPropertyOf reads the property that an asset is.
func omniPropertyOf(network Network, asset coffer.AssetID) (uint32, error) {
	property, err := strconv.ParseUint(asset.Reference(), 10, 32)
	if err != nil || asset != OmniAsset(network, uint32(property)) {
		return 0, fmt.Errorf("%.120q is not a property of the Omni Layer", asset)
	}
	return uint32(property), nil
}

// omniSweepOutput is the payload of a sweep, as an output.
func omniSweepOutput(property uint32) (*wire.TxOut, error) {
	payload, err := EncodeOmni(OmniSendAll{Ecosystem: omniEcosystem(property)})
	if err != nil {
		return nil, err
	}
	carrier, err := OmniScript(payload)
	if err != nil {
		return nil, err
	}
	return wire.NewTxOut(0, carrier), nil
}

// sweepOutput checks a sweep of a wallet, and returns its payload as an output.
func sweepOutput(d Descriptor, list []coffer.Sweep) (*wire.TxOut, error) {
	if len(list) != 1 {
		return nil, fmt.Errorf("%d sweeps; an omni transaction has one sender", len(list))
	}
	sweep := list[0]
	property, err := omniPropertyOf(d.network, sweep.Asset)
	switch {
	case err != nil:
		return nil, err
	case !d.nested:
		return nil, errors.New("the Omni Layer does not know native segregated witness: want a wallet of sh(wsh(…))")
	case sweep.Salt != coffer.Hash{}:
		return nil, fmt.Errorf("salt %s; an address of a descriptor has none", sweep.Salt)
	case sweep.Forwarder == d.Address():
		return nil, errors.New("the tokens of the wallet's own address stay there")
	}
	return omniSweepOutput(property)
}

// checkSweep checks what every attempt of a sweep shares.
func checkSweep(d Descriptor, i coffer.Intent) error {
	if !sweeps(i) {
		return nil
	}
	if _, err := sweepOutput(d, i.Sweeps); err != nil {
		return err
	}
	if i.Coins[0].Address != i.Sweeps[0].Forwarder {
		return fmt.Errorf("coin %s is not at %s, where the tokens are", i.Coins[0].ID, i.Sweeps[0].Forwarder)
	}
	if i.Change != d.Home() {
		return fmt.Errorf("the rest goes to %.40q, not to the wallet's own address", i.Change)
	}
	return nil
}

// sweepBill is what a sweep has to pay: a payload, and an output for the rest.
func sweepBill(b bill, list []coffer.Sweep) (bill, error) {
	out, err := sweepOutput(b.wallet, list)
	if err != nil {
		return bill{}, err
	}
	b.outputs += outputSize(out.PkScript)
	return b, nil
}

// allowedSweeps refuses to sweep properties that the wallet is not made for.
func (o *Omni) allowedSweeps(list []coffer.Sweep) error {
	for _, sweep := range list {
		if o == nil || sweep.Asset != o.asset {
			return fmt.Errorf("the wallet does not sweep %.120q", sweep.Asset)
		}
	}
	return nil
}

// SelectSweep chooses what a sweep sets aside: the smallest coin at the address as the anchor,
// and behind it what pays the fee, the smallest coin that is enough before the largest ones.
// coffer.ErrCoins where there is none at the address: somebody has to send it a little bitcoin.
func (s *Selector) SelectSweep(sweep coffer.Sweep, coins []coffer.Coin, bound coffer.Amount) ([]coffer.Coin, error) {
	chosen, err := s.selectSweep(sweep, coins, bound)
	if err != nil {
		return nil, fmt.Errorf("select coins: %w", err)
	}
	return chosen, nil
}

func (s *Selector) selectSweep(sweep coffer.Sweep, coins []coffer.Coin, bound coffer.Amount) ([]coffer.Coin, error) {
	if err := s.omni.allowedSweeps([]coffer.Sweep{sweep}); err != nil {
		return nil, err
	}
	most, err := satoshis(bound)
	if err != nil {
		return nil, fmt.Errorf("fee bound: %w", err)
	}
	b, err := newBill(s.wallet, nil, s.fees.LongTerm)
	if err == nil {
		b, err = sweepBill(b, []coffer.Sweep{sweep})
	}
	if err != nil {
		return nil, err
	}
	anchor, rest, err := s.sweepCoins(sweep.Forwarder, coins)
	if err != nil {
		return nil, err
	}
	o := offer{floor: s.fees.Floor, rate: s.rate, bound: most}
	chosen := s.payBeside(b, anchor, rest, o)
	paying, ok := b.settle(values(chosen), o)
	if !ok {
		return nil, shortOf(b, chosen, o)
	}
	chosen = s.reserve(b, chosen[:paying.coins], rest, most)
	list := make([]coffer.Coin, len(chosen))
	for n, c := range chosen {
		list[n] = c.coin
	}
	return list, nil
}

// sweepCoins takes the smallest coin at an address, whether it is worth spending or not, and
// the others that are.
func (s *Selector) sweepCoins(at coffer.Address, coins []coffer.Coin) (anchor candidate, rest []candidate, err error) {
	var others []coffer.Coin
	for _, coin := range coins {
		switch {
		case coin.Address != at:
			others = append(others, coin)
		case anchor.coin.ID == "":
			anchor.coin = coin
		case coin.Amount.Cmp(anchor.coin.Amount) < 0:
			others, anchor.coin = append(others, anchor.coin), coin
		default:
			others = append(others, coin)
		}
	}
	if anchor.coin.ID == "" {
		return anchor, nil, fmt.Errorf("%w: none at %s, where the tokens are", coffer.ErrCoins, at)
	}
	if anchor.value, err = satoshis(anchor.coin.Amount); err != nil {
		return anchor, nil, fmt.Errorf("coin %s: %w", anchor.coin.ID, err)
	}
	rest, err = s.pool(others)
	return anchor, rest, err
}

// payBeside adds to an anchor the smallest coin that is enough, or else the largest ones.
func (s *Selector) payBeside(b bill, anchor candidate, rest []candidate, o offer) []candidate {
	chosen := []candidate{anchor}
	if _, ok := b.settle(values(chosen), o); ok {
		return chosen
	}
	for n := len(rest) - 1; n >= 0; n-- { // the largest first
		two := []candidate{anchor, rest[n]}
		if _, ok := b.settle(values(two), o); ok {
			return two
		}
	}
	for _, c := range rest {
		if _, ok := b.settle(values(chosen), o); ok || len(chosen) == MaxInputs {
			break
		}
		chosen = append(chosen, c)
	}
	return chosen
}

// sweep reads a transaction that sends all tokens of an address of the wallet to the wallet's
// own; ok is false where it has no such payload.
func (e *Explainer) sweep(wallet Descriptor, r *reading) (found coffer.Sweep, ok bool, err error) {
	payload, ok := OmniPayload(r.tx)
	if !ok || e.config.Omni == 0 {
		return coffer.Sweep{}, false, nil
	}
	if message, err := ParseOmni(payload); err != nil || OmniTypeOf(message) != OmniTypeSendAll {
		return coffer.Sweep{}, false, nil //nolint:nilerr // payments are read in another place
	}
	want, err := omniSweepOutput(e.config.Omni)
	if err != nil {
		return coffer.Sweep{}, false, refuse("%w", err)
	}
	found = coffer.Sweep{Forwarder: r.coins[0].Address, Asset: OmniAsset(e.config.Network, e.config.Omni)}
	read, seen := ReadOmni(e.config.Network, r.tx, r.scripts[0].Output)
	outputs := r.tx.TxOut
	switch {
	case r.scripts[0].Path == wallet.Home():
		return coffer.Sweep{}, false, refuse("all tokens sent from the wallet's own address")
	case len(outputs) != 2 || r.change != omniChangePlace || r.path != wallet.Home():
		return coffer.Sweep{}, false, refuse("%d outputs with the rest at %d, path %.40q; want payload and the wallet's own address", len(outputs), r.change, r.path)
	case !seen || read.Sender != found.Forwarder || read.Reference != wallet.Address() || !sameOutput(outputs[0], want):
		return coffer.Sweep{}, false, refuse("a payload that does not send all tokens of %s to the wallet", found.Forwarder)
	case outputs[1].Value < int64(wallet.dust()): // #nosec G115 -- hundreds
		return coffer.Sweep{}, false, refuse("a rest of %d satoshis is dust; the least is %d", outputs[1].Value, wallet.dust())
	}
	return found, true, nil
}

package utxo

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// omniChangePlace is where the change of an omni payout stands: behind the payload and before
// the reference, which is the last.
const omniChangePlace = 1

// isOmni reports whether payments are of a property of the Omni Layer. Such a payout pays one
// recipient.
func isOmni(payments []coffer.Payment) bool {
	return len(payments) > 0 && payments[0].Asset.Namespace() == coffer.AssetOmni
}

// omniSend is a payment of a property as outputs: the payload, and the reference, which gets as
// little as nodes relay.
type omniSend struct {
	property uint32
	payload  *wire.TxOut
	last     *wire.TxOut
}

// dust is what the recipient gets of bitcoin. It is no payment: it counts to the fee bound.
func (o omniSend) dust() uint64 { return uint64(o.last.Value) } // #nosec G115 -- hundreds

// newOmniSend checks the payments of an omni payout of a wallet. The tokens are at the address
// by which the wallet is known.
func newOmniSend(d Descriptor, payments []coffer.Payment) (omniSend, error) {
	p := payments[0]
	property, err := omniPropertyOf(d.network, p.Asset)
	switch {
	case len(payments) != 1:
		return omniSend{}, fmt.Errorf("%d payments; an omni transaction pays one", len(payments))
	case err != nil || p.Memo != "":
		return omniSend{}, fmt.Errorf("payment of %.120q with memo %.40q; want a property of the Omni Layer without", p.Asset, p.Memo)
	case !d.nested:
		return omniSend{}, errors.New("the Omni Layer does not know native segregated witness: want a wallet of sh(wsh(…))")
	}
	script, err := ScriptOf(d.network, p.To)
	if err != nil {
		return omniSend{}, err
	}
	if _, ok := omniAddress(d.network, script); !ok {
		return omniSend{}, fmt.Errorf("address %.100q: the Omni Layer knows P2PKH and P2SH only", p.To)
	}
	units := p.Amount.Int()
	if !units.IsUint64() {
		return omniSend{}, fmt.Errorf("%w, not %s", ErrOmniAmount, p.Amount)
	}
	payload, err := EncodeOmni(OmniSimpleSend{Property: property, Amount: units.Uint64()})
	if err != nil {
		return omniSend{}, err
	}
	carrier, err := OmniScript(payload)
	if err != nil {
		return omniSend{}, err
	}
	return omniSend{
		property: property, payload: wire.NewTxOut(0, carrier),
		last: wire.NewTxOut(int64(DustLimit(script)), script), // #nosec G115 -- hundreds
	}, nil
}

// feeBound is what an intent leaves for fees: what its recipient gets of bitcoin comes first.
func feeBound(d Descriptor, bound coffer.Amount, payments []coffer.Payment) (uint64, error) {
	most, err := satoshis(bound)
	if err != nil {
		return 0, fmt.Errorf("fee bound: %w", err)
	}
	if !isOmni(payments) {
		return most, nil
	}
	send, err := newOmniSend(d, payments)
	if err != nil {
		return 0, err
	}
	if most < send.dust() {
		return 0, fmt.Errorf("%w: %d satoshis; the recipient of tokens gets %d", coffer.ErrFeeBudget, most, send.dust())
	}
	return most - send.dust(), nil
}

// checkOmni checks what every attempt of an omni payout shares: the first coin is at the
// address that holds the tokens, because the owner of the first input is the sender.
func checkOmni(d Descriptor, i coffer.Intent) error {
	if !isOmni(i.Payments) {
		return nil
	}
	if _, err := newOmniSend(d, i.Payments); err != nil {
		return err
	}
	if i.Coins[0].Path != d.Home() || i.Coins[0].Address != d.Address() {
		return fmt.Errorf("coin %s is not at %s, where the tokens are", i.Coins[0].ID, d.Address())
	}
	return nil
}

// allowed refuses to send properties that the wallet is not made for.
func (o *Omni) allowed(payments []coffer.Payment) error {
	if !isOmni(payments) || o != nil && payments[0].Asset == o.asset {
		return nil
	}
	return fmt.Errorf("the wallet does not send %.120q", payments[0].Asset)
}

// anchored chooses coins for an omni payout: the smallest one at the address that holds the
// tokens that pays alone, or else the largest there, and the largest from elsewhere behind it.
func (s *Selector) anchored(b bill, pool []candidate, o offer) ([]candidate, error) {
	var home, rest []candidate
	for _, c := range pool {
		if c.coin.Path == s.wallet.Home() && c.coin.Address == s.wallet.Address() {
			home = append(home, c)
		} else {
			rest = append(rest, c)
		}
	}
	if len(home) == 0 {
		return nil, fmt.Errorf("%w: none at %s, where the tokens are", coffer.ErrCoins, s.wallet.Address())
	}
	anchor := 0
	for n := range home { // the largest first
		if _, ok := b.settle(values(home[n:n+1]), o); ok {
			anchor = n
		}
	}
	chosen := []candidate{home[anchor]}
	rest = append(append(rest, home[:anchor]...), home[anchor+1:]...)
	for _, c := range rest {
		if _, ok := b.settle(values(chosen), o); ok || len(chosen) == MaxInputs {
			break
		}
		chosen = append(chosen, c)
	}
	return chosen, nil
}

// omni reads the payment of a transaction with a payload; ok is false where it has none. It
// refuses every payload but a simple send of the one property, and every order of outputs in
// which the Omni Layer could see another recipient.
func (e *Explainer) omni(wallet Descriptor, r *reading) (payment coffer.Payment, ok bool, err error) {
	if _, ok := OmniPayload(r.tx); !ok || e.config.Omni == 0 {
		return coffer.Payment{}, false, nil
	}
	outputs := r.tx.TxOut
	if r.scripts[0].Path != wallet.Home() {
		return coffer.Payment{}, false, refuse("tokens sent by the owner of coin %s, not by the wallet's address", r.coins[0].ID)
	}
	if !(len(outputs) == 2 && r.change < 0) && !(len(outputs) == 3 && r.change == omniChangePlace) { //nolint:staticcheck // De Morgan's form says less
		return coffer.Payment{}, false, refuse("%d outputs with change at %d; want payload, change and reference", len(outputs), r.change)
	}
	read, seen := ReadOmni(e.config.Network, r.tx, r.scripts[0].Output)
	send, simple := read.Message.(OmniSimpleSend)
	if !seen || !simple || send.Property != e.config.Omni || read.Sender != wallet.Address() {
		return coffer.Payment{}, false, refuse("a payload that is not a simple send of property %d", e.config.Omni)
	}
	payment = coffer.Payment{Asset: OmniAsset(e.config.Network, send.Property), To: read.Reference, Amount: coffer.NewAmount(send.Amount)}
	want, err := newOmniSend(wallet, []coffer.Payment{payment})
	if err != nil {
		return coffer.Payment{}, false, refuse("%w", err)
	}
	if !sameOutput(outputs[0], want.payload) || !sameOutput(outputs[len(outputs)-1], want.last) {
		return coffer.Payment{}, false, refuse("payload or reference are not written as ours are")
	}
	if r.change >= 0 && outputs[r.change].Value < int64(wallet.dust()) { // #nosec G115 -- hundreds
		return coffer.Payment{}, false, refuse("change of %d satoshis is dust; the least is %d", outputs[r.change].Value, wallet.dust())
	}
	r.dust = want.dust()
	return payment, true, nil
}

func sameOutput(a, b *wire.TxOut) bool {
	return a.Value == b.Value && bytes.Equal(a.PkScript, b.PkScript)
}

// checkBalance asks every server whether an address has so much of the property, and may send
// it. coffer.ErrWouldFail: it has less, or is frozen: the transaction would be mined and be
// invalid.
func (o *Omni) checkBalance(ctx context.Context, owner coffer.Address, amount uint64) error {
	decimals, err := o.Decimals(ctx)
	if err != nil {
		return err
	}
	for _, node := range o.nodes {
		balance, frozen, err := o.balanceOf(ctx, node, owner, decimals)
		if err != nil {
			return err
		}
		if balance.Cmp(coffer.NewAmount(amount)) < 0 || !frozen.IsZero() {
			return fmt.Errorf("%w: %s has %s of property %d, %s of it frozen, and would send %d",
				coffer.ErrWouldFail, owner, balance, o.property, frozen, amount)
		}
	}
	return nil
}

// balanceOf asks one server what an address has of the property, and how much of it is frozen.
func (o *Omni) balanceOf(ctx context.Context, node *Client, owner coffer.Address, decimals uint8) (balance, frozen coffer.Amount, err error) {
	var said struct {
		Balance *string `json:"balance"`
		Frozen  string  `json:"frozen"` // absent before Omni Core 0.6
	}
	if err := node.Call(ctx, &said, "omni_getbalance", string(owner), o.property); err != nil {
		return balance, frozen, err
	}
	if said.Balance == nil {
		return balance, frozen, fmt.Errorf("%w: omni_getbalance does not say the balance", ErrNotProven)
	}
	if balance, err = coffer.ParseUnits(*said.Balance, decimals); err != nil {
		return balance, frozen, fmt.Errorf("balance %.80q: %w", *said.Balance, err)
	}
	if said.Frozen != "" {
		if frozen, err = coffer.ParseUnits(said.Frozen, decimals); err != nil {
			return balance, frozen, fmt.Errorf("frozen balance %.80q: %w", said.Frozen, err)
		}
	}
	return balance, frozen, nil
}

// simulateOmni checks that a transaction with a payload would be valid, as far as its sender
// goes.
func (w *Wallet) simulateOmni(ctx context.Context, r *reading) error {
	if _, ok := OmniPayload(r.tx); !ok {
		return nil
	}
	read, ok := ReadOmni(w.descriptor.network, r.tx, r.scripts[0].Output)
	if ok && w.omni != nil {
		switch m := read.Message.(type) {
		case OmniSimpleSend:
			if m.Property == w.omni.property {
				return w.omni.checkBalance(ctx, read.Sender, m.Amount)
			}
		case OmniSendAll:
			if m.Ecosystem == omniEcosystem(w.omni.property) {
				return w.omni.checkBalance(ctx, read.Sender, 1)
			}
		}
	}
	return fmt.Errorf("%w: a payload that the wallet does not send", coffer.ErrWouldFail)
}

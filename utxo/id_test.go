package utxo

import "testing"

func TestTheIDIsKnownBeforeAnybodySigned(t *testing.T) {
	for name, w := range testWallets(t) {
		_, u := w.build(t)
		id, err := w.explainer().ID(u)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		signed, err := Finalize(w.Descriptor, u, append(w.sign(t, 0, u), w.sign(t, 2, u)...))
		if err != nil || signed.ID != id {
			t.Errorf("%s: id %s, known as %s, %v", name, signed.ID, id, err)
		}
		u.Wallet = "elsewhere"
		if _, err := w.explainer().ID(u); err == nil {
			t.Errorf("%s: an id of another wallet's", name)
		}
	}
}

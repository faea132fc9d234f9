package utxo

import (
	"github.com/cofferhq/coffer"
)

// ID is what a transaction will be known by on the chain. Signatures do not change it: they
// are in the witness (BIP-141), and what P2SH puts beside them follows from the wallet.
func (e *Explainer) ID(u coffer.Unsigned) (coffer.Hash, error) {
	d, known := e.wallets[u.Wallet]
	if !known {
		return coffer.Hash{}, refuse("wallet %.100q is not one of ours", u.Wallet)
	}
	r, err := read(d, u)
	if err != nil {
		return coffer.Hash{}, err
	}
	tx := r.tx.Copy()
	for n, in := range tx.TxIn {
		if redeem := r.scripts[n].Redeem; redeem != nil {
			in.SignatureScript = append([]byte{byte(len(redeem))}, redeem...) // #nosec G115 -- 34 bytes
		}
	}
	return HashOf(tx.TxHash()), nil
}

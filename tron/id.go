package tron

import "github.com/cofferhq/coffer"

// ID is what a transaction will be known by on the chain, which its signatures do not change.
func (e *Explainer) ID(u coffer.Unsigned) (coffer.Hash, error) {
	r, err := e.read(u)
	if err != nil {
		return coffer.Hash{}, err
	}
	return ID(r.bytes), nil
}

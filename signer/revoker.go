package signer

import (
	"context"
	"errors"
	"fmt"

	"github.com/cofferhq/coffer"
)

// Revoker tells all signers that an order must never be paid. It has the shape of
// withdrawal.Revoker.
type Revoker struct {
	Signers   []*Client
	Threshold int // signatures that a payment needs

	// Least is how many signers at least sign a payment on chains where it is not Threshold,
	// since keys that no signer holds sign there too.
	Least map[coffer.ChainID]int
}

// Revoke returns nil when so many signers have stored it that those who are left cannot
// pay the order. Enough signers who signed it before make it CodeConflict: it may be paid.
// Saying it again is harmless.
func (r Revoker) Revoke(ctx context.Context, o coffer.Order, reason string) error {
	type answer struct {
		name string
		slot *coffer.Slot
		err  error
	}
	answers := make(chan answer, len(r.Signers))
	for _, s := range r.Signers {
		go func() {
			slot, err := s.Revoke(ctx, o, reason)
			answers <- answer{s.Name(), slot, err}
		}()
	}
	left, signed := len(r.Signers), 0
	var failures []error
	for range r.Signers {
		switch a := <-answers; {
		case a.err != nil:
			failures = append(failures, a.err)
		case a.slot != nil:
			signed++
			failures = append(failures, fmt.Errorf("signer %s signed it in slot %s", a.name, a.slot))
		default:
			left--
		}
	}
	needed, ok := r.Least[o.Asset.Chain()]
	if !ok {
		needed = r.Threshold
	}
	switch {
	case left < needed:
		return nil
	case signed >= needed:
		return &coffer.Error{Code: coffer.CodeConflict, Message: fmt.Sprintf("order %s was signed before, and may be paid", o.ID), Cause: errors.Join(failures...)}
	}
	return &coffer.Error{Code: coffer.CodeUnavailable, Cause: errors.Join(failures...),
		Message: fmt.Sprintf("order %s is revoked at %d of %d signers only", o.ID, len(r.Signers)-left, len(r.Signers))}
}

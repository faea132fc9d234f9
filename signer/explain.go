package signer

import (
	"fmt"

	"github.com/cofferhq/coffer"
)

// explainerOf makes the reader of a chain's transactions out of what the operator pinned.
func explainerOf(c ChainConfig) (coffer.Explainer, error) {
	switch namespace := c.Chain.Namespace(); namespace {
	default:
		return nil, fmt.Errorf("no explainer reads transactions of %q chains", namespace)
	}
}

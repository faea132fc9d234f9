package signer

import (
	"fmt"

	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/evm"
)

// explainerOf makes the reader of a chain's transactions out of what the operator pinned.
func explainerOf(c ChainConfig) (coffer.Explainer, error) {
	switch namespace := c.Chain.Namespace(); namespace {
	case coffer.NamespaceEVM:
		return explainSafe(c)
	case coffer.NamespaceUTXO:
		return explainPSBT(c)
	case coffer.NamespaceTRON:
		return explainTRON(c)
	default:
		return nil, fmt.Errorf("no explainer reads transactions of %q chains", namespace)
	}
}

func explainSafe(c ChainConfig) (coffer.Explainer, error) {
	explain := evm.ExplainConfig{Chain: c.Chain, Native: c.Native}
	for _, field := range []struct {
		into *common.Address
		text string
	}{{&explain.EntryPoint, c.EntryPoint}, {&explain.Module, c.Module}, {&explain.MultiSend, c.MultiSend}} {
		address, err := parseAddress(field.text)
		if err != nil {
			return nil, err
		}
		*field.into = address
	}
	for _, wallet := range c.Wallets {
		address, err := parseAddress(wallet)
		if err != nil {
			return nil, err
		}
		explain.Wallets = append(explain.Wallets, address)
	}
	return evm.NewExplainer(explain), nil
}

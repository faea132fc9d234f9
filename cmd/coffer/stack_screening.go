package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ethereum/go-ethereum/common"
)

// Where a development stack draws its lines, in USDT of each chain. All are above what one
// withdrawal usually is there, and the times are short enough to wait for.
const (
	stackBookAbove  = "180" // only to the address book
	stackDelayAbove = "170" // the first payment to a destination waits
	stackDelay      = 4 * time.Second
	stackActivation = 4 * time.Second
)

// sanctionedAddress is on the stack's sanctions list.
var sanctionedAddress = common.HexToAddress("0xd90e2f925da726b50c4ed8d0fb90ad053324f31b")

// writeSanctions makes the issuer of a sanctions list and its first list.
func (s *stack) writeSanctions(ctx context.Context) (err error) {
	s.issuer, err = s.command(ctx, nil, "sanctions", "key", "--out", s.path("secrets", "issuer.pem"))
	if err != nil {
		return err
	}
	addresses := fmt.Sprintf("# addresses that the development stack never pays\n%s SDN 1\n", sanctionedAddress.Hex())
	if err := os.WriteFile(s.path("addresses.txt"), []byte(addresses), 0o600); err != nil {
		return err
	}
	return s.signSanctions(ctx, 24*time.Hour)
}

// signSanctions replaces the list by one that lasts so long.
func (s *stack) signSanctions(ctx context.Context, life time.Duration) error {
	_, err := s.command(ctx, nil, "sanctions", "sign", "--key", s.path("secrets", "issuer.pem"), "--name", "development",
		"--in", s.path("addresses.txt"), "--out", s.path("sanctions.txt"), "--life", life.String())
	return err
}

// withdrawalsSection is what the server is told about withdrawals.
func (s *stack) withdrawalsSection() object {
	return object{
		"sandbox": true, "activation_delay": stackActivation.String(),
		"sanctions": object{"file": s.path("sanctions.txt"), "keys": []string{s.issuer}, "max_age": "24h"},
		"customers": object{"source": "table", "unknown": "active"},
	}
}

// destinationRules are the chain's rules about where money goes.
func (c *devChain) destinationRules() map[string][]object {
	return map[string][]object{
		"address_books": {
			{"name": "known addresses above " + stackBookAbove + " " + c.dollar, "enforced_by": "coordinator", "asset": c.dollar, "above": stackBookAbove},
		},
		"first_time_delays": {
			{"name": "first " + c.dollar + " above " + stackDelayAbove, "enforced_by": "coordinator", "asset": c.dollar, "above": stackDelayAbove, "delay": stackDelay.String()},
		},
		"screening": {
			{"name": c.dollar + " is screened", "enforced_by": "coordinator", "asset": c.dollar},
			{"name": c.symbol + " is screened", "enforced_by": "coordinator", "asset": c.symbol},
		},
	}
}

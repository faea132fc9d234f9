package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// pausedBlocks is how many blocks pass while nothing may be paid.
const pausedBlocks = 3

// pause lets one person pause the chain inside the signers. A withdrawal waits; the same
// person cannot resume alone, two can, and it settles.
func (d *demo) pause(ctx context.Context) error {
	eve, err := d.customer(ctx, "Eve")
	if err != nil {
		return err
	}
	tx, err := d.pay(ctx, eve.address, d.units(20))
	if err != nil {
		return err
	}
	keys, err := d.keyFiles()
	if err != nil {
		return err
	}
	said, err := d.statement(ctx, "pause", "--chain", string(d.chain), "--reason", "a strange payout", "--key", keys[0])
	if err != nil {
		return err
	}
	_, pause, ok := strings.Cut(said, "\npause ")
	if !ok {
		return fmt.Errorf("coffer signer pause printed %q", said)
	}
	d.say("  person-1 paused %s in all signers", d.chain)
	if err := d.awaitMetric(ctx, `coffer_pauses{scope="chain"} 1`); err != nil {
		return err
	}
	if err := eve.watch(ctx, tx, "UNLOCKED"); err != nil {
		return err
	}

	to := newAddress()
	w, err := eve.request(ctx, "while paused", string(d.usdt), to.Hex(), "5")
	if err != nil {
		return err
	}
	if err := eve.await(ctx, map[string]string{w.ID: "APPROVED"}); err != nil {
		return err
	}
	if err := d.blocks(ctx, pausedBlocks); err != nil {
		return err
	}
	if err := d.unpaid(ctx, eve, w.ID, to); err != nil {
		return err
	}
	d.say("  %d blocks later it waits", pausedBlocks)

	if _, err := d.statement(ctx, "resume", "--pause", pause, "--reason", "it was nothing", "--key", keys[0]); err == nil || !strings.Contains(err.Error(), "1 of the 2 people") {
		return fmt.Errorf("one person resumed: %w", errors.Join(err, errors.New("want a refusal")))
	}
	d.say("  person-1 alone cannot resume")
	if _, err := d.statement(ctx, "resume", "--pause", pause, "--reason", "it was nothing", "--key", keys[0], "--key", keys[1]); err != nil {
		return err
	}
	d.say("  person-1 and person-2 resumed")
	if err := eve.await(ctx, map[string]string{w.ID: "SETTLED"}); err != nil {
		return err
	}
	if err := d.paidExactly(ctx, to, d.units(5)); err != nil {
		return err
	}
	return d.awaitMetric(ctx, `coffer_pauses{scope="chain"} 0`)
}

// statement runs `coffer signer` with a statement of people.
func (s *stack) statement(ctx context.Context, args ...string) (string, error) {
	return s.command(ctx, nil, append(append([]string{"signer"}, args...), "--config", s.configFile())...)
}

// keyFiles writes the keys of the people who approve, which they would keep to themselves.
func (s *stack) keyFiles() ([]string, error) {
	files := make([]string, len(s.approvers))
	for i, key := range s.approvers {
		files[i] = s.path("secrets", fmt.Sprintf("person-%d.key", i+1))
		if err := os.WriteFile(files[i], []byte(hex.EncodeToString(crypto.FromECDSA(key))+"\n"), 0o600); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// unpaid checks that a withdrawal has not been paid.
func (d *demo) unpaid(ctx context.Context, of *demo, id string, to common.Address) error {
	var read struct{ Withdrawal withdrawalSeen }
	if err := of.api.do(ctx, `query($id: ID!) { withdrawal(id: $id) `+withdrawalFields+` }`, object{"id": id}, &read); err != nil {
		return err
	}
	if read.Withdrawal.State != "APPROVED" {
		return fmt.Errorf("the paused withdrawal is %s, want APPROVED", read.Withdrawal.State)
	}
	return d.paidExactly(ctx, to, new(big.Int))
}

// blocks waits until the chain has so many blocks more.
func (c *devChain) blocks(ctx context.Context, n uint64) error {
	const poll = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	begin, err := c.anvil.Eth().BlockNumber(ctx)
	if err != nil {
		return err
	}
	return until(ctx, poll, func() (bool, error) {
		height, err := c.anvil.Eth().BlockNumber(ctx)
		return height >= begin+n, err
	})
}

// awaitMetric waits until the server's metrics hold a line.
func (s *stack) awaitMetric(ctx context.Context, line string) error {
	const poll = 100 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	err := until(ctx, poll, func() (bool, error) {
		text, err := get(ctx, "http://"+s.server.address+"/metrics")
		return strings.Contains("\n"+text, "\n"+line+"\n"), err
	})
	if err != nil {
		return fmt.Errorf("wait for %s: %w", line, err)
	}
	return nil
}

// until asks again and again, until it is so or ctx ends.
func until(ctx context.Context, poll time.Duration, so func() (bool, error)) error {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		if yes, err := so(); err != nil || yes {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// get reads a page of the server.
func get(ctx context.Context, url string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes))
	return string(text), err
}

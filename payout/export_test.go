package payout

import (
	"context"
	"encoding/json"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/stream"
)

// Apply applies one event as if it stood at the end of the chain's log.
func (m *Manager) Apply(ctx context.Context, e coffer.BlockEvent) error {
	value, err := json.Marshal(e)
	if err != nil {
		return err
	}
	chain := m.chains[0]
	cursor, err := m.sql.Cursor(ctx, chain)
	if err != nil {
		return err
	}
	_, err = m.consume(ctx, coffer.ChainID(chain), stream.Event{Value: value, First: cursor.NextOffset, Next: cursor.NextOffset + 1})
	return err
}

// At calls fn at the checkpoints of what a person does.
func (d *Desk) At(fn func(name string)) { d.m.Checkpoint = fn }

// CheckCoins is what holds the coins of an attempt to its intent.
var CheckCoins = checkCoins

// ThresholdOf is how many signatures a transaction of a chain needs.
func ThresholdOf(c Chain, u coffer.Unsigned) int { return c.signing(u).Threshold }

package utxo

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"
	"golang.org/x/sync/errgroup"

	"github.com/cofferhq/coffer"
)

// MaxSenderInputs is of how many coins a transaction may spend for its senders to be looked up: each
// may be of another transaction, which has to be asked for.
const MaxSenderInputs = 250

// Senders returns the addresses of the coins that a transaction spent, one for each input that
// spends something. A coin without one is named by its script, "script:6a…": it is on no list,
// but it is somebody's. CodeLimit: the transaction spends more than MaxSenderInputs, and no other was
// asked for. Each of the calls has the timeout of Config.
func (c *Client) Senders(ctx context.Context, id coffer.Hash) ([]coffer.Address, error) {
	tx, err := c.RawTransaction(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("transaction %s: %w", id, err)
	}
	if len(tx.TxIn) > MaxSenderInputs {
		return nil, coffer.Errorf(coffer.CodeLimit, "transaction %s spends %d coins: the senders of at most %d are looked up", id, len(tx.TxIn), MaxSenderInputs)
	}
	var coins []wire.OutPoint
	spent := map[coffer.Hash][]int{} // places in coins, by the transaction that made them
	for _, in := range tx.TxIn {
		if in.PreviousOutPoint.Hash == (wire.OutPoint{}).Hash {
			continue // a miner's earnings
		}
		from := HashOf(in.PreviousOutPoint.Hash)
		spent[from] = append(spent[from], len(coins))
		coins = append(coins, in.PreviousOutPoint)
	}

	senders := make([]coffer.Address, len(coins))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(fetchers)
	for from, places := range spent {
		group.Go(func() error {
			parent, err := c.RawTransaction(ctx, from)
			if err != nil {
				return fmt.Errorf("transaction %s: %w", from, err)
			}
			for _, place := range places {
				n := coins[place].Index
				if uint64(n) >= uint64(len(parent.TxOut)) {
					return fmt.Errorf("transaction %s has no output %d", from, n)
				}
				senders[place] = senderOf(c.Network(), parent.TxOut[n].PkScript)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return senders, nil
}

func senderOf(network Network, script []byte) coffer.Address {
	if address, ok := AddressOf(network, script); ok {
		return address
	}
	return coffer.Address("script:" + hex.EncodeToString(script))
}

package utxo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cofferhq/coffer"
)

// ChildCoin finds the newest of an intent's attempts that nodes have and that brings change: its
// number, the change as a coin, and its fee. BuildChild spends it. coffer.ErrCoins: there is none.
func (w *Wallet) ChildCoin(ctx context.Context, prev []coffer.Attempt) (uint32, coffer.Coin, coffer.Amount, error) {
	for _, attempt := range slices.Backward(prev) {
		if attempt.Signed == nil {
			continue
		}
		r, err := read(w.descriptor, attempt.Unsigned)
		if err != nil {
			return 0, coffer.Coin{}, coffer.Amount{}, fmt.Errorf("attempt %d: %w", attempt.Number, err)
		}
		_, err = w.pool.RawTransaction(ctx, attempt.Signed.ID)
		if errors.Is(err, coffer.ErrNotFound) {
			continue
		}
		if err != nil {
			return 0, coffer.Coin{}, coffer.Amount{}, fmt.Errorf("attempt %d: %w", attempt.Number, err)
		}
		if r.change < 0 {
			break
		}
		script, err := w.descriptor.At(r.path)
		if err != nil {
			return 0, coffer.Coin{}, coffer.Amount{}, fmt.Errorf("attempt %d: %w", attempt.Number, err)
		}
		return attempt.Number, coffer.Coin{
			ID: coffer.NewCoinID(attempt.Signed.ID, uint32(r.change)), Address: script.Address, Path: r.path, // #nosec G115 -- at most MaxPayments
			Amount: coffer.NewAmount(uint64(r.tx.TxOut[r.change].Value)), // #nosec G115 -- read refuses amounts below 0
		}, coffer.NewAmount(r.fee), nil
	}
	return 0, coffer.Coin{}, coffer.Amount{}, fmt.Errorf("%w: no attempt in the pool brings change", coffer.ErrCoins)
}

package coffer

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// CoinID names an output of a transaction on a UTXO chain: the transaction's id as people
// write it (64 lower-case hex digits), a colon, and the output's place.
type CoinID string

// NewCoinID names output n of a transaction.
func NewCoinID(tx Hash, n uint32) CoinID {
	return CoinID(hex.EncodeToString(tx[:]) + ":" + strconv.FormatUint(uint64(n), 10))
}

// Parts returns the transaction and the place of the output in it.
func (c CoinID) Parts() (tx Hash, n uint32, err error) {
	digits, place, ok := strings.Cut(string(c), ":")
	if ok {
		if tx, err = ParseHash("0x" + digits); err == nil {
			var at uint64
			if at, err = strconv.ParseUint(place, 10, 32); err == nil && NewCoinID(tx, uint32(at)) == c {
				return tx, uint32(at), nil
			}
		}
	}
	return Hash{}, 0, fmt.Errorf("coin %.100q: want a transaction id, a colon and the place of an output", string(c))
}

// Coin is an output that a wallet of ours can spend. Path is where its key is below the
// wallet's descriptor, "0/17"; empty where the descriptor has one address only.
type Coin struct {
	ID      CoinID  `json:"id"`
	Address Address `json:"address"`
	Path    string  `json:"path,omitempty"`
	Amount  Amount  `json:"amount"` // native base units
}

// Spend is one input of a transaction in a block: the coin it uses up. Ref is its place,
// "vin:0".
type Spend struct {
	Tx   Hash   `json:"tx"`
	Ref  string `json:"ref"`
	Coin CoinID `json:"coin"`
}

// CoinSum adds the amounts of coins.
func CoinSum(coins []Coin) (sum Amount, err error) {
	for _, coin := range coins {
		if sum, err = sum.Add(coin.Amount); err != nil {
			return Amount{}, fmt.Errorf("coin %s: %w", coin.ID, err)
		}
	}
	return sum, nil
}

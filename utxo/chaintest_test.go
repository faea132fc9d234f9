package utxo_test

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

func TestBitcoinIsAChain(t *testing.T) {
	c := newChain(t)
	addresses := byte(0)
	chaintest.Run(t, chaintest.Harness{
		Source: c.source,
		Asset:  utxo.Regtest.Native(),
		NewAddress: func(t *testing.T) coffer.Address {
			addresses++
			script := append([]byte{0, 20}, make([]byte, 20)...)
			script[21] = addresses
			address, ok := utxo.AddressOf(utxo.Regtest, script)
			if !ok {
				t.Fatal("no address")
			}
			return address
		},
		Pay: func(t *testing.T, to coffer.Address, amount uint64) chaintest.Paid {
			t.Helper()
			payment, err := c.Pay(t.Context(), to, int64(amount))
			if err != nil {
				t.Fatal(err)
			}
			return chaintest.Paid{Tx: payment.ID, Raw: payment.Raw}
		},
		Broadcast: func(t *testing.T, p chaintest.Paid) {
			t.Helper()
			_, err := c.client.SendRawTransaction(t.Context(), p.Raw)
			switch class := utxo.Classify(err); {
			case err == nil, class == utxo.AlreadyKnown, class == utxo.AlreadyInChain:
			default:
				t.Fatal(err)
			}
		},
		Replace: func(t *testing.T, p chaintest.Paid) {
			t.Helper()
			if _, err := c.Replace(t.Context(), devnet.BitcoinPayment{ID: p.Tx, Raw: p.Raw}); err != nil {
				t.Fatal(err)
			}
		},
		Mine: func(t *testing.T, n int) { t.Helper(); c.mine(t, n) },
		Reorg: func(t *testing.T, depth, grow int) {
			t.Helper()
			if err := c.Reorg(t.Context(), depth, grow); err != nil {
				t.Fatal(err)
			}
		},
		Lying: func(t *testing.T, lie chaintest.Lie, block, other coffer.Block) (coffer.Source, func() int) {
			var lies atomic.Int64
			url := chaintest.Tamper(t, c.URL, func(method string, params []any, answer chaintest.Answer) {
				if method == "getblock" && len(params) > 0 && params[0] == block.Hash.String()[2:] {
					lies.Add(1)
					answer["result"] = hex.EncodeToString(lieAbout(lie, block, other))
				}
			})
			_, source := open(t, patient(url))
			return source, func() int { return int(lies.Load()) }
		},
	})
}

// lieAbout are the bytes that a lying node gives for a block.
func lieAbout(lie chaintest.Lie, block, other coffer.Block) []byte {
	raw := slices.Clone(block.Raw)
	switch lie {
	case chaintest.LieOtherBlock:
		return other.Raw
	case chaintest.LieTransaction:
		raw[len(raw)-10] ^= 1 // in the last transaction's witness
	case chaintest.LieParent:
		parent := utxo.ChainHash(other.Parent)
		copy(raw[4:], parent[:])
		for nonce := uint32(0); ; nonce++ { // the work is done anew
			binary.LittleEndian.PutUint32(raw[76:], nonce)
			if _, _, err := utxo.ReadBlock(utxo.Regtest, raw); err == nil {
				return raw
			}
		}
	case chaintest.LieTruncated:
		return raw[:len(raw)/2]
	}
	return raw
}

package utxo_test

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/utxo"
)

func TestBitcoinIsAChain(t *testing.T) {
	c := newChain(t)
	chaintest.Run(t, chaintest.Harness{
		Source:     c.source,
		Asset:      utxo.Regtest.Native(),
		NewAddress: newAddress,
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
		Mine:  func(t *testing.T, n int) { t.Helper(); c.mine(t, n) },
		Reorg: func(t *testing.T, depth, grow int) { t.Helper(); c.reorg(t, depth, grow) },
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

var addresses atomic.Uint32

// newAddress is P2WPKH of nobody.
func newAddress(t *testing.T) coffer.Address {
	t.Helper()
	script := binary.BigEndian.AppendUint32(append([]byte{0, 20}, make([]byte, 16)...), addresses.Add(1))
	address, ok := utxo.AddressOf(utxo.Regtest, script)
	if !ok {
		t.Fatal("no address")
	}
	return address
}

func (c *chain) reorg(t *testing.T, depth, grow int) {
	t.Helper()
	if err := c.Reorg(t.Context(), depth, grow); err != nil {
		t.Fatal(err)
	}
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

func TestEveryWalletSendsAsOnAnyChain(t *testing.T) {
	c := newChain(t)
	for name, signing := range utxo.SigningWallets(t) {
		t.Run(name, func(t *testing.T) {
			s := newSender(t, c, signing, 90_000)
			intents := 0
			chaintest.RunSender(t, chaintest.Sender{
				Source:    c.source,
				Wallet:    s.wallet,
				Explainer: s.Explainer(),
				Payments: func(t *testing.T, amounts ...uint64) []coffer.Payment {
					t.Helper()
					var payments []coffer.Payment
					for _, amount := range amounts {
						payments = append(payments, coffer.Payment{Asset: utxo.Regtest.Native(), To: newAddress(t), Amount: coffer.NewAmount(amount)})
					}
					return payments
				},
				Intent: func(t *testing.T, payments []coffer.Payment) coffer.Intent {
					t.Helper()
					intents++
					i := coffer.Intent{
						ID: fmt.Sprint("payout ", intents), Chain: c.client.Chain(), Wallet: s.wallet.Address(), Path: coffer.PathPSBT,
						Purpose: coffer.PurposeRefill, Payments: payments, Change: s.wallet.ChangePath(3),
						FeeBound: coffer.NewAmount(6_000), Expires: s.now.Add(time.Hour),
					}
					selector, err := s.wallet.Selector(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if i.Coins, err = selector.Select(payments, s.fund(t, 90_000, 80_000), i.FeeBound, coffer.Hash{1}); err != nil {
						t.Fatal(err)
					}
					i.Slot = coffer.Slot{Kind: coffer.SlotCoin, Lane: string(i.Coins[0].ID)}
					return i
				},
				Sign: func(t *testing.T, u coffer.Unsigned, others bool) []coffer.Signature {
					t.Helper()
					if others {
						return s.Sign(t, u, 1, 2)
					}
					return s.Sign(t, u, 0, 1)
				},
				Mine:  func(t *testing.T, n int) { t.Helper(); c.mine(t, n) },
				Reorg: func(t *testing.T, depth, grow int) { t.Helper(); c.reorg(t, depth, grow) },
			})
		})
	}
}

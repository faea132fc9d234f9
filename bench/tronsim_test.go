package bench

import (
	"crypto/sha256"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// A block of TRON's main network: as many transactions as there were on average in January 2026,
// and of what kinds. A quarter moves USDT; the rest is TRX, other contracts and lent energy.
const (
	tronTokenTransfers = 90
	tronCalls          = 70
	tronLent           = 73
	tronTransactions   = 383

	tronSecond  = 1_800_000_000
	tronRich    = 1_000_000_000_000 // sun that each sender starts with
	tronFeeCap  = 100_000_000       // sun
	tronExpires = 20 * time.Hour
)

// tronTraffic makes what people send to a TRON node, signed by as many senders as a block has
// transactions.
type tronTraffic struct {
	*tronsim.Sim
	b     *testing.B
	keys  []tronsim.Key
	at    []tronsim.Address // of keys
	token tronsim.Address
	usdt  *bindings.TestToken
	stamp int64
	fresh int // recipients that were never paid before
}

func newTronTraffic(b *testing.B) *tronTraffic {
	b.Helper()
	t := &tronTraffic{b: b, usdt: bindings.NewTestToken(), stamp: tronSecond * 1000}
	config := tronsim.Config{
		Clock: func() time.Time { return time.Unix(tronSecond, 0) }, Seed: "bench", Funded: map[tronsim.Address]int64{},
	}
	for i := range tronTransactions {
		key := tronsim.KeyOf("bench", i)
		t.keys, t.at = append(t.keys, key), append(t.at, tronsim.AddressOf(key))
		config.Funded[t.at[i]] = tronRich
	}
	sim, err := tronsim.New(config)
	if err != nil {
		b.Fatal(err)
	}
	t.Sim = sim
	t.mine(1)
	parsed, err := bindings.TestTokenMetaData.ParseABI()
	if err != nil {
		b.Fatal(err)
	}
	arguments, err := parsed.Pack("", t.at[0], big.NewInt(1e18), "Tether USD", "USDT", uint8(6))
	if err != nil {
		b.Fatal(err)
	}
	owner := tronsim.Signer{Sim: sim, Keys: t.keys[:1], Address: t.at[0]}
	if _, t.token, err = owner.Deploy("USDT", append(common.FromHex(bindings.TestTokenMetaData.Bin), arguments...)); err != nil {
		b.Fatal(err)
	}
	t.mine(1)
	var txs []*tronpb.Transaction
	for i := range t.at {
		if err := sim.Stake(t.at[i], tronpb.ResourceCode_ENERGY, tronRich); err != nil {
			b.Fatal(err)
		}
		txs = append(txs, t.call(0, t.usdt.PackTransfer(t.at[i], big.NewInt(1e12))))
	}
	t.include(txs)
	return t
}

func (t *tronTraffic) mine(blocks int) {
	t.b.Helper()
	if err := t.Mine(blocks); err != nil {
		t.b.Fatal(err)
	}
}

// sign makes a transaction of sender n, as a wallet does that knows the chain.
func (t *tronTraffic) sign(n int, kind tronpb.Transaction_Contract_ContractType, what proto.Message) *tronpb.Transaction {
	t.b.Helper()
	built := t.Build(kind, what)
	if !built.GetResult().GetResult() {
		t.b.Fatalf("%s: %s", kind, built.GetResult().GetMessage())
	}
	tx := built.GetTransaction()
	t.stamp++
	tx.RawData.Timestamp, tx.RawData.FeeLimit = t.stamp, tronFeeCap
	tx.RawData.Expiration += tronExpires.Milliseconds()
	if err := tronsim.Sign(tx, t.keys[n]); err != nil {
		t.b.Fatal(err)
	}
	return tx
}

// pay sends TRX.
func (t *tronTraffic) pay(n int, to tronsim.Address) *tronpb.Transaction {
	return t.sign(n, tronpb.Transaction_Contract_TransferContract, &tronpb.TransferContract{
		OwnerAddress: tronsim.Wire(t.at[n]), ToAddress: tronsim.Wire(to), Amount: 1_000_000,
	})
}

// call calls the token.
func (t *tronTraffic) call(n int, data []byte) *tronpb.Transaction {
	return t.sign(n, tronpb.Transaction_Contract_TriggerSmartContract, &tronpb.TriggerSmartContract{
		OwnerAddress: tronsim.Wire(t.at[n]), ContractAddress: tronsim.Wire(t.token), Data: data,
	})
}

// next is the sender whom n pays: one who has TRX and tokens.
func (t *tronTraffic) next(n int) tronsim.Address { return t.at[(n+1)%len(t.at)] }

// stranger is somebody whom nobody has paid yet.
func (t *tronTraffic) stranger() tronsim.Address {
	t.fresh++
	return tronsim.AddressOf(tronsim.KeyOf("stranger", t.fresh))
}

// mainnet is the transactions of a block of the main network. Every third token transfer and
// every tenth payment of TRX goes to somebody new.
func (t *tronTraffic) mainnet() []*tronpb.Transaction {
	t.b.Helper()
	txs := make([]*tronpb.Transaction, 0, tronTransactions)
	for n := range tronTransactions {
		to := t.next(n)
		switch {
		case n < tronTokenTransfers:
			if n%3 == 0 {
				to = t.stranger()
			}
			txs = append(txs, t.call(n, t.usdt.PackTransfer(to, big.NewInt(1e6))))
		case n < tronTokenTransfers+tronCalls:
			txs = append(txs, t.call(n, t.usdt.PackApprove(to, new(big.Int))))
		case n < tronTokenTransfers+tronCalls+tronLent:
			txs = append(txs, t.sign(n, tronpb.Transaction_Contract_DelegateResourceContract, &tronpb.DelegateResourceContract{
				OwnerAddress: tronsim.Wire(t.at[n]), ReceiverAddress: tronsim.Wire(to), Resource: tronpb.ResourceCode_ENERGY, Balance: 1_000_000,
			}))
		default:
			if n%10 == 0 {
				to = t.stranger()
			}
			txs = append(txs, t.pay(n, to))
		}
	}
	return txs
}

// include broadcasts transactions and puts all of them into one block.
func (t *tronTraffic) include(txs []*tronpb.Transaction) {
	t.b.Helper()
	for _, tx := range txs {
		if said := t.Broadcast(tx); !said.GetResult() {
			t.b.Fatalf("%s: %s", said.GetCode(), said.GetMessage())
		}
	}
	t.mine(1)
}

// succeeded looks at some of the transactions that the last block should hold.
func (t *tronTraffic) succeeded(txs []*tronpb.Transaction) {
	t.b.Helper()
	const apart = 45 // so that there is one at least of each kind
	for i := 0; i < len(txs); i += apart {
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(txs[i].GetRawData())
		if err != nil {
			t.b.Fatal(err)
		}
		info := t.Info(sha256.Sum256(raw))
		if info.GetBlockNumber() != int64(t.Head().Height) || info.GetResult() == tronpb.TransactionInfo_FAILED { // #nosec G115 -- small
			t.b.Fatalf("transaction %d of block %d: %v", i, t.Head().Height, info)
		}
	}
}

// BenchmarkTronsimTransactions measures how many transactions the development node takes in a
// second: each is checked, its signature too, and executed twice, when it comes in and in its
// block. Blocks are as full as the main network's; wallets' own work is not counted.
func BenchmarkTronsimTransactions(b *testing.B) {
	for _, c := range []struct {
		name string
		make func(t *tronTraffic, n int) *tronpb.Transaction
	}{
		{"TRX", func(t *tronTraffic, n int) *tronpb.Transaction { return t.pay(n, t.next(n)) }},
		{"TRC20", func(t *tronTraffic, n int) *tronpb.Transaction {
			return t.call(n, t.usdt.PackTransfer(t.next(n), big.NewInt(1e6)))
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			t := newTronTraffic(b)
			done := 0
			b.ResetTimer()
			for done < b.N {
				b.StopTimer()
				var txs []*tronpb.Transaction
				for n := range t.keys {
					txs = append(txs, c.make(t, n))
				}
				b.StartTimer()
				t.include(txs)
				done += len(txs)
				b.StopTimer()
				t.succeeded(txs)
				b.StartTimer()
			}
			b.StopTimer()
			b.ReportMetric(float64(done)/b.Elapsed().Seconds(), "transactions/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// tronBlocks is how many blocks the development node makes before its memory is measured: three
// and a half days of the main network's.
const tronBlocks = 100_000

// BenchmarkTronsimMemory measures what the development node holds in memory after so many blocks:
// empty ones, and with a block as full as the main network's now and then.
func BenchmarkTronsimMemory(b *testing.B) {
	for _, full := range []int{0, 200} {
		b.Run(fmt.Sprintf("%d-full", full), func(b *testing.B) {
			for b.Loop() {
				heap := heapBytes()
				t := newTronTraffic(b)
				for t.Head().Height < tronBlocks {
					if full > 0 && t.Head().Height%uint64(tronBlocks/full) == 0 { // #nosec G115 -- positive
						txs := t.mainnet()
						t.include(txs)
						t.succeeded(txs)
						continue
					}
					t.mine(1)
				}
				b.ReportMetric(float64(heapBytes()-heap)/(1<<20), "heap-MiB")
				b.ReportMetric(float64(t.Head().Height)/b.Elapsed().Seconds(), "blocks/s")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

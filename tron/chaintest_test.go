package tron_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

const (
	payers    = 64            // each pays once, so that a payment can be made impossible
	funded    = 1_000_000_000 // sun
	solidLag  = 6             // deeper than chaintest reorganises
	simSecond = 1_800_000_000
)

// simulated is a TRON node to develop with, and how a test pays on it.
type simulated struct {
	*tronsim.Sim
	host   string
	paid   []coffer.Hash
	payers map[coffer.Hash]tronsim.Address
}

func simClock() time.Time { return time.Unix(simSecond, 0) }

func newSimulated(t *testing.T) *simulated {
	t.Helper()
	s := &simulated{payers: map[coffer.Hash]tronsim.Address{}}
	config := tronsim.Config{Clock: simClock, Seed: t.Name(), SolidLag: solidLag, Funded: map[tronsim.Address]int64{}}
	for n := range payers {
		config.Funded[tronsim.AddressOf(tronsim.KeyOf("payer", n))] = funded
	}
	var err error
	if s.Sim, err = tronsim.New(config); err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tronsim.Serve(ctx, s.Sim, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	s.host = listener.Addr().String()
	if err := s.Sim.Mine(1); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *simulated) config(urls ...string) tron.Config {
	config := tron.Config{Chain: s.ChainID(), Clock: simClock}
	for _, url := range urls {
		config.Nodes = append(config.Nodes, tron.Node{URL: url})
	}
	return config
}

// pay sends TRX from somebody who pays nothing else.
func (s *simulated) pay(t *testing.T, to coffer.Address, amount uint64) chaintest.Paid {
	t.Helper()
	n := len(s.paid)
	if n == payers {
		t.Fatal("nobody is left to pay")
	}
	key := tronsim.KeyOf("payer", n)
	receiver := mustAddress(t, string(to))
	from := tronsim.AddressOf(key)
	built := s.Build(tronpb.Transaction_Contract_TransferContract, &tronpb.TransferContract{
		OwnerAddress: tronsim.Wire(from), ToAddress: receiver.Bytes(), Amount: int64(amount),
	})
	if !built.GetResult().GetResult() {
		t.Fatal(built.GetResult())
	}
	tx := built.GetTransaction()
	tx.RawData.Expiration = simClock().Add(20 * time.Hour).UnixMilli()
	if err := tronsim.Sign(tx, key); err != nil {
		t.Fatal(err)
	}
	id := idOf(t, tx)
	s.paid = append(s.paid, id)
	s.payers[id] = from
	paid := chaintest.Paid{Tx: id, Raw: encode(t, tx)}
	s.broadcast(t, paid)
	return paid
}

func (s *simulated) broadcast(t *testing.T, p chaintest.Paid) {
	t.Helper()
	client := dial(t, s.config("grpc://"+s.host))
	if err := client.Broadcast(t.Context(), p.Raw); err != nil && tron.Classify(err) != tron.Verify {
		t.Fatal(err)
	}
}

func (s *simulated) mine(t *testing.T, n int) {
	t.Helper()
	if err := s.Mine(n); err != nil {
		t.Fatal(err)
	}
}

// reorg makes empty blocks: what was paid is forgotten, until it is broadcast again.
func (s *simulated) reorg(t *testing.T, depth, grow int) {
	t.Helper()
	if depth == 0 {
		s.mine(t, grow)
		return
	}
	if err := s.Reorg(tronsim.Reorganisation{Undo: depth, Make: grow, Forget: s.paid}); err != nil {
		t.Fatal(err)
	}
}

// tampered stands between a test and the node: it passes on every call, and lets alter change
// the answer.
func (s *simulated) tampered(t *testing.T, alter func(method string, request, answer []byte) ([]byte, error)) string {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+s.host, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return serve(t, func(ctx context.Context, method string, request []byte) ([]byte, error) {
		var answer []byte
		if err := conn.Invoke(ctx, "/protocol."+method, &request, &answer, grpc.ForceCodecV2(rawCodec{})); err != nil {
			return nil, err
		}
		return alter(method, request, answer)
	})
}

var receivers atomic.Uint32

func newReceiver(*testing.T) coffer.Address {
	return tron.AddressOf(tron.AddressOfKey(tronsim.KeyOf("receiver", int(receivers.Add(1))).PublicKey))
}

func TestTRONIsAChain(t *testing.T) {
	s := newSimulated(t)
	// Two nodes, so that they have to agree: here one at two doors.
	twice := s.tampered(t, func(_ string, _, answer []byte) ([]byte, error) { return answer, nil })
	source := tron.NewSource(dial(t, s.config("grpc://"+s.host, "grpc://"+twice)))
	chaintest.Run(t, chaintest.Harness{
		Source:     source,
		Asset:      tron.Native(s.ChainID()),
		NewAddress: newReceiver,
		Pay:        s.pay,
		Broadcast:  s.broadcast,
		Replace: func(t *testing.T, p chaintest.Paid) { // whoever pays has nothing left when the block is made
			t.Helper()
			s.SetBalance(s.payers[p.Tx], 0)
		},
		Mine:  s.mine,
		Reorg: s.reorg,
		Lying: func(t *testing.T, lie chaintest.Lie, block, other coffer.Block) (coffer.Source, func() int) {
			var lies atomic.Int64
			host := s.tampered(t, func(method string, request, answer []byte) ([]byte, error) {
				var asked tronpb.BytesMessage
				if method != "Wallet/GetBlockById" {
					return answer, nil
				}
				if err := proto.Unmarshal(request, &asked); err != nil || !slices.Equal(asked.Value, block.Hash[:]) {
					return answer, err
				}
				lies.Add(1)
				return lieAbout(t, lie, block, other), nil
			})
			return tron.NewSource(dial(t, s.config("grpc://"+host))), func() int { return int(lies.Load()) }
		},
	})
}

// lieAbout are the bytes that a lying node gives for a block.
func lieAbout(t *testing.T, lie chaintest.Lie, block, other coffer.Block) []byte {
	raw := rawOf(t, block)
	var told tronpb.Block
	if err := proto.Unmarshal(raw, &told); err != nil {
		t.Fatal(err)
	}
	switch lie {
	case chaintest.LieOtherBlock:
		return rawOf(t, other)
	case chaintest.LieTransaction:
		told.Transactions[0].RawData.Contract[0].Parameter.Value[10] ^= 1
	case chaintest.LieParent:
		told.BlockHeader.RawData.ParentHash = other.Parent[:]
	case chaintest.LieTruncated:
		return raw[:len(raw)/2]
	}
	return encode(t, &told)
}

// rawOf is the block that a node gave, out of what is kept.
func rawOf(t *testing.T, block coffer.Block) []byte {
	t.Helper()
	var kept struct {
		Block []byte `json:"block"`
	}
	if err := json.Unmarshal(block.Raw, &kept); err != nil {
		t.Fatal(err)
	}
	return kept.Block
}

// An indexer follows nodes of which one is wrong in every way that a node is wrong.
func TestAnIndexerFollowsPastABrokenNode(t *testing.T) {
	s := newSimulated(t)
	start := s.Head().Height
	var calls atomic.Int64
	bad := s.tampered(t, func(method string, _, answer []byte) ([]byte, error) {
		switch n := calls.Add(1); {
		case n%3 == 1 || n < 10:
			return answer, nil
		case n%3 == 2:
			return nil, nil
		default:
			return answer[:len(answer)/2], nil
		}
	})
	good := func() string {
		return s.tampered(t, func(_ string, _, answer []byte) ([]byte, error) { return answer, nil })
	}
	source := tron.NewSource(dial(t, s.config("grpc://"+bad, "grpc://"+good(), "grpc://"+good())))
	var want []string
	for n := range 12 {
		to := newReceiver(t)
		s.pay(t, to, uint64(1000+n))
		s.mine(t, 1)
		want = append(want, fmt.Sprint(to, " ", 1000+n))
	}
	var got []string
	for _, block := range chaintest.Said(t, source, start) {
		for _, transfer := range block.Transfers {
			got = append(got, string(transfer.To)+" "+transfer.Amount.String())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("said %v, want %v", got, want)
	}
}

func TestAccountsAndPricesOfANode(t *testing.T) {
	s := newSimulated(t)
	client := dial(t, s.config("grpc://"+s.host))
	payer := tron.Address(tronsim.AddressOf(tronsim.KeyOf("payer", 0)))
	account, err := client.Account(t.Context(), payer)
	if err != nil || account.GetBalance() != funded {
		t.Errorf("account %v, %v", account, err)
	}
	if _, err := client.Account(t.Context(), mustAddress(t, string(newReceiver(t)))); tron.Classify(err) != tron.NotFound {
		t.Errorf("an account that is none: %v", err)
	}
	if resources, err := client.Resources(t.Context(), payer); err != nil || resources.GetFreeNetLimit() != 600 {
		t.Errorf("resources %v, %v", resources, err)
	}
	p, err := client.Parameters(t.Context())
	want := s.Parameters()
	if err != nil || p.EnergyPrice != 100 || p.BandwidthPrice != 1000 || p.MultiSign != 1_000_000 || p.PermissionUpdate != 100_000_000 {
		t.Errorf("parameters %+v, %v; the node has %+v", p, err, want)
	}
	paid := s.pay(t, newReceiver(t), 1_000)
	if has, err := client.HasTransaction(t.Context(), paid.Tx); err != nil || has {
		t.Errorf("before any block: %t, %v", has, err)
	}
	s.mine(t, 1)
	receipt, err := client.HeadReceipt(t.Context(), paid.Tx)
	if err != nil || !receipt.Success || receipt.Fee != 1_100_000 || receipt.Block.Height != s.Head().Height {
		t.Errorf("receipt %+v, %v; it made an account", receipt, err)
	}
	if has, err := client.HasTransaction(t.Context(), paid.Tx); err != nil || has {
		t.Errorf("in a block that is not solidified: %t, %v", has, err)
	}
	s.mine(t, solidLag)
	if has, err := client.HasTransaction(t.Context(), paid.Tx); err != nil || !has {
		t.Errorf("in a solidified block: %t, %v", has, err)
	}
	if next, err := client.Maintenance(t.Context()); err != nil || !next.After(simClock().Add(-24*time.Hour)) {
		t.Errorf("next maintenance %s, %v", next, err)
	}
}

func TestPricesBeyondBeliefAreRefused(t *testing.T) {
	honest := func() *tronpb.ChainParameters {
		var list tronpb.ChainParameters
		for _, p := range []struct {
			key   string
			value int64
		}{
			{"getEnergyFee", 100}, {"getTransactionFee", 1000}, {"getCreateAccountFee", 100_000}, {"getCreateNewAccountFeeInSystemContract", 1_000_000},
			{"getMultiSignFee", 1_000_000}, {"getMemoFee", 1_000_000}, {"getUpdateAccountPermissionFee", 100_000_000}, {"getMaxFeeLimit", 15_000_000_000},
		} {
			list.ChainParameter = append(list.ChainParameter, &tronpb.ChainParameters_ChainParameter{Key: p.key, Value: p.value})
		}
		return &list
	}
	c := newTestChain(t)
	said := honest()
	node := tron.Node{URL: "grpc://" + serve(t, func(ctx context.Context, method string, request []byte) ([]byte, error) {
		if method == "Wallet/GetChainParameters" {
			return encode(t, said), nil
		}
		return c.answer(ctx, method, request)
	})}
	client := func() *tron.Client { return dial(t, tron.Config{Chain: c.id(), Nodes: []tron.Node{node}}) }
	if p, err := client().Parameters(t.Context()); err != nil || p.EnergyPrice != 100 || p.MaxFeeLimit != 15_000_000_000 {
		t.Fatalf("%+v, %v", p, err)
	}
	for n := range said.ChainParameter {
		for _, bad := range []int64{-1, 1 << 50} {
			said = honest()
			said.ChainParameter[n].Value = bad
			if p, err := client().Parameters(t.Context()); err == nil {
				t.Errorf("%s %s: %+v", said.ChainParameter[n].Key, strconv.FormatInt(bad, 10), p)
			}
		}
		said = honest()
		said.ChainParameter = slices.Delete(said.ChainParameter, n, n+1)
		if p, err := client().Parameters(t.Context()); err == nil {
			t.Errorf("parameter %d missing: %+v", n, p)
		}
	}
	said = honest()
	said.ChainParameter = append(said.ChainParameter, said.ChainParameter[0])
	if p, err := client().Parameters(t.Context()); err == nil {
		t.Errorf("one stands twice: %+v", p)
	}
}

package tron_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

var (
	alice, bob, carol = keyAddress(1), keyAddress(2), keyAddress(3)
	token, batcher    = tron.Address{0xa6, 0x14}, tron.Address{0xbb}
)

// source reads a chain through nodes that say the same.
func (c *testChain) source(t testing.TB, edit func(*tron.Config)) *tron.Source {
	config := tron.Config{Chain: c.id(), Nodes: []tron.Node{c.node(t), c.node(t)}}
	if edit != nil {
		edit(&config)
	}
	return tron.NewSource(dial(t, config))
}

func TestABlockSaysWhatMoved(t *testing.T) {
	c := newTestChain(t)
	chain := c.id()
	usdt := tron.TokenAsset(chain, token)
	batch := callContract(t, alice, batcher, // a stranger's contract calls the token's
		&tronpb.TransactionInfo_Log{Address: batcher[:], Topics: [][]byte{make([]byte, 32)}},
		transferLog(token, batcher, bob, 7), transferLog(token, batcher, carol, 8))
	zero := callContract(t, alice, token, transferLog(token, alice, bob, 0))
	nft := callContract(t, alice, token, func() *tronpb.TransactionInfo_Log {
		log := transferLog(token, alice, bob, 1)
		log.Topics, log.Data = append(log.Topics, make([]byte, 32)), nil
		return log
	}())
	odd := callContract(t, alice, token, func() *tronpb.TransactionInfo_Log {
		log := transferLog(token, alice, bob, 1)
		log.Topics[2][11] = 0x41
		return log
	}())
	reverted := fail(callContract(t, alice, token, transferLog(token, alice, bob, 9)), tronpb.Transaction_Result_REVERT)
	burned := fail(callContract(t, alice, token), tronpb.Transaction_Result_OUT_OF_ENERGY)
	burned.info.ResMessage = []byte("Not enough energy for 'SSTORE'")
	trx := payTRX(t, alice, bob, 1_500_000)
	failedTRX := fail(payTRX(t, alice, bob, 1), tronpb.Transaction_Result_UNKNOWN)
	failedTRX.info.Receipt.Result = tronpb.Transaction_Result_DEFAULT
	failedTRX.info.ResMessage = []byte("pretends OUT_OF_ENERGY")
	funded := makeTx(t, tronpb.Transaction_Contract_TriggerSmartContract, &tronpb.TriggerSmartContract{OwnerAddress: alice.Bytes(), ContractAddress: batcher.Bytes(), CallValue: 42})
	funded.info.Receipt.Result = tronpb.Transaction_Result_SUCCESS
	funded.info.InternalTransactions = []*tronpb.InternalTransaction{
		{Note: []byte("call"), CallerAddress: batcher.Bytes(), TransferToAddress: bob.Bytes(), CallValueInfo: []*tronpb.InternalTransaction_CallValueInfo{{CallValue: 40}, {CallValue: 3, TokenId: "1000959"}}},
		{Note: []byte("call"), CallerAddress: batcher.Bytes(), TransferToAddress: carol.Bytes(), CallValueInfo: []*tronpb.InternalTransaction_CallValueInfo{{CallValue: 2}}, Rejected: true},
		{Note: []byte("call"), CallerAddress: batcher.Bytes(), TransferToAddress: token.Bytes(), CallValueInfo: []*tronpb.InternalTransaction_CallValueInfo{{}}},
		{Note: []byte("call"), CallerAddress: batcher.Bytes(), TransferToAddress: carol.Bytes(), CallValueInfo: []*tronpb.InternalTransaction_CallValueInfo{{CallValue: 1}}},
		{Note: []byte("delegateResourceOfEnergy"), CallerAddress: batcher.Bytes(), TransferToAddress: bob.Bytes(), CallValueInfo: []*tronpb.InternalTransaction_CallValueInfo{{CallValue: 5_000_000}}}, // stake that is lent
	}
	trc10 := makeTx(t, tronpb.Transaction_Contract_TransferAssetContract, &tronpb.TransferAssetContract{AssetName: []byte("1000959"), OwnerAddress: alice.Bytes(), ToAddress: bob.Bytes(), Amount: 4})
	named := makeTx(t, tronpb.Transaction_Contract_TransferAssetContract, &tronpb.TransferAssetContract{AssetName: []byte("USDT"), OwnerAddress: alice.Bytes(), ToAddress: bob.Bytes(), Amount: 4})
	unread := makeTx(t, tronpb.Transaction_Contract_ProposalApproveContract, &tronpb.WithdrawBalanceContract{})
	all := []paidTx{batch, zero, nft, odd, reverted, burned, trx, failedTRX, funded, trc10, named, unread}
	block := c.mine(t, all...)

	got, err := c.source(t, nil).Block(t.Context(), block.id())
	if err != nil {
		t.Fatal(err)
	}
	type moved struct {
		tx       paidTx
		ref      string
		asset    coffer.AssetID
		from, to tron.Address
		amount   uint64
	}
	check := func(t *testing.T, got coffer.Block, want []moved) {
		t.Helper()
		if len(got.Transfers) != len(want) {
			t.Fatalf("%d transfers, want %d: %+v", len(got.Transfers), len(want), got.Transfers)
		}
		for i, w := range want {
			transfer := coffer.Transfer{
				Asset: w.asset, Tx: idOf(t, w.tx.tx), Ref: w.ref, From: tron.AddressOf(w.from), To: tron.AddressOf(w.to), Amount: coffer.NewAmount(w.amount),
			}
			if got.Transfers[i] != transfer {
				t.Errorf("transfer %d is %+v, want %+v", i, got.Transfers[i], transfer)
			}
		}
	}
	want := []moved{
		{batch, "log:1", usdt, batcher, bob, 7}, {batch, "log:2", usdt, batcher, carol, 8},
		{zero, "log:0", usdt, alice, bob, 0},
		{trx, "contract:0", tron.Native(chain), alice, bob, 1_500_000},
		{funded, "contract:0", tron.Native(chain), alice, batcher, 42},
		{trc10, "contract:0", coffer.NewAssetID(chain, "trc10", "1000959"), alice, bob, 4},
	}
	check(t, got, want)
	if got.Header != (coffer.Header{BlockRef: coffer.BlockRef{Height: 1, Hash: block.id()}, Parent: c.blocks[0].id(), Time: testStart.Add(3e9).UTC()}) || len(got.Raw) == 0 {
		t.Errorf("header %+v, %d raw bytes", got.Header, len(got.Raw))
	}

	if len(got.Outcomes) != len(all)-1 { // all but the one of a kind that is not read
		t.Fatalf("%d outcomes of %d transactions", len(got.Outcomes), len(all))
	}
	for i, outcome := range got.Outcomes {
		id := idOf(t, all[i].tx)
		stamp := uint64(all[i].tx.RawData.Timestamp)
		if outcome.ID != id || outcome.Tx != id || outcome.Sender != tron.AddressOf(alice) || outcome.Fee != coffer.NewAmount(1_100_000) ||
			outcome.Slot.Kind != coffer.SlotTimestamp || outcome.Slot.Sequence != stamp/1000 {
			t.Errorf("outcome %d: %+v", i, outcome)
		}
	}
	for i, want := range map[int]coffer.Outcome{
		0: {Success: true, EndLog: 3},
		4: {Reason: "REVERT: REVERT opcode executed (energy 64285)"},
		5: {Reason: "OUT_OF_ENERGY: Not enough energy for 'SSTORE' (energy 64285)"},
		6: {Success: true},
		7: {Reason: "UNKNOWN: pretends out of energy (energy 0)"},
	} {
		if o := got.Outcomes[i]; o.Success != want.Success || o.EndLog != want.EndLog || o.Reason != want.Reason {
			t.Errorf("outcome %d: %+v, want %+v", i, o, want)
		}
	}

	// With nodes that keep what contracts pay.
	got, err = c.source(t, func(c *tron.Config) { c.InternalTransfers = true }).Block(t.Context(), block.id())
	if err != nil {
		t.Fatal(err)
	}
	with := append(append([]moved{}, want[:5]...), moved{funded, "internal:0", tron.Native(chain), batcher, bob, 40}, moved{funded, "internal:3", tron.Native(chain), batcher, carol, 1}, want[5])
	check(t, got, with)
}

func TestBlocksOfEverySizeHaveTheirRoot(t *testing.T) {
	c := newTestChain(t)
	source := c.source(t, nil)
	for n := range 9 {
		var paid []paidTx
		for range n {
			paid = append(paid, payTRX(t, alice, bob, 1))
		}
		block := c.mine(t, paid...)
		if got, err := source.Block(t.Context(), block.id()); err != nil || len(got.Transfers) != n {
			t.Errorf("%d transactions: %d transfers, %v", n, len(got.Transfers), err)
		}
	}
	bare := c.mine(t)
	bare.header.RawData.TxTrieRoot = nil
	if _, err := source.Block(t.Context(), bare.id()); err != nil {
		t.Errorf("no transactions and no root: %v", err)
	}
}

func TestALieAboutABlockIsRefused(t *testing.T) {
	for name, lie := range map[string]func(t *testing.T, c *testChain, b *madeBlock){
		"another block":       func(_ *testing.T, c *testChain, b *madeBlock) { *b = *c.blocks[2] },
		"another number":      func(_ *testing.T, _ *testChain, b *madeBlock) { b.header.RawData.Number++ },
		"another parent":      func(_ *testing.T, _ *testChain, b *madeBlock) { b.header.RawData.ParentHash[20] ^= 1 },
		"a short parent":      func(_ *testing.T, _ *testChain, b *madeBlock) { b.header.RawData.ParentHash = []byte{1} },
		"no header":           func(_ *testing.T, _ *testChain, b *madeBlock) { b.header = nil },
		"an empty header":     func(_ *testing.T, _ *testChain, b *madeBlock) { b.header = &tronpb.BlockHeader{} },
		"one less":            func(_ *testing.T, _ *testChain, b *madeBlock) { b.txs = b.txs[1:] },
		"one twice":           func(_ *testing.T, _ *testChain, b *madeBlock) { b.txs = append(b.txs, b.txs[0]) },
		"another order":       func(_ *testing.T, _ *testChain, b *madeBlock) { b.txs[0], b.txs[1] = b.txs[1], b.txs[0] },
		"another amount":      func(t *testing.T, _ *testChain, b *madeBlock) { b.txs[1] = payTRX(t, alice, bob, 1_000_000).tx },
		"another result":      func(_ *testing.T, _ *testChain, b *madeBlock) { b.txs[2].Ret[0].ContractRet = 1 },
		"another signature":   func(_ *testing.T, _ *testChain, b *madeBlock) { b.txs[0].Signature[0] = []byte{1} },
		"no infos":            func(_ *testing.T, _ *testChain, b *madeBlock) { b.infos = nil },
		"infos of another":    func(_ *testing.T, c *testChain, b *madeBlock) { b.infos = c.blocks[2].infos },
		"one info less":       func(_ *testing.T, _ *testChain, b *madeBlock) { b.infos = b.infos[1:] },
		"one info twice":      func(_ *testing.T, _ *testChain, b *madeBlock) { b.infos[0] = b.infos[1] },
		"an info more":        func(_ *testing.T, _ *testChain, b *madeBlock) { b.infos = append(b.infos, b.infos[0]) },
		"info of no id":       func(_ *testing.T, _ *testChain, b *madeBlock) { b.infos[0].Id = nil },
		"info of a long id":   func(_ *testing.T, _ *testChain, b *madeBlock) { b.infos[0].Id = append(b.infos[0].Id, 0) },
		"info of a height":    func(_ *testing.T, _ *testChain, b *madeBlock) { b.infos[0].BlockNumber-- },
		"info of a time":      func(_ *testing.T, _ *testChain, b *madeBlock) { b.infos[0].BlockTimeStamp++ },
		"a negative fee":      func(_ *testing.T, _ *testChain, b *madeBlock) { b.infos[0].Fee = -1 },
		"negative energy":     func(_ *testing.T, _ *testChain, b *madeBlock) { b.infos[0].Receipt.EnergyUsageTotal = -1 },
		"a result of nothing": func(_ *testing.T, _ *testChain, b *madeBlock) { b.infos[0].Receipt.Result = 99 },
		"success of a revert": func(_ *testing.T, _ *testChain, b *madeBlock) {
			b.infos[2].Receipt.Result, b.infos[2].Result = tronpb.Transaction_Result_SUCCESS, 0
		},
		"failure of a success": func(_ *testing.T, _ *testChain, b *madeBlock) {
			b.infos[0].Receipt.Result, b.infos[0].Result = 0, tronpb.TransactionInfo_FAILED
		},
		"a long address": func(_ *testing.T, _ *testChain, b *madeBlock) {
			b.infos[0].Log[0].Address = append([]byte{0x41}, b.infos[0].Log[0].Address...)
		},
		"a short topic":   func(_ *testing.T, _ *testChain, b *madeBlock) { b.infos[0].Log[0].Topics[1] = []byte{1} },
		"too many topics": func(_ *testing.T, _ *testChain, b *madeBlock) { b.infos[0].Log[0].Topics = make([][]byte, 5) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newTestChain(t)
			honest := func() []paidTx {
				return []paidTx{
					callContract(t, alice, token, transferLog(token, alice, bob, 7)), payTRX(t, alice, bob, 5),
					fail(callContract(t, alice, token), tronpb.Transaction_Result_REVERT),
				}
			}
			block := c.mine(t, honest()...)
			c.mine(t, honest()...)
			id := block.id()
			source := c.source(t, nil)
			if _, err := source.Block(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			spoilt := cloneBlock(t, block)
			lie(t, c, spoilt)
			c.set(func(method string, _, answer []byte) ([]byte, error) {
				switch method {
				case "Wallet/GetBlockById":
					return encode(t, &tronpb.Block{Transactions: spoilt.txs, BlockHeader: spoilt.header}), nil
				case "Wallet/GetTransactionInfoByBlockNum":
					return encode(t, &tronpb.TransactionInfoList{TransactionInfo: spoilt.infos}), nil
				}
				return answer, nil
			})
			if got, err := source.Block(t.Context(), id); err == nil || errors.Is(err, coffer.ErrNotFound) {
				t.Errorf("%+v, %v; want that it is refused", got, err)
			}
			c.set(nil)
		})
	}
}

func cloneBlock(t testing.TB, b *madeBlock) *madeBlock {
	t.Helper()
	block := &tronpb.Block{Transactions: b.txs, BlockHeader: b.header}
	infos := &tronpb.TransactionInfoList{TransactionInfo: b.infos}
	copied, ok := proto.Clone(block).(*tronpb.Block)
	copiedInfos, okToo := proto.Clone(infos).(*tronpb.TransactionInfoList)
	if !ok || !okToo {
		t.Fatal("no clone")
	}
	return &madeBlock{header: copied.BlockHeader, txs: copied.Transactions, infos: copiedInfos.TransactionInfo}
}

// Decoders merge what stands twice: who hashes the first and reads the last is told two things.
func TestAFieldThatStandsTwiceIsRefused(t *testing.T) {
	c := newTestChain(t)
	block := c.mine(t, payTRX(t, alice, bob, 5))
	source := c.source(t, nil)
	honest := block.bytes(t)
	second := encode(t, &tronpb.Block{BlockHeader: &tronpb.BlockHeader{RawData: &tronpb.BlockHeaderRaw{Timestamp: 5}}})
	inside := encode(t, &tronpb.BlockHeader{RawData: &tronpb.BlockHeaderRaw{Timestamp: 5}})
	for name, raw := range map[string][]byte{
		"header":       append(bytes.Clone(honest), second...),
		"broken":       honest[:len(honest)-1],
		"header's raw": append(encode(t, &tronpb.Block{Transactions: block.txs}), append([]byte{0x12, byte(len(inside) * 2)}, append(inside, inside...)...)...),
	} {
		c.set(func(method string, _, answer []byte) ([]byte, error) {
			if method == "Wallet/GetBlockById" {
				return raw, nil
			}
			return answer, nil
		})
		if got, err := source.Block(t.Context(), block.id()); !errors.Is(err, tron.ErrNotProven) && !errors.Is(err, tron.ErrNoNode) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestNodesMustAgreeOnWhatBecameOfTransactions(t *testing.T) {
	honest := newTestChain(t)
	failed := fail(callContract(t, carol, token), tronpb.Transaction_Result_REVERT)
	failed.info.ResMessage = []byte("REVERT opcode executed")
	block := honest.mine(t, callContract(t, alice, token, transferLog(token, alice, bob, 7)), failed)
	newer := newTestChain(t) // another version of a node
	reworded := cloneBlock(t, block)
	reworded.infos[1].ResMessage = []byte("the call was reverted")
	newer.blocks = []*madeBlock{honest.blocks[0], reworded}
	liar := newTestChain(t)
	spoilt := cloneBlock(t, block)
	spoilt.infos[0].Log[0].Data[31] = 200
	liar.blocks = []*madeBlock{honest.blocks[0], spoilt}
	late := newTestChain(t)
	late.blocks = honest.blocks[:1:1]
	nodes := func(chains ...*testChain) (list []tron.Node) {
		for _, c := range chains {
			list = append(list, c.node(t))
		}
		return list
	}
	for name, test := range map[string]struct {
		nodes []tron.Node
		agree int
		want  error
	}{
		"one, alone":              {nodes(honest), 0, nil},
		"two say the same":        {nodes(honest, honest), 0, nil},
		"in other words":          {nodes(honest, newer), 0, nil},
		"two disagree":            {nodes(liar, honest), 0, tron.ErrDisagree},
		"two of three agree":      {nodes(honest, liar, honest), 0, nil},
		"the liar is first":       {nodes(liar, honest, honest), 0, nil},
		"three of three wanted":   {nodes(honest, liar, honest), 3, tron.ErrDisagree},
		"one has it not yet":      {nodes(honest, late), 0, coffer.ErrNotFound},
		"one is enough":           {nodes(honest, late), 1, nil},
		"two of three, one later": {nodes(late, honest, honest), 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			source := tron.NewSource(dial(t, tron.Config{Chain: honest.id(), Nodes: test.nodes, Agree: test.agree}))
			got, err := source.Block(t.Context(), block.id())
			if test.want != nil {
				if !errors.Is(err, test.want) {
					t.Errorf("%+v, %v; want %v", got, err, test.want)
				}
				return
			}
			if err != nil || len(got.Transfers) != 1 || got.Transfers[0].Amount != coffer.NewAmount(7) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestABlockThatTheChainLeftIsNotFound(t *testing.T) {
	c := newTestChain(t)
	old := c.mine(t, payTRX(t, alice, bob, 5))
	c.blocks = c.blocks[:1]
	c.mine(t, payTRX(t, alice, bob, 6)).header.RawData.WitnessAddress = bob.Bytes()
	source := c.source(t, nil)
	if got, err := source.Block(t.Context(), old.id()); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("%+v, %v; want ErrNotFound", got, err)
	}
	// A node that still has it has only the other's infos.
	c.set(func(method string, _, answer []byte) ([]byte, error) {
		if method == "Wallet/GetBlockById" {
			return old.bytes(t), nil
		}
		return answer, nil
	})
	if got, err := source.Block(t.Context(), old.id()); !errors.Is(err, coffer.ErrNotFound) {
		t.Errorf("%+v, %v; want ErrNotFound", got, err)
	}
}

func TestAChangeOfPermissionsIsTold(t *testing.T) {
	c := newTestChain(t)
	update := func() paidTx {
		return makeTx(t, tronpb.Transaction_Contract_AccountPermissionUpdateContract, &tronpb.AccountPermissionUpdateContract{
			OwnerAddress: alice.Bytes(), Owner: &tronpb.Permission{Threshold: 1, Keys: []*tronpb.Key{{Address: carol.Bytes(), Weight: 1}}},
		})
	}
	done, failed := update(), fail(update(), tronpb.Transaction_Result_UNKNOWN)
	failed.info.Receipt.Result = tronpb.Transaction_Result_DEFAULT
	block := c.mine(t, payTRX(t, alice, bob, 5), failed, done)
	var told []tron.PermissionUpdate
	source := c.source(t, func(c *tron.Config) { c.Watch = func(u tron.PermissionUpdate) { told = append(told, u) } })
	if _, err := source.Block(t.Context(), block.id()); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0].Account != tron.AddressOf(alice) || told[0].Tx != idOf(t, done.tx) || told[0].Block.Hash != block.id() ||
		told[0].Chain != c.id() || len(told[0].Owners) != 1 || told[0].Owners[0] != tron.AddressOf(carol) {
		t.Errorf("told %+v", told)
	}
}

func TestHeadersProveThemselves(t *testing.T) {
	c := newTestChain(t)
	c.mine(t)
	second := c.mine(t)
	source := c.source(t, nil)
	if header, err := source.Header(t.Context(), 2); err != nil || header.Hash != second.id() || header.Parent != c.blocks[1].id() {
		t.Fatalf("%+v, %v", header, err)
	}
	for name, lie := range map[string]func(said *tronpb.BlockExtention){
		"another height": func(said *tronpb.BlockExtention) { said.BlockHeader, said.Blockid = c.blocks[1].header, nil },
		"another id":     func(said *tronpb.BlockExtention) { said.Blockid[31] ^= 1 },
		"a short id":     func(said *tronpb.BlockExtention) { said.Blockid = said.Blockid[:31] },
		"a changed time": func(said *tronpb.BlockExtention) { said.BlockHeader.RawData.Timestamp++ },
		"a negative one": func(said *tronpb.BlockExtention) { said.BlockHeader.RawData.Number, said.Blockid = -2, nil },
		"a large header": func(said *tronpb.BlockExtention) {
			said.BlockHeader.RawData.AccountStateRoot, said.Blockid = make([]byte, 5000), nil
		},
	} {
		c.set(func(method string, request, answer []byte) ([]byte, error) {
			var req tronpb.BlockReq
			if err := proto.Unmarshal(request, &req); err != nil || req.IdOrNum != "2" {
				return answer, err
			}
			var said tronpb.BlockExtention
			if err := proto.Unmarshal(answer, &said); err != nil {
				return nil, err
			}
			lie(&said)
			return encode(t, &said), nil
		})
		if header, err := source.Header(t.Context(), 2); err == nil || !strings.Contains(err.Error(), tron.ErrNotProven.Error()) {
			t.Errorf("%s: %+v, %v", name, header, err)
		}
	}
}

package tron

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// FuzzReadBlock holds what is read of a stranger's bytes to its bounds: it ends without a panic,
// and a block that is believed has the id that was asked for.
func FuzzReadBlock(f *testing.F) {
	encode := func(m proto.Message) []byte {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		return raw
	}
	tx := &tronpb.Transaction{
		RawData: &tronpb.TransactionRaw{Timestamp: 1, Contract: []*tronpb.Transaction_Contract{{Type: tronpb.Transaction_Contract_TransferContract}}},
		Ret:     []*tronpb.Transaction_Result{{ContractRet: tronpb.Transaction_Result_SUCCESS}},
	}
	root := merkleRoot([][]byte{encode(tx)})
	header := &tronpb.BlockHeader{RawData: &tronpb.BlockHeaderRaw{Timestamp: 3000, ParentHash: make([]byte, 32), Number: 1, TxTrieRoot: root[:]}}
	f.Add(encode(&tronpb.Block{Transactions: []*tronpb.Transaction{tx}, BlockHeader: header}), encode(&tronpb.TransactionInfoList{
		TransactionInfo: []*tronpb.TransactionInfo{{Fee: 1, Log: []*tronpb.TransactionInfo_Log{{Address: make([]byte, 20)}}}},
	}))
	f.Add([]byte("<html>"), []byte{0x0a, 0x00})
	f.Fuzz(func(t *testing.T, raw, infos []byte) {
		var want coffer.Hash
		if header, err := readHeader(raw); err == nil {
			want = header.Hash
		}
		block, err := readBlock(raw, want)
		if err != nil {
			return
		}
		if block.Hash != want || heightOf(want) != block.Height {
			t.Fatalf("block %s of height %d, asked for %s", block.Hash, block.Height, want)
		}
		said, err := block.read(Config{Chain: Mainnet, InternalTransfers: true}, infos)
		if err == nil && len(said.Outcomes) > len(block.txs) {
			t.Fatalf("%d outcomes of %d transactions", len(said.Outcomes), len(block.txs))
		}
	})
}

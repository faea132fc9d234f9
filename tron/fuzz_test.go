package tron

import (
	"bytes"
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

// FuzzHTTPAnswer holds what is read of a stranger's JSON to its bounds: it ends without a panic,
// and what is taken is the message that it is said to be.
func FuzzHTTPAnswer(f *testing.F) {
	kinds := []proto.Message{
		&tronpb.Account{}, &tronpb.Block{}, &tronpb.BlockExtention{}, &tronpb.TransactionInfoList{}, &tronpb.TransactionExtention{}, &tronpb.Return{},
		&tronpb.BlockListExtention{}, &tronpb.ChainParameters{},
	}
	for n, text := range []string{
		`{"address":"41ab","balance":9007199254740993,"active_permission":[{"type":"Active","id":2,"keys":[{"address":"41","weight":1}]}],"assetV2":[{"key":"1","value":2}]}`,
		`{"blockID":"00","transactions":[{"ret":[{"contractRet":"SUCCESS"}],"signature":["00"],"raw_data":{"contract":[{}]},"raw_data_hex":"0a02"}],"block_header":{"raw_data":{"number":1}}}`,
		`{"blockID":"00","transactions":[{"raw_data_hex":"0a02"}],"block_header":{"raw_data":{"number":1},"witness_signature":"00"}}`,
		`[{"id":"00","fee":1,"log":[{"address":"00","topics":["00"],"data":""}],"receipt":{"result":"OUT_OF_ENERGY","energy_usage_total":"12"}}]`,
		`{"result":{"result":true,"message":"52"},"energy_used":3,"constant_result":[""],"transaction":{"ret":[{"ret":"FAILED"}]}}`,
		`{"result":false,"code":"SIGERROR","message":"no"}`, `{"block":[{"blockID":"00","transactions":[{}]}]}`, `{"chainParameter":[{"key":"getEnergyFee","value":100}]}`,
	} {
		f.Add(byte(n), []byte(text))
	}
	f.Add(byte(0), []byte(`<html>`))
	f.Add(byte(1), []byte(`{"Error":"class java.lang.Exception : x"}`))
	f.Fuzz(func(t *testing.T, kind byte, text []byte) {
		message := kinds[int(kind)%len(kinds)]
		raw, err := readJSON(text, message.ProtoReflect().Descriptor())
		if err != nil {
			return
		}
		into := message.ProtoReflect().New().Interface()
		// What is left to say no is what bytes in a text may not be: a text that is not UTF-8 cannot
		// come out of JSON, and raw_data_hex holds whatever it holds.
		if err := proto.Unmarshal(raw, into); err != nil && !bytes.Contains(text, []byte(jsonRawData)) {
			t.Fatalf("%v: %x", err, raw)
		}
	})
}

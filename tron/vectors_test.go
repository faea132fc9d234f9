package tron_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/cofferhq/coffer"
)

// vectors is testdata/tron.json: addresses, messages and transactions from public sources,
// each named there.
type vectors struct {
	Addresses []struct {
		PrivateKey hexBytes `json:"private_key"`
		Address    string   `json:"address"`
		Hex        string   `json:"hex"`
		Invalid    []string `json:"invalid"`
	} `json:"addresses"`
	Messages []struct {
		PrivateKey hexBytes `json:"private_key"`
		Message    string   `json:"message"`
		Signature  hexBytes `json:"signature"`
	} `json:"message_signing"`
	Tronweb struct {
		Vectors map[string]struct {
			RawHex    hexBytes
			TxID      hexBytes
			Sigs      []hexBytes
			SignedHex hexBytes
		} `json:"vectors"`
	} `json:"tronweb_6_5_1"`
	Public     []publicTransaction `json:"public_transactions"`
	WalletCore []walletCoreTest    `json:"wallet_core_signer_tests"`
}

type publicTransaction struct {
	TxID            hexBytes `json:"txID"`
	Raw             hexBytes `json:"raw_data_hex"`
	ContractType    int32    `json:"contract_type"`
	TypeURL         string   `json:"type_url"`
	PermissionID    int32    `json:"permission_id"`
	Owner           string   `json:"owner"`
	RefBlockBytes   hexBytes `json:"ref_block_bytes"`
	RefBlockHash    hexBytes `json:"ref_block_hash"`
	Expiration      int64    `json:"expiration"`
	Timestamp       int64    `json:"timestamp"`
	FeeLimit        int64    `json:"fee_limit"`
	ContractAddress string   `json:"contract_address"`
	CallData        hexBytes `json:"call_data"`
	Memo            hexBytes `json:"memo_hex"`
	Signatures      []struct {
		Bytes  hexBytes `json:"hex"`
		Signer string   `json:"signer"`
		V      byte     `json:"v"`
		LowS   bool     `json:"low_s"`
	} `json:"signatures_recovered"`
}

type walletCoreTest struct {
	Test       string          `json:"test"`
	PrivateKey hexBytes        `json:"private_key"`
	TxID       hexBytes        `json:"txID"`
	Signature  hexBytes        `json:"signature"`
	Fields     json.RawMessage `json:"fields"`
	Header     struct {
		Timestamp  int64       `json:"timestamp"`
		TxTrieRoot hexBytes    `json:"txTrieRoot"`
		Parent     hexBytes    `json:"parentHash"`
		Witness    hexBytes    `json:"witness_address"`
		Number     json.Number `json:"number"`
		Version    json.Number `json:"version"`
	} `json:"block_header"`
}

// hexBytes are bytes written in hex digits, with 0x before them or not.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(bytes.TrimPrefix(text, []byte("0x"))))
	*h = b
	return err
}

func (h hexBytes) hash(t *testing.T) coffer.Hash {
	t.Helper()
	if len(h) != 32 {
		t.Fatalf("a hash of %d bytes", len(h))
	}
	return coffer.Hash(h)
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "tron.json"))
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

package tronsim

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/accounts/abi"
	"github.com/ethereum/go-ethereum/common"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// payer is testdata/Payer.sol by solc 0.8.28: payments inside of a call.
func (s *scene) payer() *token {
	s.t.Helper()
	text, err := os.ReadFile("testdata/payer.json")
	if err != nil {
		s.t.Fatal(err)
	}
	var artifact struct {
		ABI  json.RawMessage `json:"abi"`
		Code string          `json:"code"`
	}
	if err := json.Unmarshal(text, &artifact); err != nil {
		s.t.Fatal(err)
	}
	parsed, err := abi.JSON(bytes.NewReader(artifact.ABI))
	if err != nil {
		s.t.Fatal(err)
	}
	id, address, err := s.signer(0).Deploy("Payer", common.FromHex(artifact.Code))
	s.must(id, err)
	s.mine(1)
	if r := s.info(id).Receipt.Result; r != tronpb.Transaction_Result_SUCCESS {
		s.t.Fatalf("deploy: %s", r)
	}
	return &token{scene: s, abi: &parsed, address: address}
}

func (k *token) pay(sun int64, method string, arguments ...any) *tronpb.TransactionInfo {
	k.t.Helper()
	id := k.must(k.signer(0).Call(k.address, k.data(method, arguments...), sun, 1_000*trx))
	k.mine(1)
	return k.info(id)
}

func TestPaymentsInsideOfCalls(t *testing.T) {
	s := newScene(t, nil)
	k := s.payer()
	known, fresh := AddressOf(KeyOf("test", 1)), AddressOf(KeyOf("fresh", 0))
	info := k.pay(30, "pay", []common.Address{known, fresh, known}, bigInt(10))
	if info.Receipt.Result != tronpb.Transaction_Result_SUCCESS || len(info.InternalTransactions) != 3 || len(info.Log) != 3 {
		t.Fatalf("%v", info)
	}
	for i, to := range []Address{known, fresh, known} {
		inner := info.InternalTransactions[i]
		if string(inner.CallerAddress) != string(Wire(k.address)) || string(inner.TransferToAddress) != string(Wire(to)) ||
			inner.CallValueInfo[0].CallValue != 10 || inner.CallValueInfo[0].TokenId != "" || string(inner.Note) != "call" || inner.Rejected {
			t.Errorf("payment %d: %v", i, inner)
		}
	}
	if s.Balance(known) != rich+20 || s.Balance(fresh) != 10 || s.Balance(k.address) != 0 {
		t.Errorf("balances %d, %d, %d", s.Balance(known), s.Balance(fresh), s.Balance(k.address))
	}
	// 9,000 for each value, 25,000 for a new account.
	if used := info.Receipt.EnergyUsageTotal; used < 3*9_000+25_000 {
		t.Errorf("%d energy", used)
	}

	// More than there is: those payments fail, the call does not.
	info = k.pay(15, "pay", []common.Address{known, known}, bigInt(10))
	if info.Receipt.Result != tronpb.Transaction_Result_SUCCESS || s.Balance(known) != rich+30 || s.Balance(k.address) != 5 {
		t.Errorf("half paid: %v", info.Receipt)
	}
	if n := len(info.InternalTransactions); n != 2 || info.InternalTransactions[0].Rejected || !info.InternalTransactions[1].Rejected {
		t.Errorf("want the second payment rejected: %v", info.InternalTransactions)
	}

	// What a call inside took back was never paid.
	info = k.pay(0, "payAndRefuse", known, bigInt(5))
	if s.Balance(known) != rich+30 || len(info.InternalTransactions) != 2 || !info.InternalTransactions[0].Rejected || !info.InternalTransactions[1].Rejected {
		t.Errorf("taken back: %v", info)
	}
	if info.Receipt.Result != tronpb.Transaction_Result_SUCCESS || len(info.Log) != 1 {
		t.Errorf("the call itself goes on: %v", info)
	}

	// A failed transaction gives its value back.
	info = k.pay(7, "refuse")
	if info.Receipt.Result != tronpb.Transaction_Result_REVERT || s.Balance(k.address) != 5 {
		t.Errorf("refused: %v, contract has %d", info.Receipt, s.Balance(k.address))
	}
}

func TestContractsMakeContracts(t *testing.T) {
	s := newScene(t, nil)
	k := s.payer()
	info := k.pay(9, "make")
	child := common.BytesToAddress(info.ContractResult[0])
	if len(info.InternalTransactions) != 1 || string(info.InternalTransactions[0].Note) != "create" {
		t.Fatalf("%v", info.InternalTransactions)
	}
	if a := s.account(child); a.Type != tronpb.AccountType_Contract || a.Balance != 9 {
		t.Fatalf("child %v", a)
	}
	var made *tronpb.SmartContractDataWrapper
	s.look(false, "", func(v view) { made = v.contractInfo(Wire(child)) })
	if want := int64(32_000 + codeByte*len(made.Runtimecode)); len(made.Runtimecode) == 0 || info.Receipt.EnergyUsageTotal < want {
		t.Errorf("%d energy for %d bytes of code", info.Receipt.EnergyUsageTotal, len(made.Runtimecode))
	}
	if _, err := s.signer(1).Transfer(child, 1); codeOf(t, err) != tronpb.Return_CONTRACT_VALIDATE_ERROR {
		t.Errorf("plain TRX to the child: %v", err)
	}
}

func TestRunsThatBreak(t *testing.T) {
	s := newScene(t, nil)
	k := s.payer()
	for method, want := range map[string]tronpb.Transaction_ResultContractResult{
		"crash": tronpb.Transaction_Result_ILLEGAL_OPERATION,
		"loop":  tronpb.Transaction_Result_OUT_OF_ENERGY,
		"grow":  tronpb.Transaction_Result_OUT_OF_MEMORY,
	} {
		id := k.must(k.signer(0).Call(k.address, k.data(method), 0, 3*trx))
		k.mine(1)
		info := k.info(id)
		if info.Receipt.Result != want || info.Receipt.EnergyUsageTotal != 30_000 || len(info.ResMessage) == 0 {
			t.Errorf("%s: %v %q", method, info.Receipt, info.ResMessage)
		}
	}
	// With energy for more than a million operations it is the time that ends it.
	if ext := k.constant(s.signer(0).Address, "loop"); ext.Result.Result || ext.Result.Code != tronpb.Return_CONTRACT_EXE_ERROR ||
		ext.EnergyUsed != s.Parameters().MaxConstantEnergy || !strings.Contains(string(ext.Result.Message), "CPU timeout") {
		t.Errorf("an endless loop: %s, %d energy", ext.Result, ext.EnergyUsed)
	}
	// A call inside that breaks loses what it was given, and no more.
	info := k.pay(0, "breakInside")
	if r := info.Receipt; r.Result != tronpb.Transaction_Result_SUCCESS || r.EnergyUsageTotal < 50_000 || r.EnergyUsageTotal > 54_000 {
		t.Errorf("a call inside: %v", r)
	}
}

func TestContractsSeeTheirChain(t *testing.T) {
	s := newScene(t, nil)
	k := s.payer()
	k.mine(3)
	ext := k.constant(s.signer(0).Address, "environment")
	values, err := k.abi.Unpack("environment", ext.ConstantResult[0])
	if err != nil {
		t.Fatal(err)
	}
	head := s.blockAt(int64(s.Head().Height)).BlockHeader.RawData
	genesis := s.blockAt(0).Blockid
	for i, want := range []int64{
		int64(binary.BigEndian.Uint32(genesis[28:])), head.Timestamp / 1_000, head.Number + 1, 100, 0,
	} {
		got, ok := values[i].(*big.Int)
		if !ok || got.Int64() != want {
			t.Errorf("value %d: %v, want %d", i, values[i], want)
		}
	}
}

func TestForkUndoesContracts(t *testing.T) {
	s := newScene(t, nil)
	k := s.token()
	to := common.Address{1}
	id := k.must(s.signer(0).Call(k.address, k.data("transfer", to, bigInt(5)), 0, 100*trx))
	k.mine(2)
	if k.balance(to) != 5 {
		t.Fatal("not paid")
	}
	if err := s.Reorg(Reorganisation{Undo: 2, Make: 3, Forget: []Hash{id}}); err != nil {
		t.Fatal(err)
	}
	if got := k.balance(to); got != 0 {
		t.Errorf("after the fork the recipient has %d", got)
	}
	// Undoing the block of the contract itself takes the contract.
	if err := s.Reorg(Reorganisation{Undo: int(s.Head().Height) - 1, Make: 1}); err != nil {
		t.Fatal(err)
	}
	if got := k.balance(s.signer(0).Address); got != 1_000_000_000_000 {
		t.Errorf("deployed again, the owner has %d", got)
	}
}

// A built-in contract may ask for more than an int64 holds: a power of numbers that are only
// said to be long.
func TestAPriceBeyondAllEnergyBreaks(t *testing.T) {
	s := newScene(t, nil)
	const (
		push4, push1, mstore, gas, staticcall, stop = 0x63, 0x60, 0x52, 0x5a, 0xfa, 0x00
	)
	code := []byte{
		push4, 0xff, 0xff, 0xff, 0xff, push1, 0x00, mstore, // bytes of the base
		push4, 0xff, 0xff, 0xff, 0xff, push1, 0x20, mstore, // of the exponent
		push1, 0x01, push1, 0x40, mstore, // of the modulus
		push1, 0x00, push1, 0x00, push1, 0x60, push1, 0x00, push1, 0x05, gas, staticcall, stop,
	}
	var ext *tronpb.TransactionExtention
	s.look(false, "", func(v view) {
		ext = v.constant(&tronpb.TriggerSmartContract{OwnerAddress: Wire(s.signer(0).Address), Data: code})
	})
	if limit := s.Parameters().MaxConstantEnergy; ext.EnergyUsed != limit || ext.Result.Result {
		t.Errorf("%d energy of %d: %v", ext.EnergyUsed, limit, ext.Result)
	}
}

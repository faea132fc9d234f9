package tronsim

import (
	"bytes"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/cofferhq/coffer/tron/tronpb"
)

// transfer builds a valid, unsigned transfer of account 0 to account 1.
func (s *scene) transfer(t *testing.T) *tronpb.Transaction {
	t.Helper()
	built := s.Build(tronpb.Transaction_Contract_TransferContract, &tronpb.TransferContract{
		OwnerAddress: Wire(AddressOf(KeyOf("test", 0))), ToAddress: Wire(AddressOf(KeyOf("test", 1))), Amount: trx,
	})
	if !built.Result.Result {
		t.Fatalf("build: %s", built.Result.Message)
	}
	built.Transaction.RawData.Timestamp = s.unique()
	return built.Transaction
}

func replace(t *testing.T, tx *tronpb.Transaction, edit func(c *tronpb.TransferContract)) {
	t.Helper()
	var c tronpb.TransferContract
	if err := tx.RawData.Contract[0].Parameter.UnmarshalTo(&c); err != nil {
		t.Fatal(err)
	}
	edit(&c)
	parameter, err := anypb.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	tx.RawData.Contract[0].Parameter = parameter
}

// Each case breaks one more rule than the case before it keeps: what is checked first wins.
func TestTransactionsAreCheckedInOrder(t *testing.T) {
	stranger := KeyOf("test", 4)
	steps := []struct {
		name   string
		code   tronpb.ReturnResponseCode
		text   string
		spoil  func(s *scene, tx *tronpb.Transaction)
		signer Key // nil: the owner; only the last broken signature rule counts
	}{
		{"balance", tronpb.Return_CONTRACT_VALIDATE_ERROR, "Contract validate error : Validate TransferContract error, balance is not sufficient.",
			func(_ *scene, tx *tronpb.Transaction) {
				replace(t, tx, func(c *tronpb.TransferContract) { c.Amount = 2 * rich })
			}, nil},
		{"memo fee", tronpb.Return_BANDWITH_ERROR, "Account resource insufficient error.", //nolint:misspell // spelled so
			func(s *scene, tx *tronpb.Transaction) {
				s.SetBalance(AddressOf(KeyOf("test", 0)), 10)
				tx.RawData.Data = []byte("memo")
			}, nil},
		{"expiration far", tronpb.Return_TRANSACTION_EXPIRATION_ERROR, "Transaction expired",
			func(_ *scene, tx *tronpb.Transaction) { tx.RawData.Expiration += 25 * 3600 * 1000 }, nil},
		{"size", tronpb.Return_TOO_BIG_TRANSACTION_ERROR, "Transaction size is too big.",
			func(_ *scene, tx *tronpb.Transaction) { tx.RawData.Data = make([]byte, maxTransactionSize) }, nil},
		{"tapos", tronpb.Return_TAPOS_ERROR, "Tapos check error.",
			func(_ *scene, tx *tronpb.Transaction) { tx.RawData.RefBlockHash = make([]byte, 8) }, nil},
		{"contracts", tronpb.Return_CONTRACT_VALIDATE_ERROR, "act size should be exactly 1",
			func(_ *scene, tx *tronpb.Transaction) {
				tx.RawData.Contract = append(tx.RawData.Contract, tx.RawData.Contract[0])
			}, nil},
		{"signature", tronpb.Return_SIGERROR, "is signed by " + string(Text(AddressOf(stranger))) + " but it is not contained of permission.",
			func(*scene, *tronpb.Transaction) {}, stranger},
		{"expiration past", tronpb.Return_TRANSACTION_EXPIRATION_ERROR, "Transaction expired",
			func(s *scene, tx *tronpb.Transaction) { tx.RawData.Expiration = s.now.UnixMilli() }, stranger},
		{"no contract", tronpb.Return_CONTRACT_VALIDATE_ERROR, "No contract!",
			func(_ *scene, tx *tronpb.Transaction) { tx.RawData.Contract = nil }, stranger},
	}
	for last := range steps {
		s := newScene(t, nil)
		tx := s.transfer(t)
		for _, step := range steps[:last+1] {
			step.spoil(s, tx)
		}
		key := steps[last].signer
		if key == nil {
			key = KeyOf("test", 0)
		}
		if err := Sign(tx, key); err != nil {
			t.Fatal(err)
		}
		r := s.Broadcast(tx)
		if r.Result || r.Code != steps[last].code || !strings.Contains(string(r.Message), steps[last].text) {
			t.Errorf("%s: got %s %q, want %s %q", steps[last].name, r.Code, r.Message, steps[last].code, steps[last].text)
		}
		s.look(false, "", func(v view) {
			if len(v.chain.pool) != 0 {
				t.Errorf("%s: a refused transaction waits in the pool", steps[last].name)
			}
		})
	}
}

func TestSignaturesAreChecked(t *testing.T) {
	owner, other := KeyOf("test", 0), KeyOf("test", 4)
	s := newScene(t, nil)
	for name, c := range map[string]struct {
		text string
		sign func(tx *tronpb.Transaction)
	}{
		"none":      {"miss sig or contract", func(*tronpb.Transaction) {}},
		"six":       {"too many signatures", func(tx *tronpb.Transaction) { tx.Signature = make([][]byte, 6) }},
		"two":       {"Signature count is 2 more than key counts of permission : 1", func(tx *tronpb.Transaction) { sign(t, tx, owner, other) }},
		"short":     {"Signature size is 64", func(tx *tronpb.Transaction) { tx.Signature = [][]byte{make([]byte, 64)} }},
		"stranger":  {"is not contained of permission", func(tx *tronpb.Transaction) { sign(t, tx, other) }},
		"no such":   {"permission isn't exit", func(tx *tronpb.Transaction) { tx.RawData.Contract[0].PermissionId = 3; sign(t, tx, owner) }},
		"forbidden": {"Permission denied", func(tx *tronpb.Transaction) { forbid(t, tx); sign(t, tx, owner) }},
	} {
		tx := s.transfer(t)
		c.sign(tx)
		if r := s.Broadcast(tx); r.Code != tronpb.Return_SIGERROR || !strings.HasPrefix(string(r.Message), "Validate signature error: ") ||
			!strings.Contains(string(r.Message), c.text) {
			t.Errorf("%s: got %s %q, want SIGERROR %q", name, r.Code, r.Message, c.text)
		}
	}

	// v may be 0 and 1 as well as 27 and 28.
	tx := s.transfer(t)
	sign(t, tx, owner)
	tx.Signature[0][64] -= 27
	if r := s.Broadcast(tx); !r.Result {
		t.Errorf("v of 0 or 1: %s", r.Message)
	}
}

func sign(t *testing.T, tx *tronpb.Transaction, keys ...Key) {
	t.Helper()
	if err := Sign(tx, keys...); err != nil {
		t.Fatal(err)
	}
}

// forbid makes a change of permissions of it, which the default active permission may not do.
func forbid(t *testing.T, tx *tronpb.Transaction) {
	t.Helper()
	parameter, err := anypb.New(&tronpb.AccountPermissionUpdateContract{OwnerAddress: Wire(AddressOf(KeyOf("test", 0)))})
	if err != nil {
		t.Fatal(err)
	}
	c := tx.RawData.Contract[0]
	c.Type, c.Parameter, c.PermissionId = tronpb.Transaction_Contract_AccountPermissionUpdateContract, parameter, 2
}

func TestSameTransactionIsTakenOnce(t *testing.T) {
	s := newScene(t, nil)
	tx := s.transfer(t)
	sign(t, tx, KeyOf("test", 0))
	if r := s.Broadcast(tx); !r.Result {
		t.Fatal(string(r.Message))
	}
	for range 2 { // waiting, then mined
		if r := s.Broadcast(tx); r.Code != tronpb.Return_DUP_TRANSACTION_ERROR {
			t.Errorf("again: %s %q", r.Code, r.Message)
		}
		s.mine(1)
	}
	// The id is of what is signed: another signature is no other transaction.
	tx.Signature[0][64] -= 27
	if r := s.Broadcast(tx); r.Code != tronpb.Return_DUP_TRANSACTION_ERROR {
		t.Errorf("with v of 0 or 1: %s %q", r.Code, r.Message)
	}
	if got := s.Balance(AddressOf(KeyOf("test", 1))); got != rich+trx {
		t.Errorf("the recipient has %d", got)
	}
}

func TestReferencesGoStale(t *testing.T) {
	s := newScene(t, nil)
	tx := s.transfer(t)
	sign(t, tx, KeyOf("test", 0))
	referred := s.Solid()
	// A block 65,536 above takes the place in the store.
	s.chain.tapos[taposKey(int64(referred.Height)+taposBlocks)] = [8]byte{1}
	if r := s.Broadcast(tx); r.Code != tronpb.Return_TAPOS_ERROR {
		t.Errorf("a reference of 65,536 blocks ago: %s", r.Code)
	}
}

func TestBroadcastKeepsTheBytes(t *testing.T) {
	s := newScene(t, nil)
	tx := s.transfer(t)
	sign(t, tx, KeyOf("test", 0))
	raw := encode(tx.RawData)
	s.Broadcast(tx)
	tx.RawData.FeeLimit = 1 // the caller's message is not the node's
	s.mine(1)
	b := s.blockAt(int64(s.Head().Height))
	got, err := proto.Marshal(b.Transactions[0].Transaction.RawData)
	if err != nil || !bytes.Equal(got, raw) {
		t.Errorf("raw data in the block %x, want %x (%v)", got, raw, err)
	}
}

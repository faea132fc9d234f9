package tron_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// recoverAny is who signed, with s in any half: nodes take both, we make and take only the lower.
func recoverAny(t *testing.T, digest coffer.Hash, signature []byte) tron.Address {
	t.Helper()
	if len(signature) != 65 {
		t.Fatalf("a signature of %d bytes", len(signature))
	}
	raw := bytes.Clone(signature)
	if raw[64] >= 27 {
		raw[64] -= 27
	}
	key, err := crypto.SigToPub(digest[:], raw)
	if err != nil {
		t.Fatal(err)
	}
	return tron.AddressOfKey(*key)
}

func remarshal(t *testing.T, raw []byte) (*tronpb.TransactionRaw, []byte) {
	t.Helper()
	m := new(tronpb.TransactionRaw)
	if err := proto.Unmarshal(raw, m); err != nil {
		t.Fatal(err)
	}
	again, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return m, again
}

func TestPublicTransactions(t *testing.T) {
	decoded, memos, unknown, signatures := 0, 0, 0, 0
	for _, v := range readVectors(t).Public {
		id := v.TxID.hash(t)
		if got := tron.ID(v.Raw); got != id {
			t.Errorf("%s: id %s", id, got)
		}
		m, again := remarshal(t, v.Raw)
		if !bytes.Equal(again, v.Raw) {
			t.Errorf("%s: encoded again: %x", id, again)
		}
		if !bytes.Equal(m.RefBlockBytes, v.RefBlockBytes) || !bytes.Equal(m.RefBlockHash, v.RefBlockHash) || m.Expiration != v.Expiration ||
			m.Timestamp != v.Timestamp || m.FeeLimit != v.FeeLimit || !bytes.Equal(m.Data, v.Memo) {
			t.Errorf("%s: reads as %v", id, m)
		}
		if c := m.Contract; len(c) != 1 || int32(c[0].Type) != v.ContractType || c[0].Parameter.TypeUrl != v.TypeURL || c[0].PermissionId != v.PermissionID {
			t.Errorf("%s: contract %v", id, c)
		}

		r, err := tron.DecodeRaw(v.Raw)
		switch {
		case err == nil:
			decoded++
			if raw, err := r.Encode(); err != nil || !bytes.Equal(raw, v.Raw) {
				t.Errorf("%s: encoded again %x, %v", id, raw, err)
			}
			if got := ownerOf(t, r); got != v.Owner {
				t.Errorf("%s: of %s, want %s", id, got, v.Owner)
			}
			if call, ok := r.Contract.(*tronpb.TriggerSmartContract); ok && !bytes.Equal(call.Data, v.CallData) {
				t.Errorf("%s: calldata %x", id, call.Data)
			}
		case len(v.Memo) > 0:
			memos++
		default:
			unknown++
		}
		if err != nil && !errors.Is(err, tron.ErrRaw) {
			t.Errorf("%s: %v", id, err)
		}
		for _, s := range v.Signatures {
			signatures++
			if got := recoverAny(t, id, s.Bytes); got.String() != s.Signer {
				t.Errorf("%s: signed by %s, want %s", id, got, s.Signer)
			}
			if got, err := tron.RecoverSigner(id, s.Bytes); (err == nil) != s.LowS || err == nil && got.String() != s.Signer {
				t.Errorf("%s: signer %s, %v; low s %t", id, got, err, s.LowS)
			}
		}
	}
	// Those with a memo and those that do what no wallet of ours does are not read.
	if decoded != 30 || memos != 2 || unknown != 11 || signatures != 17 {
		t.Errorf("%d were decoded, %d have a memo, %d do what is not known, %d signatures", decoded, memos, unknown, signatures)
	}
}

// ownerOf is whose transaction it is.
func ownerOf(t *testing.T, r tron.Raw) string {
	t.Helper()
	m := r.Contract.ProtoReflect()
	owner, err := tron.AddressFromBytes(m.Get(m.Descriptor().Fields().ByName("owner_address")).Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return owner.String()
}

// blockID is the id of the block with a header.
func blockID(t *testing.T, h *tronpb.BlockHeaderRaw) coffer.Hash {
	t.Helper()
	b, err := proto.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	id := tron.ID(b) // SHA-256 too
	for n := range 8 {
		id[n] = byte(h.Number >> (8 * (7 - n)))
	}
	return id
}

type walletCoreFields struct {
	Owner    string      `json:"owner_address"`
	To       string      `json:"to_address"`
	Receiver string      `json:"receiver_address"`
	Contract string      `json:"contract_address"`
	Vote     string      `json:"vote_address"`
	Amount   string      `json:"amount"`
	Asset    string      `json:"asset_name"`
	Frozen   json.Number `json:"frozen_balance"`
	Unfreeze json.Number `json:"unfreeze_balance"`
	Balance  json.Number `json:"balance"`
	Votes    json.Number `json:"vote_count"`
	Value    json.Number `json:"call_token_value"`
	TokenID  json.Number `json:"token_id"`
	Memo     string      `json:"memo"`
	Time     int64       `json:"timestamp"`
	Expires  *int64      `json:"expiration"`
}

func number(t *testing.T, n json.Number) int64 {
	t.Helper()
	v, err := n.Int64()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The transactions of Trust Wallet's tests are built again from their fields and the header of
// the block they refer to, and signed.
func TestWalletCore(t *testing.T) {
	built := 0
	for _, v := range readVectors(t).WalletCore {
		t.Run(v.Test, func(t *testing.T) {
			id := v.TxID.hash(t)
			key, err := crypto.ToECDSA(v.PrivateKey)
			if err != nil {
				t.Fatal(err)
			}
			signature, err := crypto.Sign(id[:], key)
			if err != nil || !bytes.Equal(signature, v.Signature) {
				t.Errorf("signature %x, %v; want %x", signature, err, v.Signature)
			}
			if got, err := tron.RecoverSigner(id, v.Signature); err != nil || got != tron.AddressOfKey(key.PublicKey) {
				t.Errorf("signed by %s, %v", got, err)
			}
			if raw := rebuild(t, v); raw != nil {
				built++
				if got := tron.ID(raw); got != id {
					t.Errorf("built %s, want %s: %x", got, id, raw)
				}
			}
		})
	}
	if built != 12 {
		t.Errorf("%d transactions were built", built)
	}
}

func rebuild(t *testing.T, v walletCoreTest) []byte {
	t.Helper()
	var f walletCoreFields
	if err := json.Unmarshal(v.Fields, &f); err != nil {
		t.Fatal(err)
	}
	owner := func() []byte { return mustAddress(t, f.Owner).Bytes() }
	var contract proto.Message
	switch v.Test {
	case "SignTransfer", "SignTransferWithMemo":
		contract = &tronpb.TransferContract{OwnerAddress: owner(), ToAddress: mustAddress(t, f.To).Bytes(), Amount: number(t, json.Number(f.Amount))}
	case "SignTransferAsset":
		contract = &tronpb.TransferAssetContract{AssetName: []byte(f.Asset), OwnerAddress: owner(), ToAddress: mustAddress(t, f.To).Bytes(), Amount: number(t, json.Number(f.Amount))}
	case "SignFreezeBalanceV2":
		contract = &tronpb.FreezeBalanceV2Contract{OwnerAddress: owner(), FrozenBalance: number(t, f.Frozen), Resource: tronpb.ResourceCode_ENERGY}
	case "SignUnFreezeBalanceV2":
		contract = &tronpb.UnfreezeBalanceV2Contract{OwnerAddress: owner(), UnfreezeBalance: number(t, f.Unfreeze), Resource: tronpb.ResourceCode_ENERGY}
	case "WithdrawExpireUnfreezeContract":
		contract = tron.WithdrawUnfrozen(mustAddress(t, f.Owner))
	case "DelegateResourceContract":
		contract = &tronpb.DelegateResourceContract{OwnerAddress: owner(), ReceiverAddress: mustAddress(t, f.Receiver).Bytes(), Balance: number(t, f.Balance), Resource: tronpb.ResourceCode_ENERGY}
	case "UnDelegateResourceContract":
		contract = &tronpb.UnDelegateResourceContract{OwnerAddress: owner(), ReceiverAddress: mustAddress(t, f.Receiver).Bytes(), Balance: number(t, f.Balance), Resource: tronpb.ResourceCode_ENERGY}
	case "SignWithdrawBalance":
		contract = &tronpb.WithdrawBalanceContract{OwnerAddress: owner()}
	case "SignVoteWitness":
		contract = &tronpb.VoteWitnessContract{OwnerAddress: owner(), Support: true,
			Votes: []*tronpb.VoteWitnessContract_Vote{{VoteAddress: mustAddress(t, f.Vote).Bytes(), VoteCount: number(t, f.Votes)}}}
	case "SignTriggerSmartContract":
		contract = &tronpb.TriggerSmartContract{OwnerAddress: owner(), ContractAddress: mustAddress(t, f.Contract).Bytes(),
			Data: []byte("some data"), CallTokenValue: number(t, f.Value), TokenId: number(t, f.TokenID)}
	case "SignTransferTrc20Contract":
		call := tron.TransferToken(mustAddress(t, f.Owner), mustAddress(t, f.Contract), mustAddress(t, f.To), coffer.NewAmount(1000))
		call.Data[15] = 0x41 // an old habit, which Explain refuses
		contract = call
	default:
		return nil // kinds that no wallet of ours has
	}
	header := &tronpb.BlockHeaderRaw{
		Timestamp: v.Header.Timestamp, TxTrieRoot: v.Header.TxTrieRoot, ParentHash: v.Header.Parent,
		Number: number(t, v.Header.Number), WitnessAddress: v.Header.Witness, Version: int32(number(t, v.Header.Version)),
	}
	expires := int64(1_539_331_479_000) // ten hours later, where the source says none
	if f.Expires != nil {
		expires = *f.Expires
	}
	raw, err := tron.Raw{Reference: tron.ReferenceTo(blockID(t, header)), Timestamp: f.Time, Expiration: expires, Contract: contract}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if f.Memo != "" {
		m, _ := remarshal(t, raw)
		m.Data = []byte(f.Memo)
		if raw, err = proto.Marshal(m); err != nil {
			t.Fatal(err)
		}
	}
	return raw
}

func TestMessages(t *testing.T) {
	for _, v := range readVectors(t).Messages {
		key, err := crypto.ToECDSA(v.PrivateKey)
		if err != nil {
			t.Fatal(err)
		}
		digest := tron.MessageDigest([]byte(v.Message))
		if got, err := tron.RecoverSigner(digest, v.Signature); err != nil || got != tron.AddressOfKey(key.PublicKey) {
			t.Errorf("%q: signed by %s, %v", v.Message, got, err)
		}
		signature, err := crypto.Sign(digest[:], key)
		if err != nil {
			t.Fatal(err)
		}
		signature[64] += 27
		if !bytes.Equal(signature, v.Signature) {
			t.Errorf("%q: signature %x, want %x", v.Message, signature, v.Signature)
		}
	}
}

// The vectors of tronweb are what Build and Finalize make of intents.
func TestTronwebVectors(t *testing.T) {
	delegate := testDelegation(single(t), false)
	two := testAccount(t)
	seen := 0
	for name, c := range map[string]struct {
		account tron.Account
		intent  coffer.Intent
		terms   tron.Terms
		keys    []byte
	}{
		"trc20":                {single(t), testIntent(single(t), usdt(123_456_789)), testTerms(30_000_000), []byte{1}},
		"trc20_multisig_perm2": {two, testIntent(two, usdt(123_456_789)), testTerms(30_000_000), []byte{1, 2}},
		"trx":                  {single(t), testIntent(single(t), trx(1_500_000)), testTerms(0), []byte{1}},
		"delegate":             {single(t), delegate, testTerms(0), []byte{1}},
	} {
		v, ok := readVectors(t).Tronweb.Vectors[name]
		if !ok {
			t.Fatalf("no vector %s", name)
		}
		seen++
		u := mustBuild(t, c.intent, c.account, c.terms)
		if !bytes.Equal(u.Bytes, v.RawHex) {
			t.Errorf("%s: built\n%x, want\n%x", name, u.Bytes, []byte(v.RawHex))
		}
		var signatures []coffer.Signature
		for n, key := range c.keys {
			s := sign(t, key, tron.ID(u.Bytes))
			if !bytes.Equal(s.Bytes, v.Sigs[n]) {
				t.Errorf("%s: signature %x, want %x", name, s.Bytes, []byte(v.Sigs[n]))
			}
			signatures = append(signatures, s)
		}
		signed, err := tron.Finalize(c.account, u, signatures)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(signed.Bytes, v.SignedHex) || signed.ID != v.TxID.hash(t) {
			t.Errorf("%s: signed %s\n%x, want\n%x", name, signed.ID, signed.Bytes, []byte(v.SignedHex))
		}
	}
	v := readVectors(t).Tronweb.Vectors["permupdate"]
	raw := permissionUpdate(t)
	if !bytes.Equal(raw, v.RawHex) || tron.ID(raw) != v.TxID.hash(t) {
		t.Errorf("permissions: built\n%x, want\n%x", raw, []byte(v.RawHex))
	}
	if got := recoverAny(t, tron.ID(raw), v.Sigs[0]); got != keyAddress(1) {
		t.Errorf("permissions: signed by %s", got)
	}
	if seen++; seen != len(readVectors(t).Tronweb.Vectors) {
		t.Errorf("looked at %d vectors", seen)
	}
}

// permissionUpdate gives key 1 the account, and both keys together a permission to withdraw.
func permissionUpdate(t *testing.T) []byte {
	t.Helper()
	operations, err := hex.DecodeString("7fff1fc0033e0000000000000000000000000000000000000000000000000000")
	if err != nil {
		t.Fatal(err)
	}
	var types []tronpb.Transaction_Contract_ContractType
	for n := range 256 {
		if operations[n/8]>>(n%8)&1 == 1 {
			types = append(types, tronpb.Transaction_Contract_ContractType(n))
		}
	}
	both := []tron.Key{{Address: keyAddress(1), Weight: 1}, {Address: keyAddress(2), Weight: 1}}
	update, err := tron.UpdatePermissions(keyAddress(1), tron.Permission{Name: "owner", Threshold: 2, Keys: both},
		[]tron.Permission{{Name: "withdraw", Threshold: 2, Keys: both, Operations: types}})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := tron.Raw{Reference: testReference, Timestamp: testSecond * 1000, Expiration: (testSecond + 60) * 1000, Contract: update}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

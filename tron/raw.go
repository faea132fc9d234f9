package tron

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// MaxRaw bounds the bytes of a transaction that is read here. The largest that wallets sign,
// an update of eight permissions of five keys each, has about 2500.
const MaxRaw = 16 << 10

// ErrRaw is returned for bytes that are not exactly one transaction as this package writes it.
var ErrRaw = errors.New("not a transaction as ours are written")

// Reference names a block that has to be in the past of a transaction (TAPOS). Nodes compare it
// with the last 65 536 blocks.
type Reference struct {
	Number [2]byte // the last two bytes of the block's number
	Hash   [8]byte // bytes 8 to 16 of its id
}

// ReferenceTo is the reference to the block with this id, which begins with its number in
// eight bytes. The block should be solidified: what names another one dies with it.
func ReferenceTo(block coffer.Hash) Reference {
	return Reference{Number: [2]byte(block[6:8]), Hash: [8]byte(block[8:16])}
}

// Raw is the part of a transaction that is signed and that its id is the hash of (raw_data).
// What else could stand there is never written and never read: memos, scripts, several
// contracts, other authorities, names.
type Raw struct {
	Reference  Reference
	Timestamp  int64 // ms since 1970; nodes do not check it
	Expiration int64 // ms since 1970; from then on no block takes it
	FeeLimit   int64 // sun: what all energy of a call may cost, staked energy too
	Permission int32 // the owner's is 0, active ones begin with 2
	Contract   proto.Message
}

// contracts are what transactions may do that this package knows, by their number, and numbers
// the numbers by the message's name.
var contracts, numbers = index(
	(*tronpb.AccountCreateContract)(nil),
	(*tronpb.TransferContract)(nil),
	(*tronpb.TransferAssetContract)(nil),
	(*tronpb.VoteWitnessContract)(nil),
	(*tronpb.WithdrawBalanceContract)(nil),
	(*tronpb.CreateSmartContract)(nil),
	(*tronpb.TriggerSmartContract)(nil),
	(*tronpb.AccountPermissionUpdateContract)(nil),
	(*tronpb.FreezeBalanceV2Contract)(nil),
	(*tronpb.UnfreezeBalanceV2Contract)(nil),
	(*tronpb.WithdrawExpireUnfreezeContract)(nil),
	(*tronpb.DelegateResourceContract)(nil),
	(*tronpb.UnDelegateResourceContract)(nil),
	(*tronpb.CancelAllUnfreezeV2Contract)(nil),
)

// contractType is the number of what a transaction does.
type contractType = tronpb.Transaction_Contract_ContractType

// index relies on each message having the name of its number.
func index(messages ...proto.Message) (map[contractType]protoreflect.MessageType, map[protoreflect.FullName]contractType) {
	types, numbers := map[contractType]protoreflect.MessageType{}, map[protoreflect.FullName]contractType{}
	for _, m := range messages {
		kind := m.ProtoReflect().Type()
		name := kind.Descriptor()
		number, ok := tronpb.Transaction_Contract_ContractType_value[string(name.Name())]
		if !ok {
			panic("tron: no contract type has the name of " + string(name.FullName()))
		}
		types[contractType(number)], numbers[name.FullName()] = kind, contractType(number)
	}
	return types, numbers
}

// typeURL is how google.protobuf.Any names a message.
func typeURL(name protoreflect.FullName) string { return "type.googleapis.com/" + string(name) }

// canonical writes fields in the order of their numbers and leaves out what is zero, as
// java-tron and tronweb do. This package's tests hold it to the bytes of tronweb.
var canonical = proto.MarshalOptions{Deterministic: true}

// Encode returns the bytes of the transaction.
func (r Raw) Encode() ([]byte, error) {
	if r.Contract == nil {
		return nil, errors.New("a transaction that does nothing")
	}
	name := r.Contract.ProtoReflect().Descriptor().FullName()
	number, known := numbers[name]
	switch {
	case !known:
		return nil, fmt.Errorf("contract %s is not one that is written", name)
	case r.Timestamp < 0 || r.Expiration < 0 || r.FeeLimit < 0 || r.Permission < 0:
		return nil, fmt.Errorf("a negative timestamp %d, expiration %d, fee limit %d or permission %d",
			r.Timestamp, r.Expiration, r.FeeLimit, r.Permission)
	}
	value, err := canonical.Marshal(r.Contract)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", name, err)
	}
	encoded, err := canonical.Marshal(&tronpb.TransactionRaw{
		RefBlockBytes: r.Reference.Number[:],
		RefBlockHash:  r.Reference.Hash[:],
		Expiration:    r.Expiration,
		Contract: []*tronpb.Transaction_Contract{{
			Type:         number,
			Parameter:    &anypb.Any{TypeUrl: typeURL(name), Value: value},
			PermissionId: r.Permission,
		}},
		Timestamp: r.Timestamp,
		FeeLimit:  r.FeeLimit,
	})
	if err != nil {
		return nil, fmt.Errorf("encode a transaction: %w", err)
	}
	return encoded, nil
}

// DecodeRaw reads a transaction that is written exactly as Encode writes it. What it would do
// is another question: Explain's. Every error wraps ErrRaw.
func DecodeRaw(b []byte) (Raw, error) {
	r, err := decodeRaw(b)
	if err != nil {
		return Raw{}, fmt.Errorf("%w: %w", ErrRaw, err)
	}
	again, err := r.Encode()
	if err != nil {
		return Raw{}, fmt.Errorf("%w: %w", ErrRaw, err)
	}
	if !bytes.Equal(again, b) {
		return Raw{}, fmt.Errorf("%w: a field is unknown, twice, out of order or not in its shortest form", ErrRaw)
	}
	return r, nil
}

// strictly leaves unknown fields out, so that encoding again shows them.
var strictly = proto.UnmarshalOptions{DiscardUnknown: true}

func decodeRaw(b []byte) (Raw, error) {
	if len(b) > MaxRaw {
		return Raw{}, fmt.Errorf("%d bytes; at most %d", len(b), MaxRaw)
	}
	var raw tronpb.TransactionRaw
	if err := strictly.Unmarshal(b, &raw); err != nil {
		return Raw{}, err
	}
	r := Raw{Timestamp: raw.Timestamp, Expiration: raw.Expiration, FeeLimit: raw.FeeLimit}
	switch {
	case len(raw.Contract) != 1:
		return Raw{}, fmt.Errorf("%d contracts; want one", len(raw.Contract))
	case len(raw.RefBlockBytes) != len(r.Reference.Number) || len(raw.RefBlockHash) != len(r.Reference.Hash):
		return Raw{}, fmt.Errorf("a reference of %d and %d bytes; want %d and %d",
			len(raw.RefBlockBytes), len(raw.RefBlockHash), len(r.Reference.Number), len(r.Reference.Hash))
	case raw.RefBlockNum != 0:
		return Raw{}, errors.New("ref_block_num, which nobody uses")
	case len(raw.Data) > 0:
		return Raw{}, errors.New("a memo (data)")
	case len(raw.Scripts) > 0:
		return Raw{}, errors.New("scripts")
	case len(raw.Auths) > 0:
		return Raw{}, errors.New("auths")
	}
	r.Reference = Reference{Number: [2]byte(raw.RefBlockBytes), Hash: [8]byte(raw.RefBlockHash)}
	c := raw.Contract[0]
	r.Permission = c.PermissionId
	var err error
	r.Contract, err = decodeContract(c)
	return r, err
}

func decodeContract(c *tronpb.Transaction_Contract) (proto.Message, error) {
	kind, known := contracts[c.Type]
	switch {
	case !known:
		return nil, fmt.Errorf("contract type %d is not one that is read", c.Type)
	case len(c.Provider)+len(c.ContractName) > 0:
		return nil, errors.New("a contract with a provider or a name")
	}
	if want := typeURL(kind.Descriptor().FullName()); c.Parameter.GetTypeUrl() != want {
		return nil, fmt.Errorf("a parameter of %.80q in a contract of type %d; want %s", c.Parameter.GetTypeUrl(), c.Type, want)
	}
	m := kind.New().Interface()
	if err := strictly.Unmarshal(c.Parameter.GetValue(), m); err != nil {
		return nil, fmt.Errorf("%s: %w", kind.Descriptor().Name(), err)
	}
	return m, nil
}

// ID is what a transaction is known by, and what its keys sign: SHA-256 of its raw bytes.
func ID(raw []byte) coffer.Hash { return sha256.Sum256(raw) }

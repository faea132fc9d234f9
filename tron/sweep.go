package tron

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// A deposit address is an account of its own, whose key is a child of the wallet's DepositKey.
// It has no TRX, so before it is emptied the wallet makes its account, once, and lends it energy
// and bandwidth, which is taken back afterwards:
//
//	wallet:  make the account → delegate energy, bandwidth        → take them back
//	address:                                                sweep ↗
//
// All of these say which child the address is, so that signers can derive it.

// FormatDeposit names the bytes of an unsigned transaction of or for a deposit address: the
// index of the address's key in 4 bytes, big-endian, and raw_data as in FormatRaw.
const FormatDeposit = "tron/deposit"

const indexBytes = 4

// SaltOf is how a Sweep names the index of a deposit address's key.
func SaltOf(index uint32) (salt coffer.Hash) {
	binary.BigEndian.PutUint32(salt[len(salt)-indexBytes:], index)
	return salt
}

// IndexOf undoes SaltOf.
func IndexOf(salt coffer.Hash) (uint32, error) {
	index := binary.BigEndian.Uint32(salt[len(salt)-indexBytes:])
	if SaltOf(index) != salt || index > maxIndex {
		return 0, fmt.Errorf("salt %s is not the index of a key", salt)
	}
	return index, nil
}

// pathOf is where the key of a deposit address is.
func pathOf(index uint32) string { return pathPrefix + strconv.FormatUint(uint64(index), 10) }

// deposit is a deposit address of the account.
func (a Account) deposit(index uint32) (Address, error) {
	if a.Deposits.branch == nil {
		return Address{}, fmt.Errorf("wallet %s has no deposit addresses", a.Name())
	}
	return a.Deposits.Address(pathOf(index))
}

// SaltAt is SaltOf the index of the key at a path, "0/7".
func SaltAt(path string) (coffer.Hash, error) {
	index, err := indexAt(path)
	return SaltOf(index), err
}

func indexAt(path string) (uint32, error) {
	digits, ok := strings.CutPrefix(path, pathPrefix)
	index, err := strconv.ParseUint(digits, 10, 31)
	if !ok || err != nil || pathOf(uint32(index)) != path {
		return 0, fmt.Errorf("path %.40q: want 0/ and a number below 2^31", path)
	}
	return uint32(index), nil // #nosec G115 -- below 2^31
}

// depositAt is the index of the deposit address that is said to be at a path.
func (a Account) depositAt(path string, want Address) (uint32, error) {
	index, err := indexAt(path)
	if err != nil {
		return 0, err
	}
	at, err := a.deposit(index)
	if err == nil && at != want {
		err = fmt.Errorf("the deposit address at %s is %s, not %s", path, at, want)
	}
	return index, err
}

// signedBy is who signs a transaction of the wallet, or of one of its deposit addresses: that
// one's own key, under the permission that every account has.
func (a Account) signedBy(r unsigned) Account {
	if !r.sweep {
		return a
	}
	a.Address, a.Permission, a.Threshold, a.Keys = r.deposit, 0, 1, []Key{{Address: r.deposit, Weight: 1}}
	return a
}

// sweepOf is what empties a deposit address of so much of an asset.
func sweepOf(a Account, s coffer.Sweep, amount coffer.Amount) (proto.Message, uint32, error) {
	index, err := IndexOf(s.Salt)
	if err != nil {
		return nil, 0, err
	}
	from, err := a.deposit(index)
	if err != nil {
		return nil, 0, err
	}
	if AddressOf(from) != s.Forwarder {
		return nil, 0, fmt.Errorf("deposit address %d is %s, not %.80q", index, from, s.Forwarder)
	}
	if s.Asset == Native(a.Chain) {
		c, err := Transfer(from, a.Address, amount)
		return c, index, err
	}
	token, err := TokenOf(a.Chain, s.Asset)
	if err != nil {
		return nil, 0, err
	}
	return TransferToken(from, token, a.Address, amount), index, nil
}

// indexed puts the index of a deposit address before raw bytes.
func indexed(index uint32, raw []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, index), raw...)
}

// MakeAccount makes the account of an address, so that it can be lent energy and sign.
func MakeAccount(owner, account Address) *tronpb.AccountCreateContract {
	return &tronpb.AccountCreateContract{OwnerAddress: owner.Bytes(), AccountAddress: account.Bytes()}
}

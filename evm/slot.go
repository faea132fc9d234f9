package evm

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/holiman/uint256"

	"github.com/cofferhq/coffer"
)

// An EntryPoint nonce is a 192-bit key (our lane) and a 64-bit sequence: key<<64 | sequence
// (ERC-4337, "semi-abstracted nonce").

const maxLaneDigits = 48 // 192 bits

// slotOf reads a nonce.
func slotOf(nonce common.Hash) coffer.Slot {
	key := new(uint256.Int).SetBytes(nonce[:24])
	return coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: key.Hex(), Sequence: binary.BigEndian.Uint64(nonce[24:])}
}

// nonceOf is the nonce of a slot.
func nonceOf(slot coffer.Slot) (uint256.Int, error) {
	if slot.Kind != coffer.SlotEntryPoint {
		return uint256.Int{}, fmt.Errorf("slot %.120q: want kind %s", slot, coffer.SlotEntryPoint)
	}
	key, err := parseLane(slot.Lane)
	if err != nil {
		return uint256.Int{}, err
	}
	nonce := new(uint256.Int).Lsh(key, 64)
	return *nonce.Or(nonce, uint256.NewInt(slot.Sequence)), nil
}

// parseLane reads an EntryPoint key: 0x and 1 to 48 lower-case hex digits without leading
// zeros, "0x0" for zero.
func parseLane(lane string) (*uint256.Int, error) {
	digits, ok := strings.CutPrefix(lane, "0x")
	if !ok || digits == "" || len(digits) > maxLaneDigits || strings.Trim(digits, "0123456789abcdef") != "" {
		return nil, fmt.Errorf("lane %.80q: want 0x and at most 48 hex digits", lane)
	}
	key, err := uint256.FromHex(lane)
	if err != nil {
		return nil, fmt.Errorf("lane %.80q: %w", lane, err)
	}
	return key, nil
}

package tron

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cofferhq/coffer"
)

// A transaction's timestamp is ours to choose, since nodes do not check it, and part of its id.
// So it is the slot: the second is the sequence, and the millisecond in it the lane, so that
// two transactions of one account never have the same timestamp. What excludes a transaction is
// its expiration alone.

const (
	lanes        = 1000
	maxTimestamp = 253_402_300_800_000 // ms, the year 10000
)

// slotOf reads a timestamp.
func slotOf(timestamp int64) coffer.Slot {
	return coffer.Slot{
		Kind:     coffer.SlotTimestamp,
		Lane:     "0x" + strconv.FormatInt(timestamp%lanes, 16),
		Sequence: uint64(timestamp / lanes), // #nosec G115 -- not negative
	}
}

// timestampOf is the timestamp of a slot, in ms.
func timestampOf(slot coffer.Slot) (int64, error) {
	if slot.Kind != coffer.SlotTimestamp {
		return 0, fmt.Errorf("slot %.120q: want kind %s", slot.String(), coffer.SlotTimestamp)
	}
	digits, _ := strings.CutPrefix(slot.Lane, "0x")
	lane, err := strconv.ParseInt(digits, 16, 64)
	if err != nil || lane < 0 || lane >= lanes || slot.Sequence == 0 || slot.Sequence >= maxTimestamp/lanes {
		return 0, fmt.Errorf("slot %.120q: want a lane of 0x0 to 0x%x and a second before the year 10000", slot.String(), lanes-1)
	}
	timestamp := int64(slot.Sequence)*lanes + lane // #nosec G115 -- below maxTimestamp
	if slotOf(timestamp) != slot {
		return 0, fmt.Errorf("slot %.120q: its lane is not written as ours are, as in 0x0", slot.String())
	}
	return timestamp, nil
}

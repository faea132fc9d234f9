package tron

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Bounds of an answer, before it is decoded: an empty message is two bytes on the wire and
// hundreds in memory.
const (
	maxElements = 1 << 20 // fields in an answer, in whatever depth
	maxNesting  = 16
)

var errBrokenWire = errors.New("the bytes are no message")

// scan walks through a message without decoding it and bounds what decoding would make of it.
func scan(raw []byte, kind protoreflect.MessageDescriptor) error {
	left := maxElements
	return scanInto(raw, kind, &left, maxNesting)
}

func scanInto(raw []byte, kind protoreflect.MessageDescriptor, left *int, depth int) error {
	if depth == 0 {
		return fmt.Errorf("messages inside of messages, more than %d deep", maxNesting)
	}
	for len(raw) > 0 {
		number, wire, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return errBrokenWire
		}
		raw = raw[n:]
		if *left--; *left < 0 {
			return fmt.Errorf("more than %d fields in one answer", maxElements)
		}
		if wire != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, wire, raw); n < 0 {
				return errBrokenWire
			}
			raw = raw[n:]
			continue
		}
		value, n := protowire.ConsumeBytes(raw)
		if n < 0 {
			return errBrokenWire
		}
		raw = raw[n:]
		field := kind.Fields().ByNumber(number)
		if field == nil || field.Message() == nil {
			continue
		}
		if err := scanInto(value, field.Message(), left, depth-1); err != nil {
			return err
		}
	}
	return nil
}

// all returns the values of a field, which must be bytes or messages, in their order.
func all(raw []byte, number protowire.Number) ([][]byte, error) {
	var found [][]byte
	for len(raw) > 0 {
		at, wire, n := protowire.ConsumeTag(raw)
		if n < 0 {
			return nil, errBrokenWire
		}
		raw = raw[n:]
		if at == number && wire != protowire.BytesType {
			return nil, errBrokenWire
		}
		if n = protowire.ConsumeFieldValue(at, wire, raw); n < 0 {
			return nil, errBrokenWire
		}
		if at == number {
			value, _ := protowire.ConsumeBytes(raw)
			found = append(found, value)
		}
		raw = raw[n:]
	}
	return found, nil
}

// one returns the value of a field that must stand once: of one that stands twice decoders
// make a third thing.
func one(raw []byte, number protowire.Number) ([]byte, error) {
	found, err := all(raw, number)
	if err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("field %d stands %d times instead of once", number, len(found))
	}
	return found[0], nil
}

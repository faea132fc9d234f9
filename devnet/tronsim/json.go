package tronsim

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// java-tron's JSON of messages: names as in the .proto files, bytes in hex, numbers as
// numbers, maps as lists of key and value, nothing for what has its default value. With
// visible, addresses are base58check and texts are texts.

// object is a JSON object whose fields stay in order.
type object []member

type member struct {
	name  string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// printer writes messages.
type printer struct{ visible bool }

func (p printer) message(m proto.Message) object {
	if tx, ok := m.(*tronpb.Transaction); ok {
		return p.transaction(tx)
	}
	return p.fields(m.ProtoReflect())
}

func (p printer) fields(m protoreflect.Message) object {
	o := object{}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if m.Has(field) {
			o = append(o, member{string(field.Name()), p.field(field, m.Get(field))})
		}
	}
	return o
}

func (p printer) field(field protoreflect.FieldDescriptor, value protoreflect.Value) any {
	switch {
	case field.IsMap():
		var entries []object
		value.Map().Range(func(key protoreflect.MapKey, v protoreflect.Value) bool {
			entries = append(entries, object{{"key", key.Interface()}, {"value", p.one(field.MapValue(), v)}})
			return true
		})
		slices.SortFunc(entries, func(a, b object) int { return strings.Compare(fmt.Sprint(a[0].value), fmt.Sprint(b[0].value)) })
		return entries
	case field.IsList():
		list := make([]any, 0, value.List().Len())
		for i := range value.List().Len() {
			list = append(list, p.one(field, value.List().Get(i)))
		}
		return list
	default:
		return p.one(field, value)
	}
}

func (p printer) one(field protoreflect.FieldDescriptor, value protoreflect.Value) any {
	switch field.Kind() {
	case protoreflect.MessageKind:
		switch m := value.Message().Interface().(type) {
		case *tronpb.Transaction:
			return p.transaction(m)
		case *anypb.Any:
			return p.parameter(m)
		default:
			return p.fields(value.Message())
		}
	case protoreflect.EnumKind:
		if v := field.Enum().Values().ByNumber(value.Enum()); v != nil {
			return string(v.Name())
		}
		return int32(value.Enum())
	case protoreflect.BytesKind:
		return p.bytes(field, value.Bytes())
	default:
		return value.Interface()
	}
}

func (p printer) bytes(field protoreflect.FieldDescriptor, b []byte) string {
	if !p.visible {
		return hex.EncodeToString(b)
	}
	if isAddress(field) {
		if address, err := parseAddress(b); err == nil {
			return string(Text(address))
		}
		if len(b) == len(Address{}) { // of logs
			return string(Text(Address(b)))
		}
	}
	if isText(field) {
		return string(b)
	}
	return hex.EncodeToString(b)
}

func isAddress(field protoreflect.FieldDescriptor) bool {
	switch name := strings.ToLower(string(field.Name())); name {
	case "from", "to", "account", "fromaccounts", "toaccounts", "approved_list":
		return true
	default:
		return strings.Contains(name, "address")
	}
}

func isText(field protoreflect.FieldDescriptor) bool {
	switch field.Name() {
	case "message", "resMessage", "asset_name", "account_name", "note":
		return true
	default:
		return false
	}
}

// parameter writes what is inside of a contract.
func (p printer) parameter(m *anypb.Any) object {
	inner, err := unpack(m)
	if err != nil {
		return object{{"value", hex.EncodeToString(m.Value)}, {"type_url", m.TypeUrl}}
	}
	return object{{"value", p.fields(inner.ProtoReflect())}, {"type_url", m.TypeUrl}}
}

// transaction adds what java-tron adds: the id, the raw bytes, and how addresses are written.
func (p printer) transaction(tx *tronpb.Transaction) object {
	o := object{}
	if tx.RawData != nil {
		id := txID(tx)
		o = append(o, member{"visible", p.visible}, member{"txID", hex.EncodeToString(id[:])})
	}
	o = append(o, p.fields(tx.ProtoReflect())...)
	if tx.RawData != nil {
		o = append(o, member{"raw_data_hex", hex.EncodeToString(encode(tx.RawData))})
	}
	return o
}

// block writes a block in the form of HTTP, which is not that of the message.
func (p printer) block(b *tronpb.BlockExtention) object {
	if b.GetBlockHeader() == nil {
		return object{}
	}
	o := object{{"blockID", hex.EncodeToString(b.Blockid)}, {"block_header", p.fields(b.BlockHeader.ProtoReflect())}}
	if len(b.Transactions) > 0 {
		var txs []object
		for _, e := range b.Transactions {
			txs = append(txs, p.transaction(e.Transaction))
		}
		o = append(o, member{"transactions", txs})
	}
	return o
}

// extended writes an answer with a transaction in it.
func (p printer) extended(e *tronpb.TransactionExtention) object {
	o := object{}
	for _, m := range p.fields(e.ProtoReflect()) {
		if m.name != "txid" {
			o = append(o, m)
		}
	}
	return o
}

const maxJSONDepth = 16

var errDepth = errors.New("nested too deeply")

// reader reads messages from java-tron's JSON. Fields that a message does not have are
// left out, as java-tron does.
type reader struct{ visible bool }

func (r reader) merge(m protoreflect.Message, from map[string]any, depth int) error {
	if depth > maxJSONDepth {
		return errDepth
	}
	for name, given := range from {
		field := m.Descriptor().Fields().ByName(protoreflect.Name(name))
		if field == nil || given == nil {
			continue
		}
		if field.IsMap() {
			return fmt.Errorf("%s: maps are not read", name)
		}
		if !field.IsList() {
			value, err := r.value(m, field, given, depth)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			m.Set(field, value)
			continue
		}
		list, ok := given.([]any)
		if !ok {
			list = []any{given}
		}
		for _, item := range list {
			value, err := r.value(m, field, item, depth)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			m.Mutable(field).List().Append(value)
		}
	}
	return nil
}

func (r reader) value(m protoreflect.Message, field protoreflect.FieldDescriptor, given any, depth int) (protoreflect.Value, error) {
	var none protoreflect.Value
	switch field.Kind() {
	case protoreflect.MessageKind:
		from, ok := given.(map[string]any)
		if !ok {
			return none, errors.New("want an object")
		}
		if field.Message().FullName() == "google.protobuf.Any" {
			inner, err := r.parameter(from, depth)
			if err != nil {
				return none, err
			}
			return protoreflect.ValueOfMessage(inner.ProtoReflect()), nil
		}
		holder := m.NewField(field)
		if field.IsList() {
			holder = m.NewField(field).List().NewElement()
		}
		return holder, r.merge(holder.Message(), from, depth+1)
	case protoreflect.EnumKind:
		if text, ok := given.(string); ok {
			values := field.Enum().Values()
			for i := range values.Len() {
				if strings.EqualFold(string(values.Get(i).Name()), text) { // ABIs write them small
					return protoreflect.ValueOfEnum(values.Get(i).Number()), nil
				}
			}
		}
		n, err := number(given)
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n)), err //nolint:gosec // an unknown value is refused later
	case protoreflect.BytesKind:
		text, ok := given.(string)
		if !ok {
			return none, errors.New("want hex")
		}
		b, err := r.bytes(field, text)
		return protoreflect.ValueOfBytes(b), err
	case protoreflect.StringKind:
		text, ok := given.(string)
		if !ok {
			if n, isNumber := given.(json.Number); isNumber {
				return protoreflect.ValueOfString(n.String()), nil
			}
			return none, errors.New("want a text")
		}
		return protoreflect.ValueOfString(text), nil
	case protoreflect.BoolKind:
		switch given {
		case true, "true":
			return protoreflect.ValueOfBool(true), nil
		case false, "false":
			return protoreflect.ValueOfBool(false), nil
		}
		return none, errors.New("want true or false")
	case protoreflect.Int32Kind:
		n, err := number(given)
		return protoreflect.ValueOfInt32(int32(n)), err //nolint:gosec // an unknown id is refused later
	default:
		n, err := number(given)
		return protoreflect.ValueOfInt64(n), err
	}
}

func number(given any) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(fmt.Sprint(given)), 10, 64)
	if err != nil {
		return 0, errors.New("want a whole number of 64 bits")
	}
	return n, nil
}

func (r reader) bytes(field protoreflect.FieldDescriptor, text string) ([]byte, error) {
	if r.visible {
		if isAddress(field) || field.Name() == "value" {
			if address, err := ParseText(coffer.Address(text)); err == nil {
				return Wire(address), nil
			}
		}
		if isText(field) {
			return []byte(text), nil
		}
	}
	b, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	switch {
	case err != nil && r.visible && isAddress(field):
		return nil, errors.New("want an address with a right checksum, or hex")
	case err != nil:
		return nil, errors.New("want hex")
	}
	return b, nil
}

// parameter reads what is inside of a contract.
func (r reader) parameter(from map[string]any, depth int) (*anypb.Any, error) {
	url, _ := from["type_url"].(string)
	value, ok := from["value"].(map[string]any)
	if !ok {
		return nil, errors.New("value: want an object")
	}
	inner, err := unpack(&anypb.Any{TypeUrl: url})
	if err != nil {
		return nil, err
	}
	if err := r.merge(inner.ProtoReflect(), value, depth+1); err != nil {
		return nil, err
	}
	return pack(inner), nil
}

// unpack reads what is inside of a contract, which is the message of a contract and nothing
// else: others hold kinds of fields that are not read here, or contracts of their own.
func unpack(m *anypb.Any) (proto.Message, error) {
	name := m.MessageName()
	if _, known := tronpb.Transaction_Contract_ContractType_value[string(name.Name())]; !known || name.Parent() != "protocol" {
		return nil, fmt.Errorf("type_url %.80q is no contract", m.TypeUrl)
	}
	inner, err := m.UnmarshalNew()
	if err != nil {
		return nil, fmt.Errorf("type_url %.80q is not modelled", m.TypeUrl)
	}
	return inner, nil
}

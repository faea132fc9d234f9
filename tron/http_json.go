package tron

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// java-tron's JSON of messages: fields under their names in the .proto files, bytes in hex,
// numbers as numbers, maps as lists of key and value, nothing for what has its default value,
// {} for what is not there. A transaction comes with its raw bytes in hex, which are those that
// count; a block is a list of transactions beside its header.

// Names of fields that HTTP has and the messages do not.
const (
	jsonRawData = "raw_data_hex"
	jsonBlockID = "blockID"
	jsonError   = "Error"
)

var errTwice = errors.New("stands twice")

// asJSON is a message as a request has it.
func asJSON(m protoreflect.Message) any {
	fields := map[string]any{}
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if !field.IsList() {
			fields[string(field.Name())] = jsonValue(field, value)
			return true
		}
		list := make([]any, value.List().Len())
		for i := range list {
			list[i] = jsonValue(field, value.List().Get(i))
		}
		fields[string(field.Name())] = list
		return true
	})
	return fields
}

func jsonValue(field protoreflect.FieldDescriptor, value protoreflect.Value) any {
	switch field.Kind() {
	case protoreflect.BytesKind:
		return hex.EncodeToString(value.Bytes())
	case protoreflect.MessageKind:
		return asJSON(value.Message())
	case protoreflect.EnumKind:
		if known := field.Enum().Values().ByNumber(value.Enum()); known != nil {
			return string(known.Name())
		}
		return int32(value.Enum())
	}
	return value.Interface()
}

// readJSON turns an answer into the message that it is of, on the wire. Fields that the message
// does not have are passed over, as gRPC does it with numbers that it does not know.
func readJSON(text []byte, kind protoreflect.MessageDescriptor) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	r := &jsonReader{decoder: decoder, left: maxElements}
	token, err := r.token()
	if err != nil {
		return nil, notJSON(text, err)
	}
	var answer []byte
	switch token {
	case json.Delim('{'):
		answer, err = r.message(kind, maxNesting, true)
	case json.Delim('['): // what gRPC puts into a message with one list
		answer, err = r.bare(kind)
	default:
		return nil, notJSON(text, fmt.Errorf("it begins with %v", token))
	}
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the answer")
	}
	return answer, nil
}

func notJSON(text []byte, err error) error {
	return fmt.Errorf("the answer is not JSON (%s): %q", readable([]byte(err.Error()), maxMessage), readable(text, 80))
}

// jsonReader reads one answer.
type jsonReader struct {
	decoder *json.Decoder
	left    int // values
}

func (r *jsonReader) token() (json.Token, error) {
	if r.left--; r.left < 0 {
		return nil, fmt.Errorf("more than %d values in one answer", maxElements)
	}
	return r.decoder.Token()
}

// bare reads a list whose opening was read, as the only list of a message.
func (r *jsonReader) bare(kind protoreflect.MessageDescriptor) ([]byte, error) {
	if kind.Fields().Len() != 1 || !kind.Fields().Get(0).IsList() {
		return nil, fmt.Errorf("a list, which %s is not", kind.Name())
	}
	return r.list(kind.Fields().Get(0), maxNesting)
}

// message reads an object whose opening was read. Fields come out in the order of their numbers,
// as they were when they were hashed.
func (r *jsonReader) message(kind protoreflect.MessageDescriptor, depth int, top bool) ([]byte, error) {
	if depth == 0 {
		return nil, fmt.Errorf("objects inside of objects, more than %d deep", maxNesting)
	}
	found := map[protoreflect.FieldNumber][]byte{}
	for r.decoder.More() {
		token, err := r.token()
		if err != nil {
			return nil, err
		}
		name, ok := token.(string)
		if !ok {
			return nil, errors.New("an object without names")
		}
		if top && name == jsonError {
			return nil, r.refusal()
		}
		field := fieldOf(kind, name)
		if field == nil {
			if err := r.skip(depth - 1); err != nil {
				return nil, err
			}
			continue
		}
		if _, twice := found[field.Number()]; twice {
			return nil, fmt.Errorf("%s: %w", readable([]byte(name), maxReason), errTwice)
		}
		value, err := r.field(kind, field, name, depth)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found[field.Number()] = value
	}
	if _, err := r.token(); err != nil { // the closing
		return nil, err
	}
	var out []byte
	for _, number := range slices.Sorted(maps.Keys(found)) {
		out = append(out, found[number]...)
	}
	return out, nil
}

// fieldOf is the field of a message that HTTP calls so; nil when there is none.
func fieldOf(kind protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	switch {
	case kind.FullName() == "protocol.Transaction" && name == jsonRawData:
		return kind.Fields().ByName("raw_data")
	case kind.FullName() == "protocol.Transaction" && name == "raw_data":
		return nil // raw_data_hex counts
	case kind.FullName() == "protocol.BlockExtention" && name == jsonBlockID:
		return kind.Fields().ByName("blockid")
	}
	return kind.Fields().ByName(protoreflect.Name(name))
}

// field reads the value of a field and returns it with its tag, as often as it stands.
func (r *jsonReader) field(kind protoreflect.MessageDescriptor, field protoreflect.FieldDescriptor, name string, depth int) ([]byte, error) {
	token, err := r.token()
	if err != nil {
		return nil, err
	}
	switch {
	case token == nil: // null
		return nil, nil
	case name == jsonRawData:
		raw, err := hexBytes(token)
		return tagged(field, raw), err
	case token == json.Delim('['):
		if !field.IsList() && !field.IsMap() {
			return nil, errors.New("a list")
		}
		if kind.FullName() == "protocol.BlockExtention" && field.Name() == "transactions" {
			return r.transactions(field, depth)
		}
		return r.list(field, depth)
	case field.IsList() || field.IsMap():
		return nil, errors.New("want a list")
	}
	return r.value(field, token, depth, false)
}

// list reads values until the list ends.
func (r *jsonReader) list(field protoreflect.FieldDescriptor, depth int) ([]byte, error) {
	var out, packed []byte
	for r.decoder.More() {
		token, err := r.token()
		if err != nil {
			return nil, err
		}
		value, err := r.value(field, token, depth, true)
		if err != nil {
			return nil, err
		}
		if field.IsPacked() {
			packed = append(packed, value...)
			continue
		}
		out = append(out, value...)
	}
	if len(packed) > 0 {
		out = tagged(field, packed)
	}
	_, err := r.token() // the closing
	return out, err
}

// transactions reads those of a block, each of which gRPC puts into another message.
func (r *jsonReader) transactions(field protoreflect.FieldDescriptor, depth int) ([]byte, error) {
	inner := field.Message().Fields().ByName("transaction")
	var out []byte
	for r.decoder.More() {
		token, err := r.token()
		if err != nil {
			return nil, err
		}
		value, err := r.value(inner, token, depth-1, true)
		if err != nil {
			return nil, err
		}
		out = append(out, tagged(field, value)...)
	}
	_, err := r.token() // the closing
	return out, err
}

// value turns a value into a field on the wire; what has its default value is nothing, unless it
// is one of several. Of packed lists it is the value alone.
func (r *jsonReader) value(field protoreflect.FieldDescriptor, token json.Token, depth int, repeated bool) ([]byte, error) {
	switch field.Kind() {
	case protoreflect.MessageKind:
		if token != json.Delim('{') {
			return nil, errors.New("want an object")
		}
		inner, err := r.message(field.Message(), depth-1, false)
		return tagged(field, inner), err
	case protoreflect.BytesKind, protoreflect.StringKind:
		read, err := textOrBytes(field, token)
		if err != nil || (len(read) == 0 && !repeated) {
			return nil, err
		}
		return tagged(field, read), nil
	}
	n, err := wholeNumber(field, token)
	if err != nil || (n == 0 && !repeated) {
		return nil, err
	}
	if field.IsPacked() {
		return protowire.AppendVarint(nil, n), nil
	}
	return protowire.AppendVarint(protowire.AppendTag(nil, field.Number(), protowire.VarintType), n), nil
}

func tagged(field protoreflect.FieldDescriptor, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, field.Number(), protowire.BytesType), value)
}

// textOrBytes reads a string. A node's words to us are bytes that it writes in hex or as they are.
func textOrBytes(field protoreflect.FieldDescriptor, token json.Token) ([]byte, error) {
	if number, ok := token.(json.Number); ok && field.Kind() == protoreflect.StringKind {
		return []byte(number), nil
	}
	if field.Kind() == protoreflect.BytesKind {
		read, err := hexBytes(token)
		if text, ok := token.(string); err != nil && ok && field.Name() == "message" {
			return []byte(text), nil
		}
		return read, err
	}
	text, ok := token.(string)
	if !ok {
		return nil, errors.New("want a text")
	}
	return []byte(text), nil
}

func hexBytes(token json.Token) ([]byte, error) {
	text, ok := token.(string)
	if !ok {
		return nil, errors.New("want hex in a text")
	}
	read, err := hex.DecodeString(text)
	if err != nil {
		return nil, errors.New("want hex")
	}
	return read, nil
}

// wholeNumber reads an integer, a truth or the name of an enum's value, as a varint holds it.
// Nodes may write numbers as texts.
func wholeNumber(field protoreflect.FieldDescriptor, token json.Token) (uint64, error) {
	if field.Kind() == protoreflect.BoolKind {
		yes, ok := token.(bool)
		if !ok {
			return 0, errors.New("want true or false")
		}
		return protowire.EncodeBool(yes), nil
	}
	text := ""
	switch t := token.(type) {
	case json.Number:
		text = t.String()
	case string:
		text = t
	default:
		return 0, errors.New("want a number")
	}
	bits := 64
	switch field.Kind() {
	case protoreflect.EnumKind:
		if known := field.Enum().Values().ByName(protoreflect.Name(text)); known != nil {
			return uint64(known.Number()), nil // #nosec G115 -- as protobuf writes it
		}
		bits = 32
	case protoreflect.Int32Kind:
		bits = 32
	case protoreflect.Int64Kind:
	default:
		return 0, fmt.Errorf("%s is not read", field.Kind())
	}
	n, err := strconv.ParseInt(text, 10, bits)
	if err != nil {
		return 0, fmt.Errorf("want a whole number of %d bits", bits)
	}
	return uint64(n), nil // #nosec G115 -- as protobuf writes it
}

// skip passes over a value of any kind.
func (r *jsonReader) skip(depth int) error {
	open := 0
	for {
		token, err := r.token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			open++
		case json.Delim('}'), json.Delim(']'):
			open--
		}
		if open > depth {
			return fmt.Errorf("objects inside of objects, more than %d deep", maxNesting)
		}
		if open == 0 {
			return nil
		}
	}
}

// refusal is what a node says instead of an answer: {"Error": "class … : …"}, with status 200.
func (r *jsonReader) refusal() error {
	token, err := r.token()
	if err != nil {
		return err
	}
	text, ok := token.(string)
	if !ok {
		return errors.New("an error that is no text")
	}
	return &callError{"HTTP", codes.Unknown, readable([]byte(text), maxMessage)}
}

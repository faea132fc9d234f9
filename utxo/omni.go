package utxo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

// OmniType is what a transaction of the Omni Layer does.
type OmniType uint16

// Types that are read. All others are kept as OmniUnknown.
const (
	OmniTypeSimpleSend      OmniType = 0
	OmniTypeSendAll         OmniType = 4
	OmniTypeCreateManaged   OmniType = 54
	OmniTypeGrant           OmniType = 55
	OmniTypeRevoke          OmniType = 56
	OmniTypeEnableFreezing  OmniType = 71
	OmniTypeDisableFreezing OmniType = 72
	OmniTypeFreeze          OmniType = 185
	OmniTypeUnfreeze        OmniType = 186
)

// Ecosystems of the Omni Layer.
const (
	OmniMain byte = 1
	OmniTest byte = 2
)

// Property types: units that cannot be divided, and units of 10^-8.
const (
	OmniIndivisible uint16 = 1
	OmniDivisible   uint16 = 2
)

// Bounds of payloads.
const (
	MaxOmniAmount = math.MaxInt64 // a valid amount is 1 to this
	MaxOmniText   = 255           // bytes; Omni Core cuts longer ones off

	// maxOmniPayload is how much of a payload is read; more is cut off.
	maxOmniPayload = 255 * 31

	omniHeader       = 4 // version and type, 16 bits each
	omniAmountEnd    = omniHeader + 4 + 8
	omniTargetBytes  = 21
	omniCreateHeader = omniHeader + 1 + 2 + 4
	omniTexts        = 5
)

// Errors of payloads.
var (
	ErrOmniPayload = errors.New("not a payload of the Omni Layer")
	ErrOmniAmount  = errors.New("want an amount of 1 to 2^63-1")
	ErrOmniText    = errors.New("want a text of at most 255 bytes without a zero byte")
	ErrOmniName    = errors.New("want a name of the property")
)

// OmniMessage is the payload of an Omni Layer transaction: OmniSimpleSend, OmniSendAll,
// OmniCreateManaged, OmniGrant, OmniRevoke, OmniFreezing, OmniFreeze or OmniUnknown.
type OmniMessage interface {
	// encode appends what follows version and type.
	encode(to []byte) ([]byte, error)
	head() (version uint16, kind OmniType)
}

// OmniSimpleSend moves an amount of one property from the sender to the reference.
type OmniSimpleSend struct {
	Property uint32
	Amount   uint64
}

// OmniSendAll moves all the sender has, and is not frozen, of one ecosystem.
type OmniSendAll struct{ Ecosystem byte }

// OmniCreateManaged makes a property whose issuer grants and revokes units.
type OmniCreateManaged struct {
	Ecosystem    byte
	PropertyType uint16
	Previous     uint32
	Category     string
	Subcategory  string
	Name         string
	URL          string
	Data         string
}

// OmniGrant makes units of a managed property. Note is not read back: it has no effect.
type OmniGrant struct {
	Property uint32
	Amount   uint64
	Note     string
}

// OmniRevoke destroys units of a managed property that the issuer has.
type OmniRevoke struct {
	Property uint32
	Amount   uint64
	Note     string
}

// OmniFreezing allows the issuer of a property to freeze, or takes that back.
type OmniFreezing struct {
	Property uint32
	Enable   bool
}

// OmniFreeze freezes or thaws what an address has of a property. Amount has no effect. Target
// is the address: its version byte and its HASH160.
type OmniFreeze struct {
	Property uint32
	Amount   uint64
	Target   [omniTargetBytes]byte
	Thaw     bool
}

// OmniUnknown is a payload of a type or a version that is not read.
type OmniUnknown struct {
	Version uint16
	Type    OmniType
	Body    []byte
}

func (OmniSimpleSend) head() (uint16, OmniType)    { return 0, OmniTypeSimpleSend }
func (OmniSendAll) head() (uint16, OmniType)       { return 0, OmniTypeSendAll }
func (OmniCreateManaged) head() (uint16, OmniType) { return 0, OmniTypeCreateManaged }
func (OmniGrant) head() (uint16, OmniType)         { return 0, OmniTypeGrant }
func (OmniRevoke) head() (uint16, OmniType)        { return 0, OmniTypeRevoke }
func (m OmniUnknown) head() (uint16, OmniType)     { return m.Version, m.Type }

func (m OmniFreezing) head() (uint16, OmniType) {
	if m.Enable {
		return 0, OmniTypeEnableFreezing
	}
	return 0, OmniTypeDisableFreezing
}

func (m OmniFreeze) head() (uint16, OmniType) {
	if m.Thaw {
		return 0, OmniTypeUnfreeze
	}
	return 0, OmniTypeFreeze
}

// EncodeOmni writes a payload. It refuses amounts and texts that nobody would accept.
func EncodeOmni(m OmniMessage) ([]byte, error) {
	version, kind := m.head()
	payload := binary.BigEndian.AppendUint16(nil, version)
	payload = binary.BigEndian.AppendUint16(payload, uint16(kind))
	payload, err := m.encode(payload)
	if err == nil && len(payload) > maxOmniPayload {
		err = fmt.Errorf("%w: %d bytes; at most %d are read", ErrOmniPayload, len(payload), maxOmniPayload)
	}
	if err != nil {
		return nil, fmt.Errorf("omni type %d: %w", kind, err)
	}
	return payload, nil
}

func (m OmniSimpleSend) encode(to []byte) ([]byte, error) {
	return appendOmniAmount(to, m.Property, m.Amount)
}

func (m OmniSendAll) encode(to []byte) ([]byte, error) { return append(to, m.Ecosystem), nil }

func (m OmniCreateManaged) encode(to []byte) ([]byte, error) {
	if m.Name == "" {
		return nil, ErrOmniName
	}
	to = append(to, m.Ecosystem)
	to = binary.BigEndian.AppendUint16(to, m.PropertyType)
	to = binary.BigEndian.AppendUint32(to, m.Previous)
	var err error
	for _, text := range []string{m.Category, m.Subcategory, m.Name, m.URL, m.Data} {
		if to, err = appendOmniText(to, text); err != nil {
			return nil, err
		}
	}
	return to, nil
}

func (m OmniGrant) encode(to []byte) ([]byte, error) {
	return appendOmniNote(to, m.Property, m.Amount, m.Note)
}

func (m OmniRevoke) encode(to []byte) ([]byte, error) {
	return appendOmniNote(to, m.Property, m.Amount, m.Note)
}

func (m OmniFreezing) encode(to []byte) ([]byte, error) {
	return binary.BigEndian.AppendUint32(to, m.Property), nil
}

func (m OmniFreeze) encode(to []byte) ([]byte, error) {
	to = binary.BigEndian.AppendUint32(to, m.Property)
	to = binary.BigEndian.AppendUint64(to, m.Amount)
	return append(to, m.Target[:]...), nil
}

func (m OmniUnknown) encode(to []byte) ([]byte, error) { return append(to, m.Body...), nil }

func appendOmniAmount(to []byte, property uint32, amount uint64) ([]byte, error) {
	if !validOmniAmount(amount) {
		return nil, fmt.Errorf("%w, not %d", ErrOmniAmount, amount)
	}
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(to, property), amount), nil
}

func validOmniAmount(amount uint64) bool { return amount >= 1 && amount <= MaxOmniAmount }

func appendOmniNote(to []byte, property uint32, amount uint64, note string) ([]byte, error) {
	to, err := appendOmniAmount(to, property, amount)
	if err != nil {
		return nil, err
	}
	return appendOmniText(to, note)
}

func appendOmniText(to []byte, text string) ([]byte, error) {
	if len(text) > MaxOmniText || strings.IndexByte(text, 0) >= 0 {
		return nil, fmt.Errorf("%w, not %.40q", ErrOmniText, text)
	}
	return append(append(to, text...), 0), nil
}

// ParseOmni reads a payload as Omni Core does: what follows a message is ignored, and what is
// too short for its type is an error. Whether a message is valid is a question of the state
// of all properties, which a payload alone does not answer.
func ParseOmni(payload []byte) (OmniMessage, error) {
	if len(payload) < omniHeader {
		return nil, fmt.Errorf("%w: %d bytes", ErrOmniPayload, len(payload))
	}
	payload = payload[:min(len(payload), maxOmniPayload)]
	version, kind := binary.BigEndian.Uint16(payload), OmniType(binary.BigEndian.Uint16(payload[2:]))
	least, known := omniLeast[kind]
	if !known || version != 0 {
		return OmniUnknown{Version: version, Type: kind, Body: append([]byte{}, payload[omniHeader:]...)}, nil
	}
	if len(payload) < least {
		return nil, fmt.Errorf("%w: %d bytes of type %d; want at least %d", ErrOmniPayload, len(payload), kind, least)
	}
	return parseOmni(kind, payload)
}

// omniLeast is how many bytes a payload of each type that is read has at least.
var omniLeast = map[OmniType]int{
	OmniTypeSimpleSend:      omniAmountEnd,
	OmniTypeSendAll:         omniHeader + 1,
	OmniTypeCreateManaged:   omniCreateHeader + omniTexts + 1, // a name
	OmniTypeGrant:           omniAmountEnd,
	OmniTypeRevoke:          omniAmountEnd,
	OmniTypeEnableFreezing:  omniHeader + 4,
	OmniTypeDisableFreezing: omniHeader + 4,
	OmniTypeFreeze:          omniAmountEnd + omniTargetBytes,
	OmniTypeUnfreeze:        omniAmountEnd + omniTargetBytes,
}

// parseOmni reads a payload that is long enough for its type.
func parseOmni(kind OmniType, payload []byte) (OmniMessage, error) {
	switch kind {
	case OmniTypeSendAll:
		return OmniSendAll{Ecosystem: payload[omniHeader]}, nil
	case OmniTypeCreateManaged:
		return parseOmniCreate(payload)
	}
	property := binary.BigEndian.Uint32(payload[omniHeader:])
	switch kind {
	case OmniTypeEnableFreezing, OmniTypeDisableFreezing:
		return OmniFreezing{Property: property, Enable: kind == OmniTypeEnableFreezing}, nil
	}
	amount := binary.BigEndian.Uint64(payload[omniHeader+4:])
	switch kind {
	case OmniTypeSimpleSend:
		return OmniSimpleSend{Property: property, Amount: amount}, nil
	case OmniTypeGrant:
		return OmniGrant{Property: property, Amount: amount}, nil
	case OmniTypeRevoke:
		return OmniRevoke{Property: property, Amount: amount}, nil
	}
	m := OmniFreeze{Property: property, Amount: amount, Thaw: kind == OmniTypeUnfreeze}
	copy(m.Target[:], payload[omniAmountEnd:])
	return m, nil
}

func parseOmniCreate(payload []byte) (OmniMessage, error) {
	m := OmniCreateManaged{
		Ecosystem:    payload[omniHeader],
		PropertyType: binary.BigEndian.Uint16(payload[omniHeader+1:]),
		Previous:     binary.BigEndian.Uint32(payload[omniHeader+3:]),
	}
	rest := string(payload[omniCreateHeader:])
	for _, field := range []*string{&m.Category, &m.Subcategory, &m.Name, &m.URL, &m.Data} {
		text, after, ok := strings.Cut(rest, "\x00")
		if !ok {
			return nil, fmt.Errorf("%w: a text without an end", ErrOmniPayload)
		}
		*field, rest = text[:min(len(text), MaxOmniText)], after
	}
	return m, nil
}

// OmniTypeOf is a message's type.
func OmniTypeOf(m OmniMessage) OmniType {
	_, kind := m.head()
	return kind
}

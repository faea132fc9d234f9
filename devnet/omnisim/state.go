package omnisim

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// First identifiers of properties that people make.
const (
	firstMain = 3
	firstTest = 1<<31 + 3
)

// invalid is why a message is invalid, as omni_gettransaction says it.
type invalid string

func (i invalid) Error() string { return string(i) }

const (
	errAmount    invalid = "Value out of range or zero"
	errProperty  invalid = "Property does not exist"
	errBalance   invalid = "Sender has insufficient balance"
	errNothing   invalid = "Sender has no tokens to send"
	errFrozen    invalid = "Address is frozen"
	errManaged   invalid = "Sender is not the issuer of the property"
	errSupply    invalid = "Number of tokens is out of range"
	errCreate    invalid = "Ecosystem, type or name of property are invalid"
	errFreezing  invalid = "Freezing is not enabled, or is already"
	errThawed    invalid = "Address is already frozen, or not"
	errForbidden invalid = "Transaction type or version not permitted"
)

// property is a managed property.
type property struct {
	id       uint32
	made     utxo.OmniCreateManaged
	issuer   coffer.Address
	by       coffer.Hash
	supply   uint64
	freezing bool
}

func (p *property) divisible() bool { return p.made.PropertyType == utxo.OmniDivisible }

// text is an amount as people and Omni Core write it.
func (p *property) text(amount uint64) string {
	if !p.divisible() {
		return strconv.FormatUint(amount, 10)
	}
	const unit = 100_000_000
	return fmt.Sprintf("%d.%08d", amount/unit, amount%unit)
}

// holding is what one address has of one property.
type holding struct {
	owner    coffer.Address
	property uint32
}

// subsend is one part of what a send all moved.
type subsend struct {
	property uint32
	amount   uint64
}

// state is what all messages so far come to.
type state struct {
	properties map[uint32]*property
	balances   map[holding]uint64
	frozen     map[holding]bool
	next       map[byte]uint32 // identifier of the next property of an ecosystem
}

func newState() *state {
	return &state{
		properties: map[uint32]*property{},
		balances:   map[holding]uint64{},
		frozen:     map[holding]bool{},
		next:       map[byte]uint32{utxo.OmniMain: firstMain, utxo.OmniTest: firstTest},
	}
}

// effect is what a valid message did beyond what it says.
type effect struct {
	created uint32
	sent    []subsend
}

// apply does what a message says, or nothing and says why it is invalid.
func (s *state) apply(id coffer.Hash, tx utxo.OmniTransaction, target coffer.Address) (effect, error) {
	switch m := tx.Message.(type) {
	case utxo.OmniSimpleSend:
		return effect{}, s.send(tx, m)
	case utxo.OmniSendAll:
		sent := s.sendAll(tx, m)
		if len(sent) == 0 {
			return effect{}, errNothing
		}
		return effect{sent: sent}, nil
	case utxo.OmniCreateManaged:
		return s.create(id, tx.Sender, m)
	case utxo.OmniGrant:
		return effect{}, s.grant(tx, m)
	case utxo.OmniRevoke:
		return effect{}, s.revoke(tx.Sender, m)
	case utxo.OmniFreezing:
		p, err := s.issued(tx.Sender, m.Property)
		if err == nil && p.freezing == m.Enable {
			err = errFreezing
		}
		if err != nil {
			return effect{}, err
		}
		p.freezing = m.Enable
		if !m.Enable { // nothing stays frozen
			for h := range s.frozen {
				if h.property == m.Property {
					delete(s.frozen, h)
				}
			}
		}
		return effect{}, nil
	case utxo.OmniFreeze:
		return effect{}, s.freeze(tx.Sender, m, target)
	}
	return effect{}, errForbidden
}

func validAmount(amount uint64) error {
	if amount < 1 || amount > utxo.MaxOmniAmount {
		return errAmount
	}
	return nil
}

func (s *state) send(tx utxo.OmniTransaction, m utxo.OmniSimpleSend) error {
	from := holding{tx.Sender, m.Property}
	switch {
	case s.frozen[from]:
		return errFrozen
	case validAmount(m.Amount) != nil:
		return errAmount
	case s.properties[m.Property] == nil:
		return errProperty
	case s.balances[from] < m.Amount:
		return errBalance
	}
	s.move(from, tx.Reference, m.Amount)
	return nil
}

func (s *state) move(from holding, to coffer.Address, amount uint64) {
	s.balances[from] -= amount
	s.balances[holding{to, from.property}] += amount
}

func (s *state) sendAll(tx utxo.OmniTransaction, m utxo.OmniSendAll) (sent []subsend) {
	for _, id := range s.held(tx.Sender) {
		from := holding{tx.Sender, id}
		if s.properties[id].made.Ecosystem != m.Ecosystem || s.frozen[from] {
			continue
		}
		sent = append(sent, subsend{id, s.balances[from]})
		s.move(from, tx.Reference, s.balances[from])
	}
	return sent
}

// held lists the properties of which an address has some.
func (s *state) held(owner coffer.Address) (ids []uint32) {
	for id := range s.properties {
		if s.balances[holding{owner, id}] > 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (s *state) create(id coffer.Hash, issuer coffer.Address, m utxo.OmniCreateManaged) (effect, error) {
	number, ok := s.next[m.Ecosystem]
	kind := m.PropertyType == utxo.OmniDivisible || m.PropertyType == utxo.OmniIndivisible
	if !ok || !kind || m.Name == "" || m.Previous != 0 {
		return effect{}, errCreate
	}
	s.next[m.Ecosystem]++
	s.properties[number] = &property{id: number, made: m, issuer: issuer, by: id}
	return effect{created: number}, nil
}

// issued returns a property if this is its issuer, whom nobody has frozen.
func (s *state) issued(by coffer.Address, id uint32) (*property, error) {
	p := s.properties[id]
	switch {
	case s.frozen[holding{by, id}]:
		return nil, errFrozen
	case p == nil:
		return nil, errProperty
	case p.issuer != by:
		return nil, errManaged
	}
	return p, nil
}

func (s *state) grant(tx utxo.OmniTransaction, m utxo.OmniGrant) error {
	p, err := s.issued(tx.Sender, m.Property)
	if err == nil {
		err = validAmount(m.Amount)
	}
	if err == nil && m.Amount > utxo.MaxOmniAmount-p.supply {
		err = errSupply
	}
	if err != nil {
		return err
	}
	p.supply += m.Amount
	s.balances[holding{tx.Reference, m.Property}] += m.Amount
	return nil
}

func (s *state) revoke(by coffer.Address, m utxo.OmniRevoke) error {
	p, err := s.issued(by, m.Property)
	if err == nil {
		err = validAmount(m.Amount)
	}
	from := holding{by, m.Property}
	if err == nil && s.balances[from] < m.Amount {
		err = errBalance
	}
	if err != nil {
		return err
	}
	p.supply -= m.Amount
	s.balances[from] -= m.Amount
	return nil
}

func (s *state) freeze(by coffer.Address, m utxo.OmniFreeze, target coffer.Address) error {
	p, err := s.issued(by, m.Property)
	at := holding{target, m.Property}
	switch {
	case err != nil:
		return err
	case !p.freezing:
		return errFreezing
	case s.frozen[at] != m.Thaw:
		return errThawed
	case m.Thaw:
		delete(s.frozen, at)
	default:
		s.frozen[at] = true
	}
	return nil
}

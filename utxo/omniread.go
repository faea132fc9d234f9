package utxo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// maxOmniListed bounds the list of a block's messages: each takes 60 bytes of the block at
// least. maxOmniSubsends bounds the parts of one send all.
const (
	maxOmniListed   = maxBlockBytes / 60
	maxOmniSubsends = 100_000
)

// omniCandidate is a transaction of a block whose payload may move the property.
type omniCandidate struct {
	id      coffer.Hash
	tx      *wire.MsgTx
	message OmniMessage
}

// omniMove is what a server says that a valid message moved; of an invalid one it is zero.
type omniMove struct {
	from, to coffer.Address
	amount   coffer.Amount
}

// transfers returns what a block's valid messages moved of the property. A message counts when
// its payload in the block says so and every server says that it is valid, in this block. A
// server that has not read the block yet, or has another one, is an error: the block cannot be
// read yet.
//
// A message that every server calls invalid is a transfer of nothing, from nobody to nobody:
// whoever sent it learns that for certain.
func (o *Omni) transfers(ctx context.Context, block *wire.MsgBlock, header coffer.Header) ([]coffer.Transfer, error) {
	candidates := o.candidates(block)
	if len(candidates) == 0 {
		return nil, nil
	}
	var agreed map[coffer.Hash]omniMove
	for n, node := range o.nodes {
		said, err := o.ask(ctx, node, candidates, header.BlockRef)
		if err != nil {
			return nil, fmt.Errorf("omni: %w", err)
		}
		if n > 0 {
			if err := omniSame(agreed, said); err != nil {
				return nil, fmt.Errorf("omni: %w", err)
			}
		}
		agreed = said
	}
	var transfers []coffer.Transfer
	for _, c := range candidates {
		moved, told := agreed[c.id]
		if !told {
			continue
		}
		if moved == (omniMove{}) {
			transfers = append(transfers, coffer.Transfer{Asset: o.asset, Tx: c.id, Ref: o.ref()})
			continue
		}
		if err := o.check(ctx, c, moved); err != nil {
			if !errors.Is(err, ErrNotProven) {
				return nil, fmt.Errorf("omni: transaction %s: %w", c.id, err)
			}
			o.leaveOut(c, header.BlockRef, err)
			continue
		}
		transfers = append(transfers, coffer.Transfer{
			Asset: o.asset, Tx: c.id, Ref: o.ref(),
			From: moved.from, To: moved.to, Amount: moved.amount,
		})
	}
	return transfers, nil
}

func (o *Omni) ref() string { return fmt.Sprintf("omni:%d", o.property) }

// leaveOut notes a message that the servers and its own bytes tell in two ways. It does not
// count, and it is no error of the block: else anybody could hold up the chain with a message
// that two readers read in two ways.
func (o *Omni) leaveOut(c omniCandidate, at coffer.BlockRef, why error) {
	o.log.Error("omni transfer is left out", "tx", c.id, "block", at.Hash, "property", o.property, "err", why)
}

// omniSame checks that two servers say the same.
func omniSame(a, b map[coffer.Hash]omniMove) error {
	for _, pair := range [][2]map[coffer.Hash]omniMove{{a, b}, {b, a}} {
		for id, moved := range pair[0] {
			if other, ok := pair[1][id]; !ok || other != moved {
				return fmt.Errorf("%w about transaction %s", ErrOmniDisagree, id)
			}
		}
	}
	return nil
}

// candidates are the transactions that might move the property, by their own bytes.
func (o *Omni) candidates(block *wire.MsgBlock) (found []omniCandidate) {
	for i, tx := range block.Transactions {
		payload, ok := OmniPayload(tx)
		if !ok || i == 0 {
			continue
		}
		message, err := ParseOmni(payload)
		if err != nil {
			continue
		}
		switch m := message.(type) {
		case OmniSimpleSend:
			ok = m.Property == o.property && validOmniAmount(m.Amount)
		case OmniSendAll:
			ok = m.Ecosystem == omniEcosystem(o.property)
		default:
			ok = false
		}
		if ok {
			found = append(found, omniCandidate{id: HashOf(tx.TxHash()), tx: tx, message: message})
		}
	}
	return found
}

// omniEcosystem tells by its identifier where a property is: those of the test ecosystem are 2
// and what has the highest bit.
func omniEcosystem(property uint32) byte {
	if property == uint32(OmniTest) || property>>31 == 1 {
		return OmniTest
	}
	return OmniMain
}

// ask asks one server which candidates are valid. Before and after, it must have this block.
func (o *Omni) ask(ctx context.Context, node *Client, candidates []omniCandidate, at coffer.BlockRef) (map[coffer.Hash]omniMove, error) {
	if err := omniReady(ctx, node, at); err != nil {
		return nil, err
	}
	listed, err := omniListed(ctx, node, at.Height)
	if err != nil {
		return nil, err
	}
	moves := map[coffer.Hash]omniMove{}
	for _, c := range candidates {
		if !listed[c.id] {
			moves[c.id] = omniMove{} // not a message to the server: its sender has no address there
			continue
		}
		moved, valid, err := o.askOne(ctx, node, c, at)
		switch {
		case errors.Is(err, ErrNotProven):
			o.leaveOut(c, at, err)
		case err != nil:
			return nil, fmt.Errorf("transaction %s: %w", c.id, err)
		case valid:
			moves[c.id] = moved
		default:
			moves[c.id] = omniMove{}
		}
	}
	if err := omniHas(ctx, node, at); err != nil {
		return nil, err
	}
	return moves, nil
}

func omniListed(ctx context.Context, node *Client, height uint64) (map[coffer.Hash]bool, error) {
	var texts []string
	if err := node.Call(ctx, &texts, "omni_listblocktransactions", height); err != nil {
		if Classify(err) == NotFound {
			return nil, fmt.Errorf("%w: %w", ErrOmniNotReady, err)
		}
		return nil, err
	}
	if len(texts) > maxOmniListed {
		return nil, fmt.Errorf("a block of %d messages; at most %d fit", len(texts), maxOmniListed)
	}
	ids := map[coffer.Hash]bool{}
	for _, text := range texts {
		id, err := parseHash(text)
		if err != nil {
			return nil, err
		}
		ids[id] = true
	}
	return ids, nil
}

// omniAnswer is what omni_gettransaction says, as far as it is used. Pointers tell what it
// does not say.
type omniAnswer struct {
	ID        string  `json:"txid"`
	Sender    string  `json:"sendingaddress"`
	Reference string  `json:"referenceaddress"`
	Version   *uint16 `json:"version"`
	Type      *uint16 `json:"type_int"`
	Valid     *bool   `json:"valid"`
	BlockHash string  `json:"blockhash"`
	omniPart
	Subsends []omniPart `json:"subsends"`
}

// omniPart is an amount of a property.
type omniPart struct {
	Property  *uint32 `json:"propertyid"`
	Divisible *bool   `json:"divisible"`
	Amount    string  `json:"amount"`
}

// askOne asks for one message that the server listed.
func (o *Omni) askOne(ctx context.Context, node *Client, c omniCandidate, at coffer.BlockRef) (moved omniMove, valid bool, err error) {
	var raw json.RawMessage
	if err := node.Call(ctx, &raw, "omni_gettransaction", hexOf(c.id)); err != nil {
		if Classify(err) == NotFound {
			return omniMove{}, false, fmt.Errorf("%w: it is listed and unknown: %w", ErrOmniNotReady, err)
		}
		return omniMove{}, false, err
	}
	var said omniAnswer
	if err := json.Unmarshal(raw, &said); err != nil {
		return omniMove{}, false, fmt.Errorf("omni_gettransaction: %w", err)
	}
	return o.readAnswer(said, c, at)
}

// readAnswer reads what a server says of a message.
func (o *Omni) readAnswer(said omniAnswer, c omniCandidate, at coffer.BlockRef) (moved omniMove, valid bool, err error) {
	if id, err := parseHash(said.ID); err != nil || id != c.id {
		return omniMove{}, false, fmt.Errorf("the answer is about transaction %.80q", said.ID)
	}
	if hash, err := parseHash(said.BlockHash); err != nil || hash != at.Hash || said.Valid == nil {
		return omniMove{}, false, fmt.Errorf("%w: it knows the transaction in block %.80q", ErrOmniNotReady, said.BlockHash)
	}
	if !*said.Valid {
		return omniMove{}, false, nil
	}
	if said.Version == nil || *said.Version != 0 || said.Type == nil || OmniType(*said.Type) != OmniTypeOf(c.message) {
		return omniMove{}, false, fmt.Errorf("%w: the answer is of another type", ErrNotProven)
	}
	part, found := said.omniPart, true
	if OmniTypeOf(c.message) == OmniTypeSendAll {
		if part, found, err = o.subsend(said.Subsends); err != nil {
			return omniMove{}, false, err
		}
	}
	if !found {
		return omniMove{}, false, nil // it moved other properties
	}
	if part.Property == nil || *part.Property != o.property || part.Divisible == nil {
		return omniMove{}, false, fmt.Errorf("%w: the answer is about another property", ErrNotProven)
	}
	amount, err := coffer.ParseUnits(part.Amount, omniPlaces(*part.Divisible))
	if err != nil {
		return omniMove{}, false, fmt.Errorf("%w: amount %.80q: %w", ErrNotProven, part.Amount, err)
	}
	return omniMove{from: coffer.Address(said.Sender), to: coffer.Address(said.Reference), amount: amount}, true, nil
}

// subsend finds the property in what a send all moved.
func (o *Omni) subsend(parts []omniPart) (found omniPart, ok bool, err error) {
	if len(parts) > maxOmniSubsends {
		return omniPart{}, false, fmt.Errorf("%w: %d parts of one message", ErrNotProven, len(parts))
	}
	for _, part := range parts {
		if part.Property == nil || *part.Property != o.property {
			continue
		}
		if ok {
			return omniPart{}, false, fmt.Errorf("%w: a message that moves one property twice", ErrNotProven)
		}
		found, ok = part, true
	}
	return found, ok, nil
}

// check compares what the servers say with the transaction's own bytes, which is ErrNotProven
// where they differ. The amount of a send all is the servers' word.
func (o *Omni) check(ctx context.Context, c omniCandidate, moved omniMove) error {
	spent := c.tx.TxIn[0].PreviousOutPoint
	previous, err := o.bitcoin.RawTransaction(ctx, HashOf(spent.Hash))
	if err != nil {
		return fmt.Errorf("the sender's transaction: %w", err)
	}
	if uint64(spent.Index) >= uint64(len(previous.TxOut)) {
		return fmt.Errorf("%w: it spends an output that is not there", ErrNotProven)
	}
	read, ok := ReadOmni(o.bitcoin.Network(), c.tx, previous.TxOut[spent.Index].PkScript)
	if !ok || read.Sender != moved.from || read.Reference != moved.to {
		return fmt.Errorf("%w: from %.100q to %.100q, by its bytes from %.100q to %.100q", ErrNotProven, moved.from, moved.to, read.Sender, read.Reference)
	}
	if m, ok := read.Message.(OmniSimpleSend); ok && moved.amount != coffer.NewAmount(m.Amount) {
		return fmt.Errorf("%w: an amount of %s, by its bytes %d", ErrNotProven, moved.amount, m.Amount)
	}
	if moved.amount.IsZero() || moved.amount.Cmp(coffer.NewAmount(MaxOmniAmount)) > 0 {
		return fmt.Errorf("%w: an amount of %s", ErrNotProven, moved.amount)
	}
	return nil
}

package signer

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/signer/signerpb"
)

// Bounds of a page of history: one line always fits.
const (
	maxPageLines   = 256
	maxPageBytes   = 512 << 10
	maxHistoryCall = maxLineBytes + maxPageBytes + 64<<10
)

// LogRecord is a record of a signer's log, for those who keep a copy. Line is the record
// as it is on the signer's disk, without its line end. Which of the others is set, Kind
// says; of executors' transactions and slots nothing more is told.
type LogRecord struct {
	Sequence uint64
	Hash     coffer.Hash
	At       time.Time
	Kind     string // as in the log: "opened", "payout", "executor", "slot", "revoked", "command", "cut"
	Line     []byte

	Payout  *SignedPayout
	Command *policy.Command
}

// SignedPayout is a payout that a signer was about to sign.
type SignedPayout struct {
	Payout     string
	IntentHash coffer.Hash
	Intent     *coffer.Intent // nil in logs of old; it has the hash
	Orders     []coffer.Order
	ValidUntil time.Time     // of this attempt, zero for ever
	IDs        []coffer.Hash // what it will be known by on the chain; none in logs of old
}

// History is a page of a log.
type History struct {
	Records  []LogRecord // in order, without gaps
	Sequence uint64      // of the last record there is
	Head     coffer.Hash
}

// History returns the lines of the log from a sequence on, as many as fit in a page.
func (s *Server) History(from uint64) (lines [][]byte, sequence uint64, head coffer.Hash, err error) {
	s.mu.Lock()
	places, size := s.log.places, s.log.size // only ever appended to
	sequence, head = s.log.sequence, s.log.head
	s.mu.Unlock()

	if from == 0 {
		return nil, 0, coffer.Hash{}, coffer.Invalid("from", "records are counted from 1")
	}
	bytesLeft := int64(maxPageBytes)
	for i := from; i <= sequence && len(lines) < maxPageLines; i++ {
		end := size
		if i < sequence {
			end = places[i].offset
		}
		begin := places[i-1].offset
		if bytesLeft -= end - begin; bytesLeft < 0 && len(lines) > 0 {
			break
		}
		text := make([]byte, end-begin)
		if _, err := s.log.file.ReadAt(text, begin); err != nil {
			return nil, 0, coffer.Hash{}, &coffer.Error{Code: coffer.CodeInternal, Message: "the signer cannot read its log", Cause: err}
		}
		lines = append(lines, bytes.TrimSuffix(text, []byte{'\n'}))
	}
	return lines, sequence, head, nil
}

// ReadLine reads a line of a log that was copied, the record of a sequence.
func ReadLine(text []byte, sequence uint64) (LogRecord, error) {
	rec, _, err := readLine(text, sequence)
	return rec, err
}

// followLine reads a line that follows a record with hash previous, the zero hash for the
// first.
func followLine(text []byte, sequence uint64, previous coffer.Hash) (LogRecord, error) {
	rec, before, err := readLine(text, sequence)
	if err == nil && before != previous {
		return rec, fmt.Errorf("record %d: %w: it follows %s", sequence, ErrLogTampered, before)
	}
	return rec, err
}

func readLine(text []byte, sequence uint64) (_ LogRecord, previous coffer.Hash, _ error) {
	fail := func(err error) (LogRecord, coffer.Hash, error) {
		return LogRecord{}, coffer.Hash{}, fmt.Errorf("record %d: %w: %w", sequence, ErrLogTampered, err)
	}
	if len(text) > maxLineBytes {
		return fail(fmt.Errorf("%d bytes are too long", len(text)))
	}
	var ln line
	if err := strictJSON(text, &ln); err != nil {
		return fail(err)
	}
	var rec record
	if err := strictJSON(ln.Body, &rec); err != nil {
		return fail(err)
	}
	if hashBody(ln.Body) != ln.Hash || rec.Sequence != sequence {
		return fail(fmt.Errorf("it says it is number %d", rec.Sequence))
	}
	out := LogRecord{Sequence: sequence, Hash: ln.Hash, At: rec.At, Kind: rec.Kind, Line: text}
	if rec.Command != nil {
		out.Command = &rec.Command.Command
	}
	if p := rec.Payout; p != nil {
		signed := &SignedPayout{Payout: p.Payout, IntentHash: p.Intent, Intent: p.Stated, IDs: p.IDs}
		if p.ValidUntil.Unix() > 0 {
			signed.ValidUntil = p.ValidUntil
		}
		if p.Stated != nil && p.Stated.Hash() != p.Intent {
			return fail(fmt.Errorf("its intent does not have the hash %s", p.Intent))
		}
		for _, o := range p.Orders {
			signed.Orders = append(signed.Orders, coffer.Order{ID: o.ID, Tenant: o.Tenant, Account: o.Account, Asset: o.Asset,
				Destination: o.Destination, Memo: o.Memo, Amount: o.Amount, FeeCap: o.FeeCap, Expires: o.Expires})
		}
		out.Payout = signed
	}
	return out, rec.Previous, nil
}

// History asks for the signer's log from a sequence on, one page, and checks that it
// continues the record before, whose hash is previous.
func (c *Client) History(ctx context.Context, from uint64, previous coffer.Hash) (History, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	response, err := c.rpc.History(ctx, &signerpb.HistoryRequest{From: from}, maxReceive(maxHistoryCall))
	if err != nil {
		return History{}, c.failed(err)
	}
	var rd reader
	h := History{Sequence: response.GetSequence(), Head: rd.hash("head", response.GetHead())}
	if rd.err != nil {
		return History{}, fmt.Errorf("signer %s: %w", c.name, rd.err)
	}
	for i, text := range response.GetLines() {
		rec, err := followLine(text, from+uint64(i), previous) // #nosec G115 -- an index
		if err != nil {
			return History{}, fmt.Errorf("signer %s: %w", c.name, err)
		}
		h.Records, previous = append(h.Records, rec), rec.Hash
	}
	last := from + uint64(len(h.Records)) - 1
	if last == h.Sequence && len(h.Records) > 0 && previous != h.Head || last > h.Sequence && len(h.Records) > 0 {
		return History{}, fmt.Errorf("signer %s: %w: the head is not the last record", c.name, ErrLogTampered)
	}
	return h, nil
}

// Seen tells the signer how far its log was seen.
func (c *Client) Seen(ctx context.Context, sequence uint64, head coffer.Hash) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if _, err := c.rpc.Seen(ctx, &signerpb.SeenRequest{Sequence: sequence, Head: head[:]}); err != nil {
		return c.failed(err)
	}
	return nil
}

// Command gives the signer a statement of people, and reports whether that changed
// anything.
func (c *Client) Command(ctx context.Context, command policy.Command) (changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	response, err := c.rpc.Command(ctx, &signerpb.CommandRequest{Command: commandToWire(command)})
	if err != nil {
		return false, c.failed(err)
	}
	return response.GetChanged(), nil
}

// Revoke tells the signer never to sign an order. It returns the slot in which the signer
// signed it before, when it did: then nothing was revoked.
func (c *Client) Revoke(ctx context.Context, o coffer.Order, reason string) (signed *coffer.Slot, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	response, err := c.rpc.Revoke(ctx, &signerpb.RevokeRequest{Order: orderToWire(o), Reason: reason})
	if err != nil {
		return nil, c.failed(err)
	}
	if response.GetRevoked() {
		return nil, nil
	}
	w := response.GetSlot()
	return &coffer.Slot{Kind: w.GetKind(), Lane: w.GetLane(), Sequence: w.GetSequence()}, nil
}

package payout

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout/payoutsql"
)

// Keys that no signer holds sign by file. A payout whose signers are too few waits; a person
// takes it out as a file ([Desk.Export]), somebody signs it without being asked by us, and what
// comes back is stored beside the other signatures ([Desk.Import]). The next step of the payout
// finds them.
//
// A file leaves the house only after a signer has signed: its log binds the slot to the orders,
// so that a database that was restored learns of a payout that ended by file. That is why
// [Manager.Admit] reads more logs where keys are cold.

// filePrefix begins the name that signatures by file are stored under. No signer has such a name.
const filePrefix = "file/"

// FileSigner is the name that signatures of a key are stored under that came in a file.
func FileSigner(key string) string {
	hash := coffer.RequestHash("payout/file", key)
	return filePrefix + hex.EncodeToString(hash[:8])
}

// FileFormat knows the files that are exchanged with people who sign.
type FileFormat interface {
	// Slot is the slot that the transaction in a file takes.
	Slot(file []byte) (coffer.Slot, error)
	// Same reports whether a file is of this very transaction.
	Same(u coffer.Unsigned, file []byte) bool
	// Digests are what has to be signed.
	Digests(u coffer.Unsigned) ([]coffer.Hash, error)
	// Write makes a file of a transaction and signatures, all of which must hold.
	Write(u coffer.Unsigned, signatures []coffer.Signature) ([]byte, error)
	// Read returns the signatures in a file of this transaction. All of them hold.
	Read(u coffer.Unsigned, file []byte) ([]coffer.Signature, error)
}

// ByFile is a wallet with keys that sign by file.
type ByFile struct {
	Chain  coffer.ChainID
	Wallet coffer.Address
	Cold   []string // the identities of those keys, as in coffer.Signature.Key
	Format FileFormat
}

// Export returns the newest attempt of a payout for somebody who signs by file, with the
// signatures that it has. Who took it is written down.
//
// Errors: CodeInvalid (actor), CodeNotFound, CodeConflict (it is not being signed, or no signer
// has signed it, so that nothing binds its slot), CodeUnavailable (payouts are halted).
func (d *Desk) Export(ctx context.Context, w ByFile, id, actor string) ([]byte, Payout, error) {
	if actor == "" || len(actor) > maxActorBytes {
		return nil, Payout{}, coffer.Invalid("actor", "want 1 to %d bytes", maxActorBytes)
	}
	var file []byte
	var p *Payout
	err := d.m.DB.Tx(ctx, func(tx pgx.Tx) error {
		var have map[string][]coffer.Signature
		var err error
		if p, have, err = d.signing(ctx, tx, w, id); err != nil {
			return err
		}
		if err := maySign(p, have); err != nil {
			return err
		}
		var all []coffer.Signature
		for _, signer := range sortedNames(have) {
			all = append(all, have[signer]...)
		}
		if file, err = w.Format.Write(p.newest().Unsigned, all); err != nil {
			return fmt.Errorf("export %s: %w", id, err)
		}
		return d.audit(ctx, tx, p, "export to sign by file", actor, file)
	})
	if err != nil {
		return nil, Payout{}, err
	}
	return file, *p, nil
}

// Find returns the payout whose slot the transaction in a file takes, and which of its attempts
// the file is of; -1 where it is of none.
//
// Errors: CodeInvalid (what is wrong with the file, by its field), CodeNotFound.
func (d *Desk) Find(ctx context.Context, w ByFile, file []byte) (Payout, int, error) {
	slot, err := w.Format.Slot(file)
	if err != nil {
		return Payout{}, -1, err
	}
	id, err := payoutIn(ctx, d.m.sql, w, slot)
	if errors.Is(err, pgx.ErrNoRows) {
		return Payout{}, -1, coffer.Errorf(coffer.CodeNotFound, "no payout of %s spends %s first", w.Wallet, slot.Lane)
	}
	if err != nil {
		return Payout{}, -1, err
	}
	p, err := d.m.Get(ctx, id)
	if err != nil {
		return Payout{}, -1, err
	}
	for n, a := range slices.Backward(p.Attempts) {
		if w.Format.Same(a.Unsigned, file) {
			return p, n, nil
		}
	}
	return p, -1, nil
}

func payoutIn(ctx context.Context, q *payoutsql.Queries, w ByFile, slot coffer.Slot) (string, error) {
	id, err := q.PayoutBySlot(ctx, payoutsql.PayoutBySlotParams{
		Chain: string(w.Chain), Wallet: string(w.Wallet), Kind: slot.Kind, Lane: slot.Lane, Sequence: int64(slot.Sequence), //nolint:gosec // a coin is spent once: 0
	})
	if err != nil {
		return "", fmt.Errorf("look up slot %s: %w", slot, err)
	}
	return id, nil
}

// Filed is what an import did.
type Filed struct {
	Payout  string
	Attempt uint32
	State   coffer.PayoutState
	Stored  []string // keys whose signatures are new
	Known   []string // keys whose signatures were there
}

// Import stores the signatures in a file that somebody gave back, where they are of cold keys
// and over every digest of the newest attempt of a payout that is being signed; the payout goes
// on at once. Importing a file again changes nothing.
//
// Errors: CodeInvalid (actor, and what is wrong with the file, by its field), CodeConflict (the
// payout has another attempt now, is not being signed or was signed by no signer), CodeForbidden
// (a signature by a key that does not sign by file), CodeUnavailable (payouts are halted).
func (d *Desk) Import(ctx context.Context, w ByFile, file []byte, actor string) (Filed, error) {
	if actor == "" || len(actor) > maxActorBytes {
		return Filed{}, coffer.Invalid("actor", "want 1 to %d bytes", maxActorBytes)
	}
	slot, err := w.Format.Slot(file)
	if err != nil {
		return Filed{}, err
	}
	d.m.checkpoint("payout.before_file")
	var done Filed
	err = d.m.DB.Tx(ctx, func(tx pgx.Tx) (err error) {
		done, err = d.importTx(ctx, tx, w, slot, file, actor)
		return err
	})
	if err != nil {
		return Filed{}, err
	}
	d.m.checkpoint("payout.file")
	return done, nil
}

func (d *Desk) importTx(ctx context.Context, tx pgx.Tx, w ByFile, slot coffer.Slot, file []byte, actor string) (Filed, error) {
	q := d.m.sql.WithTx(tx)
	id, err := payoutIn(ctx, q, w, slot)
	if errors.Is(err, pgx.ErrNoRows) {
		return Filed{}, coffer.Invalid("inputs[0].coin", "no payout of %s spends %s first: the file is of another payout, which was given up or is not in this database", w.Wallet, slot.Lane)
	}
	if err != nil {
		return Filed{}, err
	}
	p, have, err := d.signing(ctx, tx, w, id)
	if err != nil {
		return Filed{}, err
	}
	fresh, done, err := newSignatures(w, p, have, file)
	if err != nil || len(fresh) == 0 {
		return done, err
	}
	if err := maySign(p, have); err != nil {
		return Filed{}, err
	}
	for _, s := range fresh {
		err := q.InsertSignature(ctx, payoutsql.InsertSignatureParams{
			PayoutID: p.ID, Attempt: int32(done.Attempt), Digest: s.Digest, Signer: s.Signer, //nolint:gosec // at most MaxAttempts
			Key: s.Key, Signature: s.Bytes, CreatedAt: d.m.now(),
		})
		if err != nil {
			return Filed{}, fmt.Errorf("store a signature: %w", err)
		}
	}
	if err := d.audit(ctx, tx, p, "import what was signed by file", actor, file); err != nil {
		return Filed{}, err
	}
	p.row.NextAt = d.m.now()
	if err := d.m.save(ctx, q, p); err != nil {
		return Filed{}, err
	}
	d.m.checkpoint("payout.filing")
	return done, nil
}

// signing locks a payout of a wallet and returns it with the signatures of its newest attempt,
// by signer.
func (d *Desk) signing(ctx context.Context, tx pgx.Tx, w ByFile, id string) (*Payout, map[string][]coffer.Signature, error) {
	q := d.m.sql.WithTx(tx)
	halt, err := q.Halt(ctx)
	if err == nil {
		return nil, nil, coffer.Errorf(coffer.CodeUnavailable, "payouts are halted by %s: %s", halt.Hash, halt.Reason)
	} else if !errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, fmt.Errorf("read why payouts are halted: %w", err)
	}
	p, err := d.m.lockTx(ctx, q, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, coffer.Errorf(coffer.CodeNotFound, "no such payout")
	}
	if err != nil {
		return nil, nil, err
	}
	switch {
	case p.Intent.Chain != w.Chain || p.Intent.Wallet != w.Wallet:
		return nil, nil, coffer.Errorf(coffer.CodeConflict, "payout %s is of wallet %s on %s, not of %s on %s", p.ID, p.Intent.Wallet, p.Intent.Chain, w.Wallet, w.Chain)
	case len(p.Attempts) == 0 || p.lost():
		return nil, nil, notSigning(p)
	}
	digests, err := w.Format.Digests(p.newest().Unsigned)
	if err != nil {
		return nil, nil, fmt.Errorf("payout %s: %w", p.ID, err)
	}
	have, err := signaturesOf(ctx, q, p.ID, p.newest().Number, digests)
	if err != nil {
		return nil, nil, err
	}
	return p, have, nil
}

// maySign refuses files of payouts that are not being signed, and of attempts that no signer
// has signed.
func maySign(p *Payout, have map[string][]coffer.Signature) error {
	switch {
	case p.State != coffer.PayoutSigning:
		return notSigning(p)
	case !bySigner(have):
		return coffer.Errorf(coffer.CodeConflict,
			"no signer has signed attempt %d of payout %s: one has to before a file is signed, since its log keeps the slot for its orders", p.newest().Number, p.ID)
	}
	return nil
}

func notSigning(p *Payout) error {
	return coffer.Errorf(coffer.CodeConflict, "payout %s is %s: only one that is being signed is signed by file", p.ID, p.State)
}

// newSignatures reads a file and returns what is new in it.
func newSignatures(w ByFile, p *Payout, have map[string][]coffer.Signature, file []byte) ([]coffer.Signature, Filed, error) {
	newest := p.newest()
	all, err := w.Format.Read(newest.Unsigned, file)
	if err != nil {
		for _, a := range p.Attempts[:len(p.Attempts)-1] {
			if w.Format.Same(a.Unsigned, file) {
				return nil, Filed{}, coffer.Errorf(coffer.CodeConflict, "the file is of attempt %d of payout %s, in whose place attempt %d is now: export it again", a.Number, p.ID, newest.Number)
			}
		}
		return nil, Filed{}, fmt.Errorf("payout %s: %w", p.ID, err)
	}
	if len(all) == 0 {
		return nil, Filed{}, coffer.Invalid("inputs[0].partial_sigs", "none: nobody has signed the file")
	}
	digests, err := w.Format.Digests(newest.Unsigned)
	if err != nil {
		return nil, Filed{}, err
	}
	known := keysOf(have)
	sets := map[string][]coffer.Signature{}
	for _, s := range all {
		sets[s.Key] = append(sets[s.Key], s)
	}
	done := Filed{Payout: p.ID, Attempt: newest.Number, State: p.State}
	var fresh []coffer.Signature
	for _, key := range sortedNames(sets) {
		switch {
		case known[key]:
			done.Known = append(done.Known, key)
			continue
		case !slices.Contains(w.Cold, key):
			return nil, Filed{}, coffer.Errorf(coffer.CodeForbidden, "a signature by %s, which is not one of the keys that sign by file", key)
		}
		if err := checkSet(sets[key], digests); err != nil {
			return nil, Filed{}, coffer.Invalid("inputs", "key %s has not signed each of them: %v", key, err)
		}
		for _, s := range sets[key] {
			s.Signer = FileSigner(key)
			fresh = append(fresh, s)
		}
		done.Stored = append(done.Stored, key)
	}
	return fresh, done, nil
}

// audit writes down who had a file, and which.
func (d *Desk) audit(ctx context.Context, tx pgx.Tx, p *Payout, action, actor string, file []byte) error {
	hash := sha256.Sum256(file)
	err := d.m.sql.WithTx(tx).InsertAudit(ctx, payoutsql.InsertAuditParams{
		PayoutID: p.ID, Action: action, Actor: actor, At: d.m.now(),
		Note: fmt.Sprintf("attempt %d, a file of %d bytes, SHA-256 %x", p.newest().Number, len(file), hash),
	})
	if err != nil {
		return fmt.Errorf("write down who had a file of %s: %w", p.ID, err)
	}
	return nil
}

// bySigner reports whether one of the signatures is a signer's who is asked.
func bySigner(have map[string][]coffer.Signature) bool {
	for name := range have {
		if !strings.HasPrefix(name, filePrefix) {
			return true
		}
	}
	return false
}

// keysOf are the keys of complete sets of signatures.
func keysOf(have map[string][]coffer.Signature) map[string]bool {
	keys := map[string]bool{}
	for _, signatures := range have {
		keys[signatures[0].Key] = true
	}
	return keys
}

func sortedNames[V any](of map[string]V) []string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// checkCold refuses cold keys that cannot be.
func (c Chain) checkCold() error {
	seen := map[string]bool{}
	for _, key := range c.Cold {
		if key == "" || len(key) > maxKey || seen[key] {
			return fmt.Errorf("%.80q cannot be a key that signs by file, or stands twice", key)
		}
		seen[key] = true
	}
	for _, s := range c.Signers {
		if strings.HasPrefix(s.Name(), filePrefix) {
			return fmt.Errorf("no signer may be called %q", s.Name())
		}
	}
	return nil
}

// LeastSigners is how many signers at least have signed whatever pays somebody on a chain. What
// fewer sign, a SignatureCounter's transactions, moves money into the wallet only: nothing that is
// planned without knowing of it is paid twice.
func (c Chain) LeastSigners() int {
	if c.Least > 0 {
		return c.Least
	}
	return max(1, c.Threshold-len(c.Cold))
}

// waitsForFile asks for a person where every signer has signed or cannot, and keys that sign by
// file could complete the payout.
func (m *Manager) waitsForFile(ctx context.Context, chain Chain, p *Payout, have map[string][]coffer.Signature) error {
	missing, keys := chain.Threshold-len(keysOf(have)), 0
	for _, key := range chain.Cold {
		if !keysOf(have)[key] {
			keys++
		}
	}
	late := chain.Threshold > len(chain.Signers) || int(p.row.Tries)+1 >= chain.Limits.Refusals
	if missing < 1 || missing > keys || !bySigner(have) || !late || p.row.Parked != "" {
		return nil
	}
	return m.store(ctx, p, func(_ pgx.Tx, p *Payout) error {
		m.park(p, fmt.Sprintf("waits for %d signatures by file: coffer psbt export %s", missing, p.ID))
		return nil
	})
}

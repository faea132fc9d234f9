package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/signer"
)

// How long a request waits for the first reading of the signers' logs, and how often it looks.
const (
	admitWait = 5 * time.Second
	admitPoll = 200 * time.Millisecond
)

// signerLog is a signer's log as payouts read it.
type signerLog struct {
	*signer.Client
	policy *policy.Policy
}

func (s *server) logOf(one *signerConn) payout.SignerLog { return signerLog{one.Client, s.policy} }

func (s *server) logs() []payout.SignerLog {
	logs := make([]payout.SignerLog, len(s.signers))
	for i, one := range s.signers {
		logs[i] = s.logOf(one)
	}
	return logs
}

// Read implements payout.SignerLog.
func (l signerLog) Read(ctx context.Context, after uint64, previous coffer.Hash) (payout.LogPage, error) {
	h, err := l.History(ctx, after+1, previous)
	if errors.Is(err, signer.ErrLogTampered) {
		return payout.LogPage{}, fmt.Errorf("%w: %w", payout.ErrLogDiffers, err)
	}
	if err != nil {
		return payout.LogPage{}, err
	}
	page := payout.LogPage{Sequence: h.Sequence, Head: h.Head}
	for _, rec := range h.Records {
		page.Records = append(page.Records, l.record(rec))
	}
	return page, nil
}

// record takes a reset for one only when the policy's quorum signed it for this signer.
func (l signerLog) record(rec signer.LogRecord) payout.LogRecord {
	out := toRecord(rec)
	if c := rec.Command; c != nil && c.Statement.Action == policy.ActionReset && c.Statement.Subject == l.Name() {
		_, err := l.policy.Signatories(*c)
		out.Reset = err == nil
	}
	return out
}

func toRecord(rec signer.LogRecord) payout.LogRecord {
	out := payout.LogRecord{Sequence: rec.Sequence, Hash: rec.Hash, Line: rec.Line}
	if p := rec.Payout; p != nil {
		out.Payout = &payout.LoggedPayout{ID: p.Payout, IntentHash: p.IntentHash, Intent: p.Intent, Orders: p.Orders, ValidUntil: p.ValidUntil, IDs: p.IDs}
	}
	return out
}

// readLine reads a line of the copy of a signer's log. Where it stood was checked when it
// was copied.
func readLine(line []byte, sequence uint64) (payout.LogRecord, error) {
	rec, err := signer.ReadLine(line, sequence)
	return toRecord(rec), err
}

// readLogs reads the signers' logs, and notes for all processes when the database lacks
// nothing.
func (s *server) readLogs(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return s.payouts.NoteAdmitted(ctx, func(ctx context.Context) error {
		err := s.payouts.Admit(ctx, s.logs(), s.config.Signing.Threshold, s.heard)
		if halt := s.lookAtHalt(ctx); err == nil {
			err = halt
		}
		return err
	})
}

// admit reads the signers' logs and says whether payouts may run.
func (s *server) admit(ctx context.Context) {
	err := s.readLogs(ctx)
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	if err != nil && (s.watch.refuse == nil || s.watch.refuse.Error() != err.Error()) {
		s.log.Error("payouts do not run", "err", err)
	}
	s.watch.refuse = err
}

// admitAgain reads the signers' logs again after the database was started or put back under
// a process that pays, so that withdrawals open.
func (s *server) admitAgain(ctx context.Context) {
	if s.refused(ctx) != nil {
		return // runPayouts does, or people have to
	}
	admitted, err := payout.Admitted(ctx, s.db)
	if err == nil && !admitted {
		err = s.readLogs(ctx)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Warn("withdrawals stay closed", "err", err)
	}
}

// runPayouts begins when the signers know nothing that the database does not.
func (s *server) runPayouts(ctx context.Context) error {
	ticker := time.NewTicker(signerPoll)
	defer ticker.Stop()
	for {
		if s.admit(ctx); s.refused(ctx) == nil {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
	s.log.Info("payouts run")
	return s.payouts.Run(ctx)
}

// refused is why payouts do not run.
func (s *server) refused(context.Context) error {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	if s.watch.refuse != nil {
		return s.watch.refuse
	}
	if s.watch.halted != "" {
		return errors.New(s.watch.halted)
	}
	for name, err := range s.watch.logs {
		if err != nil {
			return fmt.Errorf("signer %s: %w", name, err)
		}
	}
	return nil
}

// heard notes what came of reading a signer's log. One that was cut is for people.
func (s *server) heard(name string, err error) {
	wrong := errors.Is(err, payout.ErrLogBehind) || errors.Is(err, payout.ErrLogDiffers)
	if err != nil && !wrong {
		return // it is away: what was read before still counts
	}
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	if before := s.watch.logs[name]; err != nil && before == nil {
		s.log.Error("a signer's log was cut or replaced; it is not asked for signatures", "signer", name, "err", err)
	} else if err == nil && before != nil {
		s.log.Info("a signer's log is whole again", "signer", name)
	}
	s.watch.logs[name] = err
}

// trusted says why a signer is not to be asked for signatures.
func (s *server) trusted(name string) error {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	err, read := s.watch.logs[name]
	switch {
	case !read:
		return coffer.Errorf(coffer.CodeUnavailable, "the log of signer %s was not read yet", name)
	case err != nil:
		return &coffer.Error{Code: coffer.CodeUnavailable, Message: "the log of signer " + name + " was cut or replaced", Cause: err}
	case s.watch.halted != "":
		return coffer.Errorf(coffer.CodeUnavailable, "%s", s.watch.halted)
	}
	return s.watch.fitting(name)
}

// Sign implements coffer.Signer.
func (c *signerConn) Sign(ctx context.Context, r coffer.SigningRequest) ([]coffer.Signature, error) {
	if err := c.trusted(c.Name()); err != nil {
		return nil, err
	}
	return c.Client.Sign(ctx, r)
}

// lookAtHalt reads whether payouts are halted.
func (s *server) lookAtHalt(ctx context.Context) error {
	halt, err := payout.Halted(ctx, s.db)
	if err != nil {
		return err
	}
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	s.watch.halted = ""
	if halt != nil {
		s.watch.halted = fmt.Sprintf("payouts are halted by %s: %s", halt.Hash, halt.Reason)
	}
	return nil
}

// closed refuses withdrawals while the database may lack earlier ones: while a restore is
// under way, and until a process that pays has read the signers' logs since the database was
// started or put back. It waits a moment for that.
func (s *server) closed(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*admitWait)
	defer cancel()
	timer := time.NewTimer(admitWait)
	defer timer.Stop()
	ticker := time.NewTicker(admitPoll)
	defer ticker.Stop()
	for {
		if err := s.restoring(ctx); err != nil {
			return err
		}
		admitted, err := payout.Admitted(ctx, s.db)
		if err != nil || admitted {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return coffer.Errorf(coffer.CodeUnavailable, "withdrawals open when the signers' logs were read; none that pays did since the database was started, or too few signers answer")
		}
	}
}

func (s *server) restoring(ctx context.Context) error {
	halt, err := payout.Halted(ctx, s.db)
	if err != nil {
		return err
	}
	if halt != nil {
		return coffer.Errorf(coffer.CodeUnavailable, "withdrawals are closed while the books are restored")
	}
	return nil
}

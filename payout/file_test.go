package payout_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
)

// coldKey is a key that no signer holds.
const coldKey = "a cold key"

// file is what the fake wallet exchanges with people who sign.
type file struct {
	Unsigned   []byte
	Signatures []coffer.Signature
}

// fakeFormat is payout.FileFormat.
type fakeFormat struct{}

func readFile(b []byte) (f file, err error) {
	if err := json.Unmarshal(b, &f); err != nil {
		return file{}, coffer.Invalid("file", "%v", err)
	}
	return f, nil
}

func (fakeFormat) Slot(b []byte) (coffer.Slot, error) {
	f, err := readFile(b)
	if err != nil {
		return coffer.Slot{}, err
	}
	return decode(f.Unsigned).Slot, nil
}

func (fakeFormat) Same(u coffer.Unsigned, b []byte) bool {
	f, err := readFile(b)
	return err == nil && string(f.Unsigned) == string(u.Bytes)
}

func (fakeFormat) Digests(u coffer.Unsigned) ([]coffer.Hash, error) {
	return []coffer.Hash{digestOf(u.Bytes)}, nil
}

func (fakeFormat) Write(u coffer.Unsigned, signatures []coffer.Signature) ([]byte, error) {
	return json.Marshal(file{u.Bytes, signatures})
}

func (x fakeFormat) Read(u coffer.Unsigned, b []byte) ([]coffer.Signature, error) {
	f, err := readFile(b)
	if err != nil {
		return nil, err
	}
	if !x.Same(u, b) {
		return nil, coffer.Invalid("file", "of another transaction")
	}
	for _, s := range f.Signatures {
		if string(s.Bytes) != string(signatureOf(s.Key, s.Digest)) {
			return nil, coffer.Invalid("file", "signature of %s is bad", s.Key)
		}
	}
	return f.Signatures, nil
}

// byFile is the wallet as files are exchanged with it.
func (w *world) byFile() payout.ByFile {
	return payout.ByFile{Chain: chain, Wallet: hot, Cold: w.cold, Format: fakeFormat{}}
}

// signFile adds the signature of a key to a file.
func signFile(t *testing.T, exported []byte, key string) []byte {
	t.Helper()
	f, err := readFile(exported)
	if err != nil {
		t.Fatal(err)
	}
	digest := digestOf(f.Unsigned)
	f.Signatures = append(f.Signatures, coffer.Signature{Key: key, Digest: digest, Bytes: signatureOf(key, digest)})
	signed, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// waiting is a world with a cold key, in which one signer of three answers: its payout waits for
// a file.
func waiting(t *testing.T, path string) (*world, coffer.Withdrawal) {
	t.Helper()
	return waitingAfter(t, path, func(*world) {})
}

// waitingAfter does something before anything is planned.
func waitingAfter(t *testing.T, path string, do func(w *world)) (*world, coffer.Withdrawal) {
	t.Helper()
	w := newWorld(t, 1, 1)
	w.cold = []string{coldKey}
	w.start()
	w.mine(1, none)
	w.observe()
	w.payBy([]string{path})
	w.signers[1].mood, w.signers[2].mood = absent, absent
	wd := w.request(usdt, 100)
	w.approveAll()
	do(w)
	w.plan()
	for range 4 {
		w.step(10)
		w.later(9 * time.Second)
	}
	w.step(10)
	p := w.payoutOf(wd.ID)
	if p.State != coffer.PayoutSigning || !strings.Contains(p.Parked, "1 signatures by file: coffer psbt export "+p.ID) {
		t.Fatalf("payout is %s, parked %q (%s)", p.State, p.Parked, p.Note)
	}
	return w, wd
}

func (w *world) desk() *payout.Desk { return payout.NewDesk(w.db, w.clock) }

func (w *world) export(t *testing.T, id string) []byte {
	t.Helper()
	exported, p, err := w.desk().Export(w.ctx, w.byFile(), id, "olga")
	if err != nil || p.ID != id {
		t.Fatalf("export of %s: %v", id, err)
	}
	return exported
}

func TestAPayoutWithTooFewSignersIsSignedByFile(t *testing.T) {
	for _, path := range []string{coffer.PathUserOp, coffer.PathExec} {
		t.Run(path, func(t *testing.T) {
			w, wd := waiting(t, path)
			id := w.state(wd.ID).Payout
			signed := signFile(t, w.export(t, id), coldKey)
			done, err := w.desk().Import(w.ctx, w.byFile(), signed, "olga")
			if err != nil || done.Payout != id || !slices.Equal(done.Stored, []string{coldKey}) || !slices.Equal(done.Known, []string{"key of signer0"}) {
				t.Fatalf("imported %+v, %v", done, err)
			}
			w.step(10) // at once: the clock stands still
			p := w.payoutOf(wd.ID)
			if p.State != coffer.PayoutBroadcast || p.Parked != "" {
				t.Fatalf("payout is %s (%s), parked %q", p.State, p.Note, p.Parked)
			}
			again, err := w.desk().Import(w.ctx, w.byFile(), signed, "olga")
			if err != nil || len(again.Stored) != 0 || len(again.Known) != 2 || again.State != coffer.PayoutBroadcast {
				t.Errorf("imported again: %+v, %v", again, err)
			}
			history, err := w.desk().History(w.ctx, id)
			if err != nil || len(history) != 2 || !strings.Contains(history[0].Action, "export") || !strings.Contains(history[1].Note, "SHA-256") || history[1].Actor != "olga" {
				t.Errorf("history %+v, %v", history, err)
			}
			w.mine(1, all)
			w.observe()
			w.finish()
			w.wantAll(coffer.WithdrawalSettled)
		})
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	w, wd := waiting(t, coffer.PathExec)
	id := w.state(wd.ID).Payout
	exported := w.export(t, id)
	signed := signFile(t, exported, coldKey)
	forged := forge(t, signed)
	elsewhere := w.byFile()
	elsewhere.Wallet = executor
	for name, c := range map[string]struct {
		wallet payout.ByFile
		file   []byte
		actor  string
		code   coffer.Code
		says   string
	}{
		"nothing":                    {w.byFile(), nil, "olga", coffer.CodeInvalid, "file"},
		"nobody":                     {w.byFile(), signed, "", coffer.CodeInvalid, "actor"},
		"a long name":                {w.byFile(), signed, strings.Repeat("x", 201), coffer.CodeInvalid, "actor"},
		"a bad signature":            {w.byFile(), forged, "olga", coffer.CodeInvalid, "is bad"},
		"a stranger":                 {w.byFile(), signFile(t, exported, "a stranger"), "olga", coffer.CodeForbidden, "a stranger"},
		"a signer's key":             {w.byFile(), signFile(t, exported, "key of signer1"), "olga", coffer.CodeForbidden, "key of signer1"},
		"another slot":               {w.byFile(), []byte(`{"Unsigned":"e30="}`), "olga", coffer.CodeInvalid, "no payout of"},
		"another wallet":             {elsewhere, signed, "olga", coffer.CodeInvalid, "no payout of"},
		"signed twice by one":        {w.byFile(), signFile(t, signed, coldKey), "olga", coffer.CodeInvalid, "2 signatures, want 1"},
		"nobody's signature":         {w.byFile(), mustWrite(t, w.payoutOf(wd.ID)), "olga", coffer.CodeInvalid, "nobody has signed"},
		"another transaction's slot": {w.byFile(), anotherAttempt(t, exported), "olga", coffer.CodeInvalid, "another transaction"},
	} {
		done, err := w.desk().Import(w.ctx, c.wallet, c.file, c.actor)
		if coffer.ErrorCode(err) != c.code || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
	}
	for name, c := range map[string]struct {
		wallet    payout.ByFile
		id, actor string
		code      coffer.Code
	}{
		"nobody":         {w.byFile(), id, "", coffer.CodeInvalid},
		"no such payout": {w.byFile(), "po_none", "olga", coffer.CodeNotFound},
		"another wallet": {elsewhere, id, "olga", coffer.CodeConflict},
	} {
		if _, _, err := w.desk().Export(w.ctx, c.wallet, c.id, c.actor); coffer.ErrorCode(err) != c.code {
			t.Errorf("export, %s: %v", name, err)
		}
	}

	// Its time passes: the attempt that cancels takes the place of the first one.
	w.later(w.limits.IntentTTL)
	w.step(2)
	if p := w.payoutOf(wd.ID); len(p.Attempts) != 2 || !p.Attempts[1].Cancels {
		t.Fatalf("%d attempts (%s)", len(p.Attempts), p.Note)
	}
	if _, err := w.desk().Import(w.ctx, w.byFile(), signed, "olga"); coffer.ErrorCode(err) != coffer.CodeConflict || !strings.Contains(err.Error(), "export it again") {
		t.Errorf("an attempt that was replaced: %v", err)
	}
	w.checkNothingStored(t, id)
}

// forge spoils the last signature.
func forge(t *testing.T, signed []byte) []byte {
	t.Helper()
	f, err := readFile(signed)
	if err != nil {
		t.Fatal(err)
	}
	f.Signatures[len(f.Signatures)-1].Bytes = []byte("xxx")
	forged, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return forged
}

// anotherAttempt is a file of a transaction in the same slot that nobody built.
func anotherAttempt(t *testing.T, exported []byte) []byte {
	t.Helper()
	f, err := readFile(exported)
	if err != nil {
		t.Fatal(err)
	}
	op := decode(f.Unsigned)
	op.Payments = slices.Clone(op.Payments)
	op.Payments[0].Amount = coffer.NewAmount(1)
	if f.Unsigned, err = json.Marshal(op); err != nil {
		t.Fatal(err)
	}
	changed, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func mustWrite(t *testing.T, p payout.Payout) []byte {
	t.Helper()
	b, err := fakeFormat{}.Write(p.Attempts[0].Unsigned, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (w *world) checkNothingStored(t *testing.T, id string) {
	t.Helper()
	var files, actions int
	err := w.db.Pool().QueryRow(w.ctx, `select (select count(*) from payout_signatures where signer like 'file/%'),
		(select count(*) from payout_audit where payout_id = $1 and action like 'import%')`, id).Scan(&files, &actions)
	if err != nil || files != 0 || actions != 0 {
		t.Errorf("%d signatures by file and %d imports are stored, %v", files, actions, err)
	}
}

// A file of a payout that no signer has signed is not given out, and not taken: the cold keys
// alone could pay what no signer's log knows.
func TestAFileNeedsASignerFirst(t *testing.T) {
	w := newWorld(t, 1, 1)
	w.cold = []string{coldKey, "another cold key"}
	w.start()
	w.mine(1, none)
	w.observe()
	for _, s := range w.signers {
		s.mood = absent
	}
	wd := w.request(usdt, 100)
	w.approveAll()
	w.plan()
	w.step(10)
	id := w.state(wd.ID).Payout
	if _, _, err := w.desk().Export(w.ctx, w.byFile(), id, "olga"); coffer.ErrorCode(err) != coffer.CodeConflict || !strings.Contains(err.Error(), "no signer has signed") {
		t.Errorf("export: %v", err)
	}
	file := mustWrite(t, w.payoutOf(wd.ID))
	for _, key := range w.cold {
		file = signFile(t, file, key)
	}
	if _, err := w.desk().Import(w.ctx, w.byFile(), file, "olga"); coffer.ErrorCode(err) != coffer.CodeConflict || !strings.Contains(err.Error(), "no signer has signed") {
		t.Errorf("import: %v", err)
	}
	w.checkNothingStored(t, id)
	if p := w.payoutOf(wd.ID); p.State != coffer.PayoutSigning || p.Parked != "" {
		t.Errorf("payout is %s, parked %q", p.State, p.Parked)
	}
}

func TestNoFilesWhilePayoutsAreHalted(t *testing.T) {
	w, wd := waiting(t, coffer.PathUserOp)
	id := w.state(wd.ID).Payout
	signed := signFile(t, w.export(t, id), coldKey)
	w.exec("insert into payout_halt (hash, reason, since) values (decode(repeat('ab', 32), 'hex'), 'test', now())")
	if _, _, err := w.desk().Export(w.ctx, w.byFile(), id, "olga"); coffer.ErrorCode(err) != coffer.CodeUnavailable {
		t.Errorf("export: %v", err)
	}
	if _, err := w.desk().Import(w.ctx, w.byFile(), signed, "olga"); coffer.ErrorCode(err) != coffer.CodeUnavailable {
		t.Errorf("import: %v", err)
	}
	w.checkNothingStored(t, id)
}

// TestACrashWhileImportingAFileStoresItOnce crashes at each checkpoint of an import.
func TestACrashWhileImportingAFileStoresItOnce(t *testing.T) {
	for _, at := range []string{"payout.before_file", "payout.filing", "payout.file"} {
		w, wd := waiting(t, coffer.PathUserOp)
		id := w.state(wd.ID).Payout
		signed := signFile(t, w.export(t, id), coldKey)
		crashed := false
		desk := w.desk()
		desk.At(func(name string) {
			if name == at && !crashed {
				crashed = true
				panic(crash{name})
			}
		})
		w.try(func() error {
			_, err := desk.Import(w.ctx, w.byFile(), signed, "olga")
			return err
		})
		done, err := w.desk().Import(w.ctx, w.byFile(), signed, "olga")
		if !crashed || err != nil || len(done.Stored)+len(done.Known) != 2 || (len(done.Stored) == 0) != (at == "payout.file") {
			t.Errorf("%s: crashed %t, then %+v, %v", at, crashed, done, err)
		}
		w.step(10)
		w.wantPayout(wd, coffer.PayoutBroadcast)
		w.mine(1, all)
		w.observe()
		w.finish()
		w.wantAll(coffer.WithdrawalSettled)
	}
}

// awayLog is the log of a signer that does not answer.
type awayLog struct{ payout.SignerLog }

func (awayLog) Read(context.Context, uint64, coffer.Hash) (payout.LogPage, error) {
	return payout.LogPage{}, errFake
}

// What was paid with a file is in the log of one signer only: payouts do not begin before every
// log was read.
func TestColdKeysTakeAllLogs(t *testing.T) {
	var copied backup
	w, wd := waitingAfter(t, coffer.PathUserOp, func(w *world) { copied = w.backup() })
	id := w.state(wd.ID).Payout
	if _, err := w.desk().Import(w.ctx, w.byFile(), signFile(t, w.export(t, id), coldKey), "olga"); err != nil {
		t.Fatal(err)
	}
	w.step(10)
	w.wantPayout(wd, coffer.PayoutBroadcast)

	w.restore(copied)
	logs := w.logs()
	logs[0] = awayLog{logs[0]}
	if err := w.m.Admit(w.ctx, logs, 2, func(string, error) {}); err == nil || !strings.Contains(err.Error(), "2 of 3 signers") {
		t.Fatalf("payouts begin without the log that knows the payment: %v", err)
	}
	if err := w.admit(); err == nil || !strings.Contains(err.Error(), "not in this database") {
		t.Fatalf("with all logs: %v", err)
	}
}

package signer

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
)

// signedLog is a signer that has signed three payouts and stopped.
func signedLog(t *testing.T) (*fixture, Info) {
	f := newFixture(t, "one").start()
	f.signs(f.request(0, f.order("wd_0", "10")))
	f.signs(f.request(1, f.order("wd_1", "20")))
	f.signs(f.request(2, f.order("wd_2", "30")))
	info := f.info()
	f.close()
	return f, info
}

func (f *fixture) editLog(edit func(lines [][]byte) [][]byte) {
	f.t.Helper()
	text, err := os.ReadFile(f.logFile())
	f.must(err)
	lines := edit(bytes.SplitAfter(text, []byte("\n")))
	f.must(os.WriteFile(f.logFile(), bytes.Join(lines, nil), 0o600))
}

func TestRestartRemembers(t *testing.T) {
	f, before := signedLog(t)
	f.must(f.tryStart())
	if after := f.info(); after.Sequence != 4 || after.Head != before.Head || after.Policy != before.Policy {
		t.Errorf("after a restart %+v, before %+v", after, before)
	}
	f.refuses(f.request(9, f.order("wd_1", "20")), coffer.CodeConflict, "bound to slot entrypoint/0x0/1")
}

func TestATamperedLogStopsTheSigner(t *testing.T) {
	edits := map[string]func([][]byte) [][]byte{
		"a changed amount": func(l [][]byte) [][]byte {
			l[2] = bytes.Replace(l[2], []byte(`"amount":"20000000"`), []byte(`"amount":"20000001"`), 1)
			return l
		},
		"a changed hash": func(l [][]byte) [][]byte {
			l[2] = bytes.Replace(l[2], []byte(`"hash":"0x`), []byte(`"hash":"0x0`), 1)
			return l
		},
		"a record taken out":   func(l [][]byte) [][]byte { return slices.Delete(l, 2, 3) },
		"the first taken out":  func(l [][]byte) [][]byte { return l[1:] },
		"a record twice":       func(l [][]byte) [][]byte { return slices.Insert(l, 2, l[1]) },
		"two records swapped":  func(l [][]byte) [][]byte { l[1], l[2] = l[2], l[1]; return l },
		"a truncated middle":   func(l [][]byte) [][]byte { l[2] = append(l[2][:len(l[2])/2], '\n'); return l },
		"a broken last record": func(l [][]byte) [][]byte { l[3] = append(l[3][:len(l[3])/2], '\n'); return l },
		"an empty line":        func(l [][]byte) [][]byte { return slices.Insert(l, 2, []byte("\n")) },
		"something added":      func(l [][]byte) [][]byte { l[2] = append(bytes.TrimSuffix(l[2], []byte("\n")), "{}\n"...); return l },
		"an unknown key": func(l [][]byte) [][]byte {
			l[2] = bytes.Replace(l[2], []byte(`{"hash"`), []byte(`{"x":1,"hash"`), 1)
			return l
		},
		"a line without an end": func(l [][]byte) [][]byte { return [][]byte{bytes.Repeat([]byte("x"), maxLineBytes+1)} },
		"a record made up and hashed anew": func(l [][]byte) [][]byte {
			body := bytes.Replace(bodyOf(l[3]), []byte(`"id":"wd_2"`), []byte(`"id":"wd_1"`), 1)
			return append(l[:3], lineOf(body))
		},
		"a made up record as torn last line": func(l [][]byte) [][]byte {
			body := bytes.Replace(bodyOf(l[3]), []byte(`"id":"wd_2"`), []byte(`"id":"wd_1"`), 1)
			return append(l[:3], bytes.TrimSuffix(lineOf(body), []byte("\n")))
		},
	}
	f, _ := signedLog(t)
	sound, err := os.ReadFile(f.logFile())
	f.must(err)
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			f.t = t
			f.must(os.WriteFile(f.logFile(), sound, 0o600))
			f.editLog(edit)
			wantError(t, f.tryStart(), ErrLogTampered, "log.jsonl")
		})
	}
	f.t = t
	f.must(os.WriteFile(f.logFile(), sound, 0o600))
	f.must(f.tryStart())
}

func bodyOf(text []byte) []byte {
	var ln line
	if err := json.Unmarshal(text, &ln); err != nil {
		panic(err)
	}
	return ln.Body
}

func lineOf(body []byte) []byte {
	text, err := json.Marshal(line{hashBody(body), body})
	if err != nil {
		panic(err)
	}
	return append(text, '\n')
}

// A crash while a record was written leaves part of a line: the signature it was about
// never left, so the order is free.
func TestATornLastRecordIsRepaired(t *testing.T) {
	f, _ := signedLog(t)
	sound, err := os.ReadFile(f.logFile())
	f.must(err)
	lines := bytes.SplitAfter(sound, []byte("\n"))
	last := len(lines[3])

	for _, kept := range []int{1, last / 2, last - 2} {
		f.must(os.WriteFile(f.logFile(), sound[:len(sound)-last+kept], 0o600))
		var said bytes.Buffer
		f.cfg.Logger = slog.New(slog.NewTextHandler(&said, nil))
		f.must(f.tryStart())
		if !strings.Contains(said.String(), "cut it off") {
			t.Errorf("kept %d bytes: no warning in %s", kept, said.String())
		}
		if f.info().Sequence != 3 {
			t.Errorf("kept %d bytes: sequence %d, want 3", kept, f.info().Sequence)
		}
		f.signs(f.request(9, f.order("wd_2", "30")))
		f.restart()
		f.refuses(f.request(2, f.order("wd_2", "30")), coffer.CodeConflict, "bound to slot entrypoint/0x0/9")
		f.close()
	}
}

// Only the line end is missing: the record is whole, and is kept.
func TestALastRecordWithoutItsLineEndIsKept(t *testing.T) {
	f, before := signedLog(t)
	f.editLog(func(l [][]byte) [][]byte { l[3] = bytes.TrimSuffix(l[3], []byte("\n")); return l })
	f.must(f.tryStart())
	if f.info().Head != before.Head {
		t.Error("the record was lost")
	}
	f.signs(f.request(3, f.order("wd_3", "1")))
	f.restart()
	if f.info().Sequence != 5 {
		t.Errorf("sequence %d, want 5", f.info().Sequence)
	}
	f.close()
}

func TestALogHasOneOwner(t *testing.T) {
	f, _ := signedLog(t)
	f.must(f.tryStart())
	_, err := openLog(f.logFile(), slog.New(slog.DiscardHandler), newState("signer-1").apply)
	wantError(t, err, ErrLogLocked, "log.jsonl")
	f.close()

	_, err = openLog(f.logFile(), slog.New(slog.DiscardHandler), newState("signer-2").apply)
	wantError(t, err, ErrLogTampered, `belongs to signer "signer-1"`)
}

// Nothing is signed that is not written down, and after a failed write nothing is.
func TestNoSignatureWithoutARecord(t *testing.T) {
	f := newFixture(t, "one")
	server, closeAll, err := open(t.Context(), f.cfg, func(ChainConfig) (coffer.Explainer, error) { return fakeExplainer{}, nil })
	f.must(err)
	defer func() { _ = closeAll() }() // the log was closed under it

	f.must(server.log.file.Close())
	for range 2 {
		sigs, err := server.Sign(t.Context(), f.request(0, f.order("wd_0", "10")))
		if len(sigs) != 0 || coffer.ErrorCode(err) != coffer.CodeInternal {
			t.Errorf("signed %v with %v and no log", sigs, err)
		}
	}
	if len(server.state.orders) != 0 {
		t.Error("what was not written is remembered")
	}
}

// The record is on disk before the token is asked: with no session free the call fails,
// and the order is bound all the same.
func TestTheRecordComesBeforeTheSignature(t *testing.T) {
	f := newFixture(t, "one")
	f.cfg.Token.Sessions = 1
	server, closeAll, err := open(t.Context(), f.cfg, func(ChainConfig) (coffer.Explainer, error) { return fakeExplainer{}, nil })
	f.must(err)
	defer func() { f.must(closeAll()) }()

	owner, ok := server.chains[testChain].owner.(safeOwner)
	if !ok {
		t.Fatalf("the owner is a %T", server.chains[testChain].owner)
	}
	token := owner.key.token
	session := <-token.sessions
	server.clock = f.clock.Now
	ctx := &expiringContext{Context: t.Context(), expired: make(chan struct{})}
	done := make(chan error, 1)
	go func() {
		_, err := server.Sign(ctx, f.request(0, f.order("wd_0", "10")))
		done <- err
	}()
	waitFor(t, func() bool { return fileHolds(t, f.logFile(), `"id":"wd_0"`) })
	close(ctx.expired)
	if err := <-done; coffer.ErrorCode(err) != coffer.CodeUnavailable {
		t.Errorf("signed without a session: %v", err)
	}
	token.sessions <- session
	_, err = server.Sign(t.Context(), f.request(1, f.order("wd_0", "10")))
	if coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("the order was not bound: %v", err)
	}
}

func fileHolds(t *testing.T, path, text string) bool {
	t.Helper()
	b, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(b, []byte(text))
}

func FuzzLog(f *testing.F) {
	body, err := json.Marshal(record{Sequence: 1, At: time.Unix(1, 0).UTC(), Kind: kindOpened, Opened: &openedRecord{"s"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(lineOf(body))
	f.Add(append(lineOf(body), `{"hash":`...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "log.jsonl")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		logger := slog.New(slog.NewTextHandler(io.Discard, nil))
		l, err := openLog(path, logger, newState("s").apply)
		if err != nil {
			return
		}
		sequence, head := l.sequence, l.head
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		// What was accepted once, repaired or not, is accepted again as the same.
		l, err = openLog(path, logger, newState("s").apply)
		if err != nil || l.sequence != sequence || l.head != head {
			t.Fatalf("opened again: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

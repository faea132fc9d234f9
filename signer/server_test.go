package signer

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/signer/signerpb"
)

// target returns where the fixture's signer listens.
func (f *fixture) target() string {
	return strings.TrimPrefix(f.client.conn.Target(), "passthrough:///")
}

func TestOnlyNamedClientsMayCall(t *testing.T) {
	f := newFixture(t, "one").start()
	foreign := filepath.Join(t.TempDir(), "pki")
	f.must(NewPKI(foreign, "signer-1", "coordinator"))

	call := func(edit func(*tls.Config)) error {
		t.Helper()
		config, err := clientTLS(ClientConfig{Name: "signer-1", CA: f.file("ca.crt"), Cert: f.file("coordinator.crt"), Key: f.file("coordinator.key")})
		f.must(err)
		edit(config)
		conn, err := grpc.NewClient("passthrough:///"+f.target(), grpc.WithTransportCredentials(credentials.NewTLS(config)))
		f.must(err)
		defer func() { f.must(conn.Close()) }()
		_, err = signerpb.NewSignerClient(conn).Info(t.Context(), &signerpb.InfoRequest{})
		return err
	}
	pair := func(dir, name string) []tls.Certificate {
		cert, err := tls.LoadX509KeyPair(filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key"))
		f.must(err)
		return []tls.Certificate{cert}
	}

	if err := call(func(*tls.Config) {}); err != nil {
		t.Fatalf("the coordinator was refused: %v", err)
	}
	for name, edit := range map[string]func(*tls.Config){
		"of a foreign authority":   func(c *tls.Config) { c.Certificates = pair(foreign, "coordinator") },
		"with another name":        func(c *tls.Config) { c.Certificates = pair(f.pki, "stranger") },
		"that is a signer's":       func(c *tls.Config) { c.Certificates = pair(f.pki, "signer-1") },
		"missing":                  func(c *tls.Config) { c.Certificates = nil },
		"good, but TLS before 1.3": func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 },
	} {
		if err := call(edit); err == nil {
			t.Errorf("a client certificate %s was accepted", name)
		}
	}
	if _, err := net.Dial("tcp", f.target()); err != nil {
		t.Fatalf("the signer stopped listening: %v", err)
	}
}

func TestClientRefusesAnotherServer(t *testing.T) {
	f := newFixture(t, "one").start()
	foreign := filepath.Join(t.TempDir(), "pki")
	f.must(NewPKI(foreign, "coordinator"))
	good := ClientConfig{Name: "signer-1", Address: f.target(), CA: f.file("ca.crt"), Cert: f.file("coordinator.crt"), Key: f.file("coordinator.key")}

	other := good
	other.Name = "signer-2"
	impostor := good
	impostor.CA = filepath.Join(foreign, "ca.crt")
	absent := good
	absent.Address = "127.0.0.1:1"
	for name, cfg := range map[string]ClientConfig{"another name": other, "another authority": impostor, "nobody there": absent} {
		client, err := Dial(t.Context(), cfg)
		f.must(err)
		_, err = client.Sign(t.Context(), f.request(0, f.order("wd_1", "1")))
		if coffer.ErrorCode(err) != coffer.CodeUnavailable {
			t.Errorf("%s: %v", name, err)
		}
		f.must(client.Close())
	}

	missing := good
	missing.Key = filepath.Join(f.pki, "nothing.key")
	if _, err := Dial(t.Context(), missing); err == nil {
		t.Error("dialled without a key")
	}
}

func TestMalformedAndOversizedMessages(t *testing.T) {
	f := newFixture(t, "one").start()
	good := func() *signerpb.SignRequest { return requestToWire(f.request(0, f.order("wd_1", "1"))) }
	many := make([]*signerpb.Order, maxOrders+1)
	for i := range many {
		many[i] = &signerpb.Order{}
	}
	for name, edit := range map[string]func(*signerpb.SignRequest){
		"empty":             func(r *signerpb.SignRequest) { r.Reset() },
		"no intent":         func(r *signerpb.SignRequest) { r.Intent = nil },
		"no unsigned":       func(r *signerpb.SignRequest) { r.Unsigned = nil },
		"short hash":        func(r *signerpb.SignRequest) { r.Intent.Orders[0] = r.Intent.Orders[0][:31] },
		"negative amount":   func(r *signerpb.SignRequest) { r.Orders[0].Amount = "-1" },
		"huge amount":       func(r *signerpb.SignRequest) { r.Orders[0].Amount = strings.Repeat("9", 79) },
		"negative time":     func(r *signerpb.SignRequest) { r.Orders[0].Expires = -1 },
		"time too far":      func(r *signerpb.SignRequest) { r.Intent.Expires = 1 << 60 },
		"too many orders":   func(r *signerpb.SignRequest) { r.Orders = many },
		"a long identifier": func(r *signerpb.SignRequest) { r.Orders[0].Id = strings.Repeat("x", maxTextBytes+1) },
		"a message above the bound": func(r *signerpb.SignRequest) {
			r.Unsigned.Bytes = make([]byte, maxMessageBytes)
		},
	} {
		r := good()
		edit(r)
		if _, err := f.client.rpc.Sign(t.Context(), r); err == nil {
			t.Errorf("%s: was signed", name)
		}
	}
	if f.info().Sequence != 1 {
		t.Error("something was recorded")
	}
	if _, err := f.client.rpc.Sign(t.Context(), good()); err != nil {
		t.Errorf("the good request was refused: %v", err)
	}
}

func TestTheWireChangesNothing(t *testing.T) {
	f := newFixture(t, "one")
	o := f.order("wd_1", "6000")
	o.Memo = "Überweisung"
	r := f.request(7, o, f.order("wd_2", "1"))
	back, err := requestFromWire(requestToWire(r))
	f.must(err)
	if back.Intent.Hash() != r.Intent.Hash() {
		t.Errorf("the intent changed: %+v", back.Intent)
	}
	for k := range r.Orders {
		if back.Orders[k].Hash() != r.Orders[k].Hash() {
			t.Errorf("order %d changed: %+v", k, back.Orders[k])
		}
	}
	for k, a := range r.Approvals {
		b := back.Approvals[k]
		if b.Order != a.Order || b.Key != a.Key || b.Scheme != a.Scheme || !b.Expires.Equal(a.Expires) || string(b.Signature) != string(a.Signature) {
			t.Errorf("approval %d changed: %+v", k, b)
		}
	}
	if u := back.Unsigned; u.Format != r.Unsigned.Format || string(u.Bytes) != string(r.Unsigned.Bytes) || u.Attempt != r.Unsigned.Attempt {
		t.Errorf("the transaction changed: %+v", u)
	}
}

func TestDoesNotStartWithAnotherPolicy(t *testing.T) {
	f := newFixture(t, "one")
	f.must(os.WriteFile(f.cfg.Policy.File, []byte(strings.Replace(testPolicy, `max: "10000"`, `max: "20000"`, 1)), 0o600))
	wantError(t, f.tryStart(), nil, "pinned is "+f.cfg.Policy.Hash)
	f.must(os.WriteFile(f.cfg.Policy.File, []byte(testPolicy+"# looks the same\n"), 0o600))
	wantError(t, f.tryStart(), nil, "pinned is "+f.cfg.Policy.Hash)
	f.must(os.Remove(f.cfg.Policy.File))
	wantError(t, f.tryStart(), os.ErrNotExist, "policy")
	f.must(os.WriteFile(f.cfg.Policy.File, []byte(testPolicy), 0o600))
	f.must(f.tryStart())
	f.close()
}

func TestNewPKIKeepsWhatExists(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	if err := NewPKI(dir, "one"); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := NewPKI(dir, "one", "two"); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil || string(after) != string(before) {
		t.Errorf("the authority changed: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 6 {
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", entry.Name(), info.Mode(), err)
		}
	}
	for _, name := range []string{"", "ca", "../up", "UPPER", "a.b"} {
		if NewPKI(dir, name) == nil {
			t.Errorf("the name %q was accepted", name)
		}
	}
}

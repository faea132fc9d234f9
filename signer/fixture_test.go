package signer

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

const (
	testChain  = coffer.ChainID("eip155:31337")
	testNative = coffer.AssetID("eip155:31337/slip44:60")
	testUSDT   = coffer.AssetID("eip155:31337/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7")
	testWallet = coffer.Address("0x90F79bf6EB2c4f870365E785982E1f101E93b906")
	entryPoint = "0x0000000071727De22E5E9d8BAf0edAc6f37da032"
)

// Alice has two keys, bob one: private keys 1 and 2, and an Ed25519 seed of ones.
const testPolicy = `
version: 1
name: test
signers: {threshold: 2, count: 3}
people:
  - name: alice
    keys:
      - eip712: "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
      - ed25519: "0x8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"
  - name: bob
    keys:
      - eip712: "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"
  - name: carol
    keys:
      - eip712: "0x6813Eb9362372EEF6200f3b1dbC3f819671cBA69"
pause:
  by: [alice, bob]
  resume: {people: [alice, bob], quorum: 2}
assets:
  - {name: USDT, id: "eip155:31337/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7", decimals: 6}
  - {name: ETH, id: "eip155:31337/slip44:60", decimals: 18}
rules:
  order_limits:
    - {name: usdt per order, enforced_by: signer, asset: USDT, max: "10000"}
  velocity:
    - {name: usdt per day, enforced_by: signer, asset: USDT, per: asset, max: "30000"}
  block_lists:
    - {name: sanctioned, enforced_by: signer, addresses: ["0x8589427373D6D84E98730D7795D8f6f8731FDA16"]}
  approvals:
    - {name: one above 100, enforced_by: signer, asset: USDT, above: "100", people: 1}
    - {name: two above 5000, enforced_by: signer, asset: USDT, above: "5000", people: 2}
  fee_limits:
    - {name: gas, enforced_by: signer, asset: ETH, max: "0.05", daily: "0.3"}
`

// fakeExplainer reads a made-up format: the effects as JSON. The digest is its own.
type fakeExplainer struct{}

const fakeFormat = "fake/v1"

func (fakeExplainer) Explain(u coffer.Unsigned) (coffer.Effects, error) {
	if u.Format != fakeFormat {
		return coffer.Effects{}, fmt.Errorf("format %q is not mine", u.Format)
	}
	var e coffer.Effects
	if err := strictJSON(u.Bytes, &e); err != nil {
		return coffer.Effects{}, err
	}
	e.Digests = []coffer.Hash{coffer.Hash(crypto.Keccak256(u.Bytes))}
	return e, nil
}

// testClock is moved by hand.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is one signer on a token, with a PKI, a policy and a clock.
type fixture struct {
	t     testing.TB
	cfg   Config
	pki   string
	clock *testClock

	explain func(ChainConfig) (coffer.Explainer, error)
	client  *Client
	stop    func() error
}

func newFixture(t testing.TB, token string) *fixture {
	t.Helper()
	dir := t.TempDir()
	f := &fixture{t: t, pki: filepath.Join(dir, "pki"), clock: &testClock{now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)}}
	f.explain = func(ChainConfig) (coffer.Explainer, error) { return fakeExplainer{}, nil }
	f.must(NewPKI(f.pki, "signer-1", "coordinator", "stranger"))
	pinFile, policyFile := filepath.Join(dir, "pin"), filepath.Join(dir, "policy.yaml")
	f.must(os.WriteFile(pinFile, []byte(testPIN+"\n"), 0o600))
	f.must(os.WriteFile(policyFile, []byte(testPolicy), 0o600))
	p, err := policy.Parse([]byte(testPolicy))
	f.must(err)

	f.cfg = Config{
		Name: "signer-1", Listen: "127.0.0.1:0", Dir: filepath.Join(dir, "state"),
		TLS:    TLSConfig{CA: f.file("ca.crt"), Cert: f.file("signer-1.crt"), Key: f.file("signer-1.key"), Clients: []string{"coordinator"}},
		Token:  TokenConfig{Module: testModule, Label: token, PINFile: pinFile},
		Policy: PolicyConfig{File: policyFile, Hash: p.Hash().String()},
		Chains: []ChainConfig{{
			Chain: testChain, Native: testNative, EntryPoint: entryPoint,
			Module: "0x75cf11467937ce3F2f357CE24ffc3DBF8fD5c226", MultiSend: "0x9641d764fc13c8B624c04430C7356C1C7C8102e2",
			Wallets: []string{string(testWallet)}, Owner: "owner",
			Executor: &ExecutorConfig{
				Key: "executor", FeeCap: wei("0.1"), DailyFeeCap: wei("0.25"),
				RefillCap: wei("0.5"), DailyRefillCap: wei("1.2"), Executors: []string{otherExecutor},
			},
		}},
		Clock:  f.clock.Now,
		Logger: slog.New(slog.DiscardHandler),
	}
	for _, label := range []string{"owner", "executor"} {
		_, err := CreateKey(t.Context(), f.cfg, label)
		f.must(err)
	}
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) file(name string) string { return filepath.Join(f.pki, name) }

// start runs the signer and dials it.
func (f *fixture) start() *fixture {
	f.t.Helper()
	f.must(f.tryStart())
	f.t.Cleanup(func() { f.close() })
	return f
}

func (f *fixture) tryStart() error {
	f.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan net.Addr, 1), make(chan error, 1)
	cfg := f.cfg
	cfg.Ready = func(addr net.Addr) { ready <- addr }
	go func() { ended <- run(ctx, cfg, f.explain) }()
	select {
	case err := <-ended:
		cancel()
		return err
	case addr := <-ready:
		f.client = f.dial(addr.String(), "coordinator")
	}
	f.stop = func() error {
		cancel()
		return <-ended
	}
	return nil
}

func (f *fixture) dial(address, as string) *Client {
	f.t.Helper()
	client, err := Dial(f.t.Context(), ClientConfig{
		Name: f.cfg.Name, Address: address, CA: f.file("ca.crt"), Cert: f.file(as + ".crt"), Key: f.file(as + ".key")})
	f.must(err)
	f.t.Cleanup(func() { _ = client.Close() })
	return client
}

// close stops the signer as a service manager does.
func (f *fixture) close() {
	f.t.Helper()
	if f.stop == nil {
		return
	}
	_ = f.client.Close() // a cleanup may have closed it before
	f.must(f.stop())
	f.stop = nil
}

func (f *fixture) restart() {
	f.t.Helper()
	f.close()
	f.must(f.tryStart())
}

func (f *fixture) info() Info {
	f.t.Helper()
	info, err := f.client.Info(f.t.Context())
	f.must(err)
	return info
}

func (f *fixture) logFile() string { return f.cfg.logPath() }

// order asks for so many USDT, expiring in an hour.
func (f *fixture) order(id, units string) coffer.Order {
	return coffer.Order{
		ID: id, Tenant: "tn_1", Account: "acc_<1>", Asset: testUSDT, Destination: "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
		Amount: usdt(units), FeeCap: usdt("1"), Expires: f.clock.Now().Add(time.Hour),
	}
}

// request pays the orders in a slot of the EntryPoint, with alice's and bob's approvals.
func (f *fixture) request(sequence uint64, orders ...coffer.Order) coffer.SigningRequest {
	f.t.Helper()
	until := f.clock.Now().Add(30 * time.Minute)
	r := coffer.SigningRequest{Orders: orders, Intent: coffer.Intent{
		ID: fmt.Sprintf("po_%d", sequence), Chain: testChain, Wallet: testWallet, Path: coffer.PathUserOp,
		Slot:    coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: "0x0", Sequence: sequence},
		Purpose: coffer.PurposeOrders, FeeBound: wei("0.01"), Expires: until,
	}}
	for _, o := range orders {
		r.Intent.Orders = append(r.Intent.Orders, o.Hash())
		r.Intent.Payments = append(r.Intent.Payments, o.Payment())
		r.Approvals = append(r.Approvals, f.approve(o, 1, until), f.approve(o, 2, until))
	}
	f.build(&r, nil)
	return r
}

// build makes the unsigned transaction that does what the intent says, but for edit.
func (f *fixture) build(r *coffer.SigningRequest, edit func(*coffer.Effects)) {
	f.t.Helper()
	i := r.Intent
	e := coffer.Effects{Chain: i.Chain, Wallet: i.Wallet, Path: i.Path, Slot: i.Slot,
		Payments: append([]coffer.Payment(nil), i.Payments...), FeeBound: i.FeeBound, ValidUntil: i.Expires}
	if edit != nil {
		edit(&e)
	}
	text, err := json.Marshal(e)
	f.must(err)
	r.Unsigned = coffer.Unsigned{Chain: i.Chain, Wallet: i.Wallet, Path: i.Path, Format: fakeFormat, Bytes: text}
}

func (f *fixture) approve(o coffer.Order, key int64, expires time.Time) coffer.Approval {
	f.t.Helper()
	private, err := crypto.ToECDSA(common.LeftPadBytes(big.NewInt(key).Bytes(), 32))
	f.must(err)
	digest, err := policy.ApprovalDigest(o, coffer.SchemeEIP712, expires)
	f.must(err)
	sig, err := crypto.Sign(digest, private)
	f.must(err)
	sig[64] += 27
	return coffer.Approval{Order: o.Hash(), Scheme: coffer.SchemeEIP712, Key: crypto.PubkeyToAddress(private.PublicKey).Hex(), Expires: expires, Signature: sig}
}

func (f *fixture) approveEd25519(o coffer.Order, expires time.Time) coffer.Approval {
	f.t.Helper()
	seed := [32]byte{}
	for i := range seed {
		seed[i] = 1
	}
	private := ed25519.NewKeyFromSeed(seed[:])
	message, err := policy.ApprovalDigest(o, coffer.SchemeEd25519, expires)
	f.must(err)
	return coffer.Approval{Order: o.Hash(), Scheme: coffer.SchemeEd25519, Key: hexutil.Encode(private[32:]),
		Expires: expires, Signature: ed25519.Sign(private, message)}
}

// signs wants a signature by the signer's owner key over the digest of the bytes given.
func (f *fixture) signs(r coffer.SigningRequest) coffer.Signature {
	f.t.Helper()
	sigs, err := f.client.Sign(f.t.Context(), r)
	f.must(err)
	if len(sigs) != 1 {
		f.t.Fatalf("%d signatures, want 1", len(sigs))
	}
	sig := sigs[0]
	if want := coffer.Hash(crypto.Keccak256(r.Unsigned.Bytes)); sig.Digest != want || sig.Signer != f.cfg.Name {
		f.t.Fatalf("signed %s as %q, want %s", sig.Digest, sig.Signer, want)
	}
	if who := recoverSigner(f.t, sig.Digest, sig.Bytes); who.Hex() != sig.Key {
		f.t.Fatalf("the signature is by %s, not by %s", who, sig.Key)
	}
	return sig
}

// refuses wants a refusal with this code whose text says why.
func (f *fixture) refuses(r coffer.SigningRequest, code coffer.Code, says string) {
	f.t.Helper()
	before := f.info()
	sigs, err := f.client.Sign(f.t.Context(), r)
	if err == nil {
		f.t.Fatalf("signed: %v", sigs)
	}
	if coffer.ErrorCode(err) != code || !strings.Contains(err.Error(), says) {
		f.t.Errorf("refused with %v; want %s and %q", err, code, says)
	}
	if after := f.info(); after.Sequence != before.Sequence || after.Head != before.Head {
		f.t.Errorf("a refusal moved the log from %d to %d", before.Sequence, after.Sequence)
	}
}

func recoverSigner(t testing.TB, digest coffer.Hash, sig []byte) common.Address {
	t.Helper()
	if len(sig) != 65 || (sig[64] != 27 && sig[64] != 28) {
		t.Fatalf("signature %x: want r, s, v with v 27 or 28", sig)
	}
	if new(big.Int).SetBytes(sig[32:64]).Cmp(halfOrder) > 0 {
		t.Fatalf("signature %x: s is in the upper half", sig)
	}
	plain := append([]byte(nil), sig...)
	plain[64] -= 27
	public, err := crypto.SigToPub(digest[:], plain)
	if err != nil {
		t.Fatal(err)
	}
	return crypto.PubkeyToAddress(*public)
}

func usdt(units string) coffer.Amount { return parse(units, 6) }
func wei(ether string) coffer.Amount  { return parse(ether, 18) }

func parse(units string, decimals uint8) coffer.Amount {
	n, err := coffer.ParseUnits(units, decimals)
	if err != nil {
		panic(err)
	}
	return n
}

func wantError(t *testing.T, err error, is error, says string) {
	t.Helper()
	if err == nil || (is != nil && !errors.Is(err, is)) || !strings.Contains(err.Error(), says) {
		t.Errorf("error %v; want %v and %q", err, is, says)
	}
}

package signer

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/bindings"
	"github.com/cofferhq/coffer/devnet"
	"github.com/cofferhq/coffer/evm"
	"github.com/cofferhq/coffer/policy"
)

// field is a signer with a node of its own: a real chain with a Safe of two owners, any one
// of whom may send, the signer and a stranger.
type field struct {
	*fixture
	*devnet.Anvil
	devnet.Contracts
	safe     evm.Safe
	usdt     coffer.AssetID
	stranger *ecdsa.PrivateKey
	maxFee   uint64 // of the next operation
}

const finalityBlocks = 6 // more than anvil needs with two slots in an epoch

func newField(t *testing.T) *field {
	t.Helper()
	f := newFixture(t, "one")
	a, err := devnet.Start(t.Context(), devnet.Config{})
	f.must(err)
	t.Cleanup(func() { f.must(a.Stop(context.Background())) })
	c, err := a.Deploy(t.Context())
	f.must(err)
	stranger, err := crypto.GenerateKey()
	f.must(err)
	w := &field{fixture: f, Anvil: a, Contracts: c, stranger: stranger, maxFee: 10_000_000_000}

	head, err := a.Eth().HeaderByNumber(t.Context(), nil)
	f.must(err)
	f.clock.now = time.Unix(int64(head.Time), 0).UTC()
	owner, err := CreateKey(t.Context(), f.cfg, "owner")
	f.must(err)
	owners := []common.Address{owner, crypto.PubkeyToAddress(stranger.PublicKey)}
	address, err := a.CreateSafe(t.Context(), c, owners, 1, 0)
	f.must(err)
	_, err = a.DepositTo(t.Context(), c, address, big.NewInt(1e18))
	f.must(err)

	w.usdt = evm.TokenAsset(testChain, c.Token)
	w.safe = evm.Safe{Chain: testChain, Native: testNative, EntryPoint: c.EntryPoint, Module: c.Safe4337Module, MultiSend: c.MultiSendCallOnly,
		Address: address, Owners: owners, Threshold: 1}
	text := strings.ReplaceAll(testPolicy, string(testUSDT), string(w.usdt))
	p, err := policy.Parse([]byte(text))
	f.must(err)
	f.must(os.WriteFile(f.cfg.Policy.File, []byte(text), 0o600))
	f.cfg.Policy.Hash = p.Hash().String()
	chain := &f.cfg.Chains[0]
	chain.EntryPoint, chain.Module, chain.MultiSend = c.EntryPoint.Hex(), c.Safe4337Module.Hex(), c.MultiSendCallOnly.Hex()
	chain.Wallets, chain.RPC = []string{address.Hex()}, []string{a.URL}
	f.explain = explainerOf
	return w
}

// order asks for so many USDT of this chain, long enough to be tried again.
func (w *field) order(id, units string) coffer.Order {
	o := w.fixture.order(id, units)
	o.Asset, o.Expires = w.usdt, w.clock.Now().Add(3*time.Hour)
	return o
}

// request pays orders in a slot by a real operation.
func (w *field) request(sequence uint64, orders ...coffer.Order) coffer.SigningRequest {
	w.t.Helper()
	r := w.fixture.request(sequence, orders...)
	r.Intent.Wallet = w.safe.Name()
	validity := evm.Validity{Until: r.Intent.Expires}
	gas := evm.Gas{Verification: 400_000, Call: 300_000, PreVerification: 100_000}
	fees := evm.Fees{Max: coffer.NewAmount(w.maxFee), Priority: coffer.NewAmount(1_000_000_000)}
	op, err := evm.BuildUserOp(r.Intent, w.safe, gas, fees, validity)
	w.must(err)
	r.Unsigned, err = evm.NewUnsigned(w.safe, op, validity, 0)
	w.must(err)
	return r
}

// sign has the signer sign, and returns the operation with its signature.
func (w *field) sign(r coffer.SigningRequest) evm.UserOperation {
	w.t.Helper()
	sigs, err := w.client.Sign(w.t.Context(), r)
	w.must(err)
	return w.finalize(r.Unsigned, sigs)
}

// foreign is the same operation signed by the other owner, behind the signer's back.
func (w *field) foreign(r coffer.SigningRequest) evm.UserOperation {
	w.t.Helper()
	effects, err := w.explainer().Explain(r.Unsigned)
	w.must(err)
	sig, err := crypto.Sign(effects.Digests[0][:], w.stranger)
	w.must(err)
	sig[64] += 27
	return w.finalize(r.Unsigned, []coffer.Signature{{Key: crypto.PubkeyToAddress(w.stranger.PublicKey).Hex(), Digest: effects.Digests[0], Bytes: sig}})
}

func (w *field) explainer() coffer.Explainer {
	x, err := explainerOf(w.cfg.Chains[0])
	w.must(err)
	return x
}

func (w *field) finalize(u coffer.Unsigned, sigs []coffer.Signature) evm.UserOperation {
	w.t.Helper()
	signed, err := evm.Finalize(u, w.safe, sigs)
	w.must(err)
	var op evm.UserOperation
	w.must(json.Unmarshal(signed.Bytes, &op))
	return op
}

// land puts an operation on the chain.
func (w *field) land(op evm.UserOperation) {
	w.t.Helper()
	data := bindings.NewEntryPoint().PackHandleOps([]bindings.PackedUserOperation{op.Pack()}, w.Faucet())
	_, err := w.Send(w.t.Context(), devnet.Call{To: &w.EntryPoint, Data: data})
	w.must(err)
}

func (w *field) finish() { w.t.Helper(); w.must(w.Mine(w.t.Context(), finalityBlocks)) }

// later moves both clocks, and makes blocks until the chain's is final.
func (w *field) later(ours, theirs time.Duration) {
	w.t.Helper()
	head, err := w.Eth().HeaderByNumber(w.t.Context(), nil)
	w.must(err)
	w.must(w.SetNextBlockTime(w.t.Context(), time.Unix(int64(head.Time), 0).Add(theirs)))
	w.finish()
	w.clock.add(ours)
}

func (w *field) fund(units string) {
	w.t.Helper()
	_, err := w.Issue(w.t.Context(), w.Contracts, w.safe.Address, usdt(units).Int().ToBig())
	w.must(err)
}

func TestAFailedOperationSetsItsOrdersFree(t *testing.T) {
	w := newField(t)
	w.start()
	a, b := w.order("wd_1", "6000"), w.order("wd_2", "50")
	op := w.sign(w.request(0, a, b))
	w.refuses(w.request(1, a), coffer.CodeConflict, "it may still be used")
	w.land(op) // the Safe has no USDT: the operation fails
	w.refuses(w.request(1, a), coffer.CodeConflict, "bound to slot entrypoint/0x0/0")
	w.finish()

	w.sign(w.request(1, a))
	w.restart()
	w.sign(w.request(2, b))
	w.refuses(w.request(3, a), coffer.CodeConflict, "bound to slot entrypoint/0x0/1")
	w.refuses(w.request(3, b), coffer.CodeConflict, "bound to slot entrypoint/0x0/2")
	w.refuses(w.request(0, a, b), coffer.CodeConflict, "bound to slot entrypoint/0x0/")
	w.refuses(w.request(0, w.order("wd_3", "50")), coffer.CodeConflict, "was consumed")
	changed := a
	changed.Amount = usdt("6001")
	w.refuses(w.request(3, changed), coffer.CodeConflict, "another content")
}

// What a slot paid is paid, though the node that showed it is gone.
func TestWhatWasPaidIsNeverSignedAgain(t *testing.T) {
	w := newField(t)
	w.start()
	w.fund("10000")
	o := w.order("wd_1", "6000")
	w.land(w.sign(w.request(0, o)))
	w.refuses(w.request(1, o), coffer.CodeConflict, "bound to slot")
	w.finish()
	before := w.info().Sequence
	if _, err := w.client.Sign(t.Context(), w.request(1, o)); coffer.ErrorCode(err) != coffer.CodeConflict || !strings.Contains(err.Error(), "was paid in slot entrypoint/0x0/0") {
		t.Fatalf("a paid order: %v", err)
	}
	if w.info().Sequence != before+1 {
		t.Error("that the order was paid is not in the log")
	}
	w.close()
	w.cfg.Chains[0].RPC = nil
	w.must(w.tryStart())
	w.refuses(w.request(1, o), coffer.CodeConflict, "was paid")
	w.refuses(w.request(0, o), coffer.CodeConflict, "was paid")
}

// A slot that nothing consumed ends when the final block and our own clock are past all
// that was signed in it; then it is anybody's, but the order is only where it went.
func TestAnExpiredSlotEndsByBothClocks(t *testing.T) {
	w := newField(t)
	w.start()
	o, other := w.order("wd_1", "60"), w.order("wd_2", "60")
	first := w.request(0, o)
	w.sign(first)
	w.later(31*time.Minute, time.Minute)
	w.refuses(w.request(1, o), coffer.CodeConflict, "the final block is of")
	w.later(-20*time.Minute, 40*time.Minute)
	w.refuses(w.request(1, o), coffer.CodeConflict, "by this signer's clock")
	w.clock.add(25 * time.Minute)

	w.sign(w.request(1, o))
	w.refuses(w.request(0, o), coffer.CodeConflict, "bound to slot entrypoint/0x0/1")
	w.sign(w.request(0, other))
	w.restart()
	w.refuses(w.request(0, o), coffer.CodeConflict, "bound to slot entrypoint/0x0/1")
	w.refuses(w.request(2, other), coffer.CodeConflict, "bound to slot entrypoint/0x0/0")
}

// advances wants a request that is to be made again, which ended so many slots in the log.
func (f *fixture) advances(r coffer.SigningRequest, ended int) {
	f.t.Helper()
	before := f.info().Sequence
	_, err := f.client.Sign(f.t.Context(), r)
	if coffer.ErrorCode(err) != coffer.CodeUnavailable || !strings.Contains(err.Error(), "ask again") {
		f.t.Fatalf("asked of more slots than one request has looked at: %v", err)
	}
	if got := f.info().Sequence; got != before+uint64(ended) {
		f.t.Fatalf("the log grew from %d to %d, want the ends of %d slots", before, got, ended)
	}
}

// A batch may gather orders from more dead slots than a signer looks at for one request.
func TestABatchFromManyDeadSlotsIsSignedInTheEnd(t *testing.T) {
	const dead = 2*maxEnds + 8
	w := newField(t)
	w.maxFee = 1_000_000_000
	w.start()
	request := func(slot uint64, orders ...coffer.Order) coffer.SigningRequest {
		r := w.request(slot, orders...)
		r.Intent.FeeBound = wei("0.001") // all of them within the day's limit
		return r
	}
	var orders []coffer.Order
	for n := range uint64(dead) {
		orders = append(orders, w.order(fmt.Sprintf("wd_%d", n), "60"))
		w.sign(request(n, orders[n]))
	}
	w.later(40*time.Minute, 40*time.Minute)
	alive := w.order("wd_alive", "60")
	w.sign(request(dead, alive))

	with := request(dead+1, append(orders[:dead:dead], alive)...)
	w.advances(with, maxEnds)
	w.advances(with, maxEnds)
	_, err := w.client.Sign(t.Context(), with)
	if coffer.ErrorCode(err) != coffer.CodeConflict || !strings.Contains(err.Error(), "it may still be used") {
		t.Fatalf("an order whose slot is alive: %v", err)
	}
	w.restart()
	w.refuses(with, coffer.CodeConflict, "it may still be used")
	w.sign(request(dead+1, orders...))
}

// Quorums of others may send operations that this signer never saw.
func TestAnotherOperationInTheSlot(t *testing.T) {
	t.Run("that paid the order", func(t *testing.T) {
		w := newField(t)
		w.start()
		w.fund("10000")
		o := w.order("wd_1", "6000")
		w.sign(w.request(0, o))
		w.maxFee++ // another operation
		w.land(w.foreign(w.request(0, o)))
		w.finish()
		w.refuses(w.request(1, o), coffer.CodeConflict, "paid what order wd_1 asks for")
	})
	t.Run("that paid something else", func(t *testing.T) {
		w := newField(t)
		w.start()
		w.fund("10000")
		o := w.order("wd_1", "6000")
		w.sign(w.request(0, o))
		w.land(w.foreign(w.request(0, w.order("wd_9", "10"))))
		w.refuses(w.request(1, o), coffer.CodeConflict, "bound to slot")
		w.finish()
		w.sign(w.request(1, o))
	})
}

// liar is a node in front of the real one that changes some answers.
func (w *field) liar(change func(method string, answer []byte) []byte) string {
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		body, err := io.ReadAll(in.Body)
		if err != nil {
			return
		}
		var call struct{ Method string }
		_ = json.Unmarshal(body, &call)
		answer, err := http.Post(w.URL, "application/json", bytes.NewReader(body))
		if err != nil {
			return
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			return
		}
		out.Header().Set("Content-Type", "application/json")
		_, _ = out.Write(change(call.Method, text))
	}))
	w.t.Cleanup(server.Close)
	return server.URL
}

// One of two nodes says that a living slot is consumed, or shows finality that is not.
func TestALyingNodeSetsNothingFree(t *testing.T) {
	w := newField(t)
	o := w.order("wd_1", "60")
	lies := map[string]func(string, []byte) []byte{
		"consumed": func(method string, answer []byte) []byte {
			if method != "eth_call" {
				return answer
			}
			return bytes.Replace(answer, []byte(strings.Repeat("0", 64)), []byte(strings.Repeat("0", 63)+"7"), 1)
		},
		"another final block": func(method string, answer []byte) []byte {
			if method != "eth_getBlockByNumber" {
				return answer
			}
			return otherBlock(answer)
		},
	}
	w.start()
	w.sign(w.request(0, o))
	w.finish()
	stuck, err := w.Eth().HeaderByNumber(t.Context(), nil)
	w.must(err)
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			w.t, w.fixture.t = t, t
			w.cfg.Chains[0].RPC = []string{w.URL, w.liar(lie)}
			w.restart()
			w.refuses(w.request(1, o), coffer.CodeUnavailable, "disagree")
		})
	}

	// The slot has expired, but one node is asked in vain for the end: it stands still.
	w.t, w.fixture.t = t, t
	w.cfg.Chains[0].RPC = []string{w.URL, w.liar(func(method string, answer []byte) []byte {
		if method != "eth_getBlockByNumber" || !bytes.Contains(answer, []byte(`"baseFeePerGas"`)) {
			return answer
		}
		return answerWith(answer, stuck)
	})}
	w.later(40*time.Minute, 40*time.Minute)
	w.restart()
	w.refuses(w.request(1, o), coffer.CodeConflict, "the final block is of")
	w.cfg.Chains[0].RPC = []string{w.URL}
	w.restart()
	w.sign(w.request(1, o))
}

// answerWith is a node's answer with another block in it.
func answerWith(answer []byte, header *types.Header) []byte {
	var message map[string]any
	if json.Unmarshal(answer, &message) != nil {
		return answer
	}
	text, err := json.Marshal(header)
	if err != nil {
		return answer
	}
	message["result"] = json.RawMessage(text)
	if text, err = json.Marshal(message); err != nil {
		return answer
	}
	return text
}

// otherBlock makes another block of a node's answer, with a hash that fits.
func otherBlock(answer []byte) []byte {
	var message map[string]json.RawMessage
	var block map[string]any
	if json.Unmarshal(answer, &message) != nil || json.Unmarshal(message["result"], &block) != nil {
		return answer
	}
	block["extraData"] = "0x1234"
	header, err := rehash(block)
	if err != nil {
		return answer
	}
	message["result"] = header
	text, err := json.Marshal(message)
	if err != nil {
		return answer
	}
	return text
}

func rehash(block map[string]any) (json.RawMessage, error) {
	text, err := json.Marshal(block)
	if err != nil {
		return nil, err
	}
	var header types.Header
	if err := json.Unmarshal(text, &header); err != nil {
		return nil, err
	}
	block["hash"] = header.Hash()
	return json.Marshal(block)
}

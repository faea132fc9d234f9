//go:build long

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/ethereum/go-ethereum/common"
	"go.yaml.in/yaml/v3"
)

// journey is a customer's withdrawals on a whole system.
type journey struct {
	*demo
	t    *testing.T
	dan  *demo // another customer
	keys int   // idempotency keys that were used
}

// TestWithdrawalsFromOfferToRevocation shows in a whole system what stands between a
// request and its payment: fees and quotes, addresses of our own, look-alikes, sanctions,
// customers' standing, the address book, waits, and what a cancelled order is worth.
func TestWithdrawalsFromOfferToRevocation(t *testing.T) {
	s := newTestStack(t)
	d := &demo{stack: s, told: map[string]bool{}}
	cleo, err := d.customer(t.Context(), "Cleo")
	if err != nil {
		t.Fatal(err)
	}
	dan, err := d.customer(t.Context(), "Dan")
	if err != nil {
		t.Fatal(err)
	}
	j := &journey{demo: cleo, t: t, dan: dan}
	tx, err := j.pay(t.Context(), j.address, j.units(1500))
	j.must(err)
	j.must(j.watch(t.Context(), tx, "UNLOCKED"))

	known := newAddress()
	settled := j.quotes(known)
	j.must(j.sendInside(t.Context(), dan, "15"))
	j.received("15")
	j.must(j.sanctionedRefused(t.Context()))
	j.wait(settled, "SETTLED")
	j.must(j.paidExactly(t.Context(), known, j.units(20)))
	j.lookAlikes(known)
	j.standing()
	j.addressBook()
	j.firstPayment()
	j.staleList()
	j.customersElsewhere()
	j.revokedAtTheSigners()

	if err := d.compare(t.Context(), t.Output()); err != nil {
		t.Fatal(err)
	}
}

func (j *journey) must(err error) {
	j.t.Helper()
	if err != nil {
		j.t.Fatal(err)
	}
}

// ask requests a withdrawal of USDT under a key of its own.
func (j *journey) ask(to common.Address, amount string) string {
	j.t.Helper()
	j.keys++
	w, err := j.request(j.t.Context(), fmt.Sprintf("journey-%d", j.keys), string(j.usdt), to.Hex(), amount)
	j.must(err)
	return w.ID
}

func (j *journey) wait(id, state string) {
	j.t.Helper()
	j.must(j.await(j.t.Context(), map[string]string{id: state}))
}

// reason wants a withdrawal in a state for a reason that holds some words.
func (j *journey) reason(id, state, words string) {
	j.t.Helper()
	j.wait(id, state)
	var read struct{ Withdrawal withdrawalSeen }
	j.must(j.api.do(j.t.Context(), `query($id: ID!) { withdrawal(id: $id) `+withdrawalFields+` }`, object{"id": id}, &read))
	if read.Withdrawal.Reason == nil || !strings.Contains(*read.Withdrawal.Reason, words) {
		j.t.Errorf("%s is %s because %v, want %q", id, state, read.Withdrawal.Reason, words)
	}
}

// restart runs the server with another configuration.
func (j *journey) restart(edit func(c object)) {
	j.t.Helper()
	j.must(j.server.stop())
	text, err := os.ReadFile(j.configFile())
	j.must(err)
	var c object
	j.must(yaml.Unmarshal(text, &c))
	edit(c)
	j.must(writeYAML(j.configFile(), c))
	j.must(j.startServer(j.t.Context()))
}

// quotes takes a quote, changes what withdrawals cost and how long quotes hold, and uses
// it: the fee is the promised one. It returns the withdrawal.
func (j *journey) quotes(to common.Address) string {
	j.t.Helper()
	ctx := j.t.Context()
	promised, err := j.quote(ctx, j.usdt, to.Hex(), "20")
	j.must(err)
	if promised.Fee != "0.5" || promised.Total != "20.5" {
		j.t.Errorf("a fixed fee: %+v", promised)
	}

	j.restart(func(c object) {
		section(c, "withdrawals")["quote_ttl"] = "1s"
		chain := first(j.t, c["chains"])
		section(chain, "native")["fee"] = object{"network": true, "network_margin": "50"}
		first(j.t, chain["assets"])["fee"] = object{"percent": "1", "least": "1", "most": "1.2"}
	})
	w, err := j.requestQuoted(ctx, "promised", string(j.usdt), to.Hex(), "20", promised.ID)
	j.must(err)
	j.fee(w.ID, "0.5")

	for amount, fee := range map[string]string{"10": "1", "60": "1.1", "100": "1.2"} {
		q, err := j.quote(ctx, j.usdt, to.Hex(), amount)
		j.must(err)
		if q.Fee != fee {
			j.t.Errorf("0.5 and 1 %% of %s, between 1 and 1.2: %+v", amount, q)
		}
	}
	network, err := j.quote(ctx, j.native, to.Hex(), "0.1")
	j.must(err)
	fee, err := coffer.ParseUnits(network.Fee, 18)
	j.must(err)
	if fixed := coffer.NewAmount(500_000_000_000_000); fee.Cmp(fixed) <= 0 {
		j.t.Errorf("0.0005 and what the network takes: %+v", network)
	}

	late, err := j.quote(ctx, j.usdt, to.Hex(), "20")
	j.must(err)
	expires, err := time.Parse(time.RFC3339, late.Expires)
	j.must(err)
	<-time.After(time.Until(expires) + 10*time.Millisecond)
	if _, err := j.requestQuoted(ctx, "late", string(j.usdt), to.Hex(), "20", late.ID); !isRefusal(err, "INVALID", "quote") {
		j.t.Errorf("an expired quote met %v", err)
	}
	if _, err := j.request(ctx, "all", string(j.usdt), to.Hex(), "150000"); err == nil || !strings.Contains(err.Error(), "150000 USDT and a fee of 1.2 USDT are asked for, 1479.5 USDT are available") {
		j.t.Errorf("too much met %v", err)
	}
	return w.ID
}

func section(c object, key string) object {
	inner, ok := c[key].(object)
	if !ok {
		panic("no section " + key)
	}
	return inner
}

func first(t *testing.T, list any) object {
	t.Helper()
	if items, ok := list.([]any); ok && len(items) > 0 {
		if item, ok := items[0].(object); ok {
			return item
		}
	}
	t.Fatalf("no list of mappings: %v", list)
	return nil
}

func (j *journey) fee(id, want string) {
	j.t.Helper()
	var read struct{ Withdrawal struct{ Fee string } }
	j.must(j.api.do(j.t.Context(), `query($id: ID!) { withdrawal(id: $id) { fee } }`, object{"id": id}, &read))
	if read.Withdrawal.Fee != want {
		j.t.Errorf("%s costs %s, want %s", id, read.Withdrawal.Fee, want)
	}
}

// received wants Dan to have heard of one book transfer.
func (j *journey) received(amount string) {
	j.t.Helper()
	ctx, cancel := context.WithTimeout(j.t.Context(), stepTimeout)
	defer cancel()
	err := j.api.subscribe(ctx, `subscription($a: ID!) { bookTransferEvents(account: $a, after: "") { bookTransfer { amount sender { id } } } }`,
		object{"a": j.dan.account}, func(data json.RawMessage) error {
			if !strings.Contains(string(data), `"`+amount+`"`) || !strings.Contains(string(data), j.account) {
				return fmt.Errorf("Dan hears %s", data)
			}
			return errEnough
		})
	j.must(err)
}

// lookAlikes asks for payments to addresses that begin and end as a known one does. A
// person rejects one and releases another.
func (j *journey) lookAlikes(known common.Address) {
	j.t.Helper()
	alike := func(middle byte) common.Address {
		a := known
		for i := 2; i < 18; i++ {
			a[i] = middle
		}
		return a
	}
	bad, good := j.ask(alike(0xaa), "10"), j.ask(alike(0xbb), "11")
	j.reason(bad, "REVIEW", "looks like "+known.Hex())
	j.wait(good, "REVIEW")
	text, err := j.command(j.t.Context(), nil, "withdrawals", "reviews", "--config", j.configFile())
	j.must(err)
	if !strings.Contains(text, bad) || !strings.Contains(text, good) || !strings.Contains(text, "10 USDT") {
		j.t.Errorf("the queue: %s", text)
	}
	rejected, err := j.withdrawals(j.t.Context(), "reject", bad, "--actor", "olga", "--note", "the customer did not know it")
	j.must(err)
	if rejected.State != "rejected" {
		j.t.Errorf("rejected: %+v", rejected)
	}
	if _, err := j.withdrawals(j.t.Context(), "release", good, "--actor", "olga", "--note", "the customer confirmed it"); err != nil {
		j.t.Error(err)
	}
	j.wait(good, "SETTLED")
	shown, err := j.withdrawals(j.t.Context(), "show", good)
	j.must(err)
	if len(shown.Reviews) != 1 || shown.Reviews[0].Actor != "olga" || len(shown.Screenings) == 0 || shown.Revocation != nil {
		j.t.Errorf("operators see %+v", shown)
	}
	if text, err = j.command(j.t.Context(), nil, "withdrawals", "show", bad, "--config", j.configFile()); err != nil || !strings.Contains(text, "reject by olga") {
		j.t.Errorf("operators see %s %v", text, err)
	}
}

// standing limits and blocks the customer.
func (j *journey) standing() {
	j.t.Helper()
	set := `mutation($a: ID!, $s: CustomerState!) { setCustomerState(account: $a, state: $s, reason: "case 9") { standing { state } } }`
	j.must(j.api.do(j.t.Context(), set, object{"a": j.account, "s": "BLOCKED"}, &struct{}{}))
	j.reason(j.ask(newAddress(), "10"), "REJECTED", "refused by compliance screening")

	command := func(state string) {
		_, err := j.command(j.t.Context(), nil, "customer", "set-status", "--config", j.configFile(), "--tenant", stackTenant,
			"--account", j.account, "--state", state, "--reason", "case 9", "--actor", "olga")
		j.must(err)
	}
	command("limited")
	id := j.ask(newAddress(), "10")
	j.reason(id, "REVIEW", "held for compliance review")
	command("active")
	if _, err := j.cancel(j.t.Context(), id); err != nil {
		j.t.Error(err)
	}
	j.wait(id, "CANCELLED")
	text, err := j.command(j.t.Context(), nil, "customer", "show", "--config", j.configFile(), "--tenant", stackTenant, "--account", j.account)
	j.must(err)
	if !strings.Contains(text, "is active") || strings.Count(text, "case 9") != 3 {
		j.t.Errorf("the customer stood: %s", text)
	}
}

// addressBook pays more than is allowed to strangers to an entry of the address book, once
// that counts.
func (j *journey) addressBook() {
	j.t.Helper()
	to := newAddress()
	j.reason(j.ask(to, "185"), "REJECTED", "must be in the address book")
	var added struct {
		AddDestination struct{ UsableAt time.Time }
	}
	j.must(j.api.do(j.t.Context(), `mutation($i: DestinationInput!) { addDestination(input: $i) { usableAt } }`,
		object{"i": object{"account": j.account, "chain": j.chain, "address": to.Hex(), "label": "savings"}}, &added))
	j.reason(j.ask(to, "185"), "REJECTED", "becomes usable at")

	<-time.After(time.Until(added.AddDestination.UsableAt) + 10*time.Millisecond)
	id := j.ask(to, "185")
	j.wait(id, "AWAITING_APPROVAL")
	for i := range j.approvers {
		j.must(j.approve(j.t.Context(), id, i))
	}
	j.wait(id, "SETTLED")
}

// firstPayment waits, although people have approved.
func (j *journey) firstPayment() {
	j.t.Helper()
	id := j.ask(newAddress(), "175")
	j.wait(id, "AWAITING_APPROVAL")
	for i := range j.approvers {
		j.must(j.approve(j.t.Context(), id, i))
	}
	j.wait(id, "SETTLED")

	ctx, cancel := context.WithTimeout(j.t.Context(), stepTimeout)
	defer cancel()
	err := j.api.subscribe(ctx, `subscription($a: ID!) { withdrawalEvents(account: $a, after: "") { at withdrawal { id state createdAt } } }`,
		object{"a": j.account}, func(data json.RawMessage) error {
			var seen struct {
				WithdrawalEvents struct {
					At         time.Time
					Withdrawal struct {
						ID, State string
						CreatedAt time.Time
					}
				}
			}
			if err := json.Unmarshal(data, &seen); err != nil {
				return err
			}
			e := seen.WithdrawalEvents
			if e.Withdrawal.ID != id || e.Withdrawal.State != "APPROVED" {
				return nil
			}
			if waited := e.At.Sub(e.Withdrawal.CreatedAt); waited < stackDelay {
				return fmt.Errorf("the first payment waited %s, want %s", waited, stackDelay)
			}
			return errEnough
		})
	j.must(err)
}

// staleList lets the sanctions list run out: nothing is paid, and the server says that it
// is not ready, until there is a new list.
func (j *journey) staleList() {
	j.t.Helper()
	verify := func() (string, error) {
		return j.command(j.t.Context(), nil, "sanctions", "verify", "--file", j.path("sanctions.txt"), "--key", j.issuer)
	}
	if text, err := verify(); err != nil || !strings.Contains(text, "list ok: development, 1 addresses") {
		j.t.Errorf("the list: %s %v", text, err)
	}
	j.must(j.signSanctions(j.t.Context(), time.Second))
	j.readiness("failing")
	if text, err := verify(); err == nil || !strings.Contains(err.Error(), "out of date") {
		j.t.Errorf("the stale list: %s %v", text, err)
	}
	id := j.ask(newAddress(), "10")
	j.saysIt(id, "waiting for compliance screening")
	j.must(j.signSanctions(j.t.Context(), time.Hour))
	j.readiness("ok")
	j.wait(id, "SETTLED")
}

// customersElsewhere asks a service of the operator's where customers stand. Without an
// answer nothing is paid. Afterwards the sandbox knows them by their names.
func (j *journey) customersElsewhere() {
	j.t.Helper()
	var answer atomic.Value
	answer.Store(`{"state":"blocked","reason":"case 10"}`)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer kyc-secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		text, _ := answer.Load().(string)
		_, _ = w.Write([]byte(text))
	}))
	defer service.Close()
	j.must(os.WriteFile(j.path("secrets", "kyc"), []byte("kyc-secret\n"), 0o600))
	j.restart(func(c object) {
		section(c, "withdrawals")["customers"] = object{"source": "callback", "url": service.URL, "secret_file": j.path("secrets", "kyc")}
	})
	j.reason(j.ask(newAddress(), "10"), "REJECTED", "refused by compliance screening")
	answer.Store("who?")
	waits := j.ask(newAddress(), "10")
	j.saysIt(waits, "waiting for compliance screening")
	j.waitingMetric("requested", 1)

	j.restart(func(c object) { section(c, "withdrawals")["customers"] = object{"source": "sandbox"} })
	j.wait(waits, "SETTLED")
	eve, err := j.customer(j.t.Context(), "Eve 9999")
	j.must(err)
	j.reason(j.ask(eve.address, "10"), "REJECTED", "refused by compliance screening")
}

// waitingMetric waits until /metrics counts so many withdrawals in a state, and no
// revocation that the signers have not stored.
func (j *journey) waitingMetric(state string, want int) {
	j.t.Helper()
	j.until(func(ctx context.Context) (bool, error) {
		text, err := get(ctx, "http://"+j.server.address+"/metrics")
		return strings.Contains(text, fmt.Sprintf("coffer_withdrawals_waiting{state=%q} %d\n", state, want)) &&
			strings.Contains(text, "coffer_revocations_waiting 0\n"), err
	})
}

// readiness waits until the server says so of its sanctions list.
func (j *journey) readiness(want string) {
	j.t.Helper()
	j.until(func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+j.server.address+"/readyz", nil)
		if err != nil {
			return false, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, err
		}
		defer func() { _ = response.Body.Close() }()
		var said map[string]string
		if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
			return false, err
		}
		return said["sanctions list"] == want && (response.StatusCode == http.StatusOK) == (want == "ok"), nil
	})
}

// saysIt waits until a withdrawal that stands still says why.
func (j *journey) saysIt(id, words string) {
	j.t.Helper()
	j.until(func(ctx context.Context) (bool, error) {
		var read struct{ Withdrawal withdrawalSeen }
		err := j.api.do(ctx, `query($id: ID!) { withdrawal(id: $id) `+withdrawalFields+` }`, object{"id": id}, &read)
		w := read.Withdrawal
		return w.Reason != nil && strings.Contains(*w.Reason, words) && w.State == "REQUESTED", err
	})
}

func (j *journey) until(holds func(ctx context.Context) (bool, error)) {
	j.t.Helper()
	ctx, cancel := context.WithTimeout(j.t.Context(), stepTimeout)
	defer cancel()
	if err := until(ctx, 100*time.Millisecond, func() (bool, error) { return holds(ctx) }); err != nil {
		j.t.Fatalf("it never came to hold: %v", err)
	}
}

// revokedAtTheSigners cancels a withdrawal and then asks the signers, as a thief of the
// server would, to sign its payment. They refuse, and sign the payment of another
// withdrawal in the same state: that it is refused is for the revocation alone.
func (j *journey) revokedAtTheSigners() {
	j.t.Helper()
	cancelled, other := j.ask(suspiciousAddress, "12"), j.ask(suspiciousAddress, "13")
	j.wait(cancelled, "REVIEW")
	j.wait(other, "REVIEW")
	if _, err := j.cancel(j.t.Context(), cancelled); err != nil {
		j.t.Fatal(err)
	}
	j.must(j.revoked(j.t.Context(), cancelled))
	shown, err := j.withdrawals(j.t.Context(), "show", cancelled)
	j.must(err)
	if shown.State != "cancelled" || shown.Revocation == nil || shown.Revocation.Delivered == nil {
		j.t.Errorf("operators see %+v", shown)
	}

	thief := j.coordinator()
	signed, refused := 0, 0
	for i, id := range []string{cancelled, other} {
		request := thief.payment(j.t, id, fmt.Sprintf("0x%x", 9_001+i))
		for _, one := range thief.signers {
			_, err := one.Client.Sign(j.t.Context(), request) // as a thief would, past our own caution
			switch {
			case err == nil && id == other:
				signed++
			case id == cancelled && coffer.ErrorCode(err) == coffer.CodeConflict && strings.Contains(err.Error(), "revoked"):
				refused++
			default:
				j.t.Errorf("asked to sign %s, %s says %v", id, one.Name(), err)
			}
		}
	}
	if signed != stackSigners || refused != stackSigners {
		j.t.Errorf("%d signers signed the payment of the other order, %d refused that of the revoked one, want %d each", signed, refused, stackSigners)
	}
}

// thief has the server's configuration, certificate and database.
type thief struct {
	*server
	orders operators
}

func (j *journey) coordinator() thief {
	j.t.Helper()
	c, err := config.Read(config.Sources{File: j.configFile()})
	j.must(err)
	db, err := joinDatabase(j.t.Context(), c)
	j.must(err)
	j.t.Cleanup(db.Close)
	s := &server{config: c, log: slog.New(slog.DiscardHandler), db: db.DB, metrics: newMetrics(), ready: &ready{}}
	j.t.Cleanup(s.close)
	for _, wire := range []func(ctx context.Context) error{s.wirePolicy, s.wireSigners, s.wireChains} {
		j.must(wire(j.t.Context()))
	}
	orders, err := openOperators(c, db.DB)
	j.must(err)
	return thief{s, orders}
}

// payment asks for the signatures that pay one withdrawal in a lane of its own.
func (h thief) payment(t *testing.T, id, lane string) coffer.SigningRequest {
	t.Helper()
	w, err := h.orders.find(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(h.chains, func(c *chainParts) bool { return c.id == w.Asset.Chain() })
	chain := h.chains[i]
	slot, err := chain.wallet.NextSlot(t.Context(), lane)
	if err != nil {
		t.Fatal(err)
	}
	intent := coffer.Intent{
		ID: coffer.DeriveID("po", "stolen", id), Chain: chain.id, Wallet: chain.wallet.Address(), Path: coffer.PathUserOp, Slot: slot,
		Purpose: coffer.PurposeOrders, Orders: []coffer.Hash{w.OrderHash}, Payments: []coffer.Payment{w.Payment()},
		FeeBound: configured(chain.config.PayoutFeeCap, chain.native.Decimals), Expires: time.Now().Add(10 * time.Minute).Truncate(time.Second),
	}
	unsigned, err := chain.wallet.Build(t.Context(), intent, nil)
	if err != nil {
		t.Fatal(err)
	}
	return coffer.SigningRequest{Intent: intent, Orders: []coffer.Order{w.Order}, Unsigned: unsigned}
}

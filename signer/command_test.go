package signer

import (
	"fmt"
	"math/big"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/policy"
)

// Private keys of people: alice and bob may pause and resume, carol may not.
const alice, bob, carol int64 = 1, 2, 3

func (f *fixture) statement(action, scope, subject string) policy.Statement {
	now := f.clock.Now()
	return policy.Statement{Action: action, Scope: scope, Subject: subject, Reason: "test", Made: now, Expires: now.Add(time.Hour)}
}

// command signs a statement as people with these keys.
func (f *fixture) command(st policy.Statement, keys ...int64) policy.Command {
	f.t.Helper()
	c := policy.Command{Statement: st}
	for _, key := range keys {
		private, err := crypto.ToECDSA(common.LeftPadBytes(big.NewInt(key).Bytes(), 32))
		f.must(err)
		digest, err := st.Digest(coffer.SchemeEIP712)
		f.must(err)
		sig, err := crypto.Sign(digest, private)
		f.must(err)
		sig[64] += 27
		c.Signatures = append(c.Signatures, policy.StatementSignature{
			Scheme: coffer.SchemeEIP712, Key: crypto.PubkeyToAddress(private.PublicKey).Hex(), Signature: sig})
	}
	return c
}

func (f *fixture) obeys(c policy.Command) {
	f.t.Helper()
	if changed, err := f.client.Command(f.t.Context(), c); err != nil || !changed {
		f.t.Fatalf("%s: changed %v, %v", c.Statement, changed, err)
	}
}

// disobeys wants a refusal that leaves the log as it was.
func (f *fixture) disobeys(c policy.Command, code coffer.Code, says string) {
	f.t.Helper()
	before := f.info()
	changed, err := f.client.Command(f.t.Context(), c)
	if coffer.ErrorCode(err) != code || err == nil || !strings.Contains(err.Error(), says) {
		f.t.Errorf("%s: changed %v, %v; want %s and %q", c.Statement, changed, err, code, says)
	}
	if f.info().Head != before.Head {
		f.t.Errorf("%s: the refusal moved the log", c.Statement)
	}
}

func TestOnePersonPausesAndAQuorumResumes(t *testing.T) {
	for _, c := range []struct{ scope, subject string }{
		{policy.ScopeAll, ""},
		{policy.ScopeChain, string(testChain)},
		{policy.ScopeAsset, string(testUSDT)},
		{policy.ScopeTenant, "tn_1"},
	} {
		t.Run(c.scope, func(t *testing.T) {
			f := newFixture(t, "one").start()
			f.signs(f.request(0, f.order("wd_0", "10")))
			pause := f.command(f.statement(policy.ActionPause, c.scope, c.subject), alice)
			f.obeys(pause)
			r := f.request(1, f.order("wd_1", "10"))
			f.refuses(r, coffer.CodePolicy, "paused: pause "+c.scope)
			f.refuses(f.request(0, f.order("wd_0", "10")), coffer.CodePolicy, "by alice (test)")
			f.restart()
			f.refuses(r, coffer.CodePolicy, "paused")

			resume := f.statement(policy.ActionResume, c.scope, c.subject)
			resume.Of = pause.Statement.Hash()
			f.disobeys(f.command(resume, alice), coffer.CodePolicy, "1 of the 2 people")
			f.disobeys(f.command(resume, alice, alice), coffer.CodePolicy, "1 of the 2 people")
			f.disobeys(f.command(resume, alice, carol), coffer.CodePolicy, "carol may not resume")
			f.refuses(r, coffer.CodePolicy, "paused")
			f.obeys(f.command(resume, alice, bob))
			f.signs(r)

			// The same pause again, and the same resume after a later pause, change nothing.
			f.disobeys(pause, coffer.CodeConflict, "was ended before")
			f.clock.add(time.Second)
			f.obeys(f.command(f.statement(policy.ActionPause, c.scope, c.subject), bob))
			if changed, err := f.client.Command(t.Context(), f.command(resume, alice, bob)); err != nil || changed {
				t.Errorf("an old resume: changed %v, %v", changed, err)
			}
			f.restart()
			f.refuses(f.request(2, f.order("wd_2", "10")), coffer.CodePolicy, "by bob")
			if pauses := f.info().Pauses; len(pauses) != 1 || pauses[0].Command.Statement.Scope != c.scope {
				t.Errorf("the signer says it is under %v", pauses)
			}
		})
	}
}

func TestAPauseCoversNothingElse(t *testing.T) {
	f := newFixture(t, "one").start()
	f.obeys(f.command(f.statement(policy.ActionPause, policy.ScopeChain, "eip155:1"), alice))
	f.obeys(f.command(f.statement(policy.ActionPause, policy.ScopeAsset, string(testNative)), alice))
	f.obeys(f.command(f.statement(policy.ActionPause, policy.ScopeTenant, "tn_2"), alice))
	f.signs(f.request(0, f.order("wd_0", "10")))
	o := f.order("wd_1", "10")
	o.Tenant = "tn_2"
	f.refuses(f.request(1, f.order("wd_2", "10"), o), coffer.CodePolicy, "paused: pause tenant tn_2")
}

// Nobody uses up with small pauses the places of those of chains, nor with those the last
// ones, of everything.
func TestPlacesAreKeptForGreatPauses(t *testing.T) {
	f := newFixture(t, "one").start()
	made := 0
	next := func(scope, subject string) policy.Command {
		made++
		if strings.HasSuffix(subject, "_") || strings.HasSuffix(subject, ":") {
			subject += strconv.Itoa(made)
		}
		st := f.statement(policy.ActionPause, scope, subject)
		st.Reason = "pause " + strconv.Itoa(made)
		return f.command(st, alice)
	}
	for _, step := range []struct {
		scope, subject string
		most           int
	}{
		{policy.ScopeTenant, "tn_", 20},
		{policy.ScopeAsset, string(testUSDT), 20},
		{policy.ScopeChain, "eip155:", 28},
		{policy.ScopeAll, "", 32},
	} {
		for have := len(f.info().Pauses); have < step.most; have++ {
			f.obeys(next(step.scope, step.subject))
		}
		full := fmt.Sprintf("%d pauses are in force; at most %d can be", step.most, step.most)
		f.disobeys(next(step.scope, step.subject), coffer.CodeLimit, full)
	}
	f.disobeys(next(policy.ScopeTenant, "tn_"), coffer.CodeLimit, "at most 20")
	f.disobeys(next(policy.ScopeChain, "eip155:"), coffer.CodeLimit, "at most 28")

	// One that was ended makes room, for those of its kind only where they have places left.
	last := f.info().Pauses[31].Command.Statement
	resume := f.statement(policy.ActionResume, last.Scope, last.Subject)
	resume.Of = last.Hash()
	f.obeys(f.command(resume, alice, bob))
	f.disobeys(next(policy.ScopeChain, "eip155:"), coffer.CodeLimit, "at most 28")
	f.obeys(next(policy.ScopeAll, ""))
	f.restart()
	if got := len(f.info().Pauses); got != 32 {
		t.Errorf("%d pauses after a restart", got)
	}
}

func TestAPausedChainsExecutorStops(t *testing.T) {
	f := newFixture(t, "one").start()
	executor, err := f.client.Executor(t.Context(), testChain)
	f.must(err)
	tx := types.NewTx(bundle(0, executor.Address()))
	sign := func() error {
		_, err := executor.SignTx(t.Context(), tx, big.NewInt(31337))
		return err
	}
	f.must(sign())
	f.obeys(f.command(f.statement(policy.ActionPause, policy.ScopeTenant, "tn_1"), alice))
	f.must(sign())
	f.obeys(f.command(f.statement(policy.ActionPause, policy.ScopeChain, string(testChain)), alice))
	if err := sign(); coffer.ErrorCode(err) != coffer.CodePolicy || !strings.Contains(err.Error(), "paused") {
		t.Errorf("the executor of a paused chain: %v", err)
	}
}

func TestBadStatementsChangeNothing(t *testing.T) {
	f := newFixture(t, "one").start()
	good := f.statement(policy.ActionPause, policy.ScopeAll, "")
	edit := func(change func(*policy.Statement)) policy.Statement {
		st := good
		change(&st)
		return st
	}
	for name, c := range map[string]struct {
		st   policy.Statement
		code coffer.Code
		says string
	}{
		"an unknown action":      {edit(func(s *policy.Statement) { s.Action = "stop" }), coffer.CodeInvalid, "action"},
		"an action of others":    {edit(func(s *policy.Statement) { s.Action, s.Of = policy.ActionImport, coffer.Hash{1} }), coffer.CodePolicy, "of the 2 people"},
		"an unknown scope":       {edit(func(s *policy.Statement) { s.Scope = "world" }), coffer.CodeInvalid, "scope"},
		"everything of a tenant": {edit(func(s *policy.Statement) { s.Subject = "tn_1" }), coffer.CodeInvalid, "subject"},
		"no chain":               {edit(func(s *policy.Statement) { s.Scope, s.Subject = policy.ScopeChain, "ethereum" }), coffer.CodeInvalid, "subject"},
		"no tenant":              {edit(func(s *policy.Statement) { s.Scope = policy.ScopeTenant }), coffer.CodeInvalid, "subject"},
		"a pause of a pause":     {edit(func(s *policy.Statement) { s.Of = coffer.Hash{1} }), coffer.CodeInvalid, "of"},
		"a resume of nothing":    {edit(func(s *policy.Statement) { s.Action = policy.ActionResume }), coffer.CodeInvalid, "of"},
		"no reason":              {edit(func(s *policy.Statement) { s.Reason = "" }), coffer.CodeInvalid, "reason"},
		"a text that hides":      {edit(func(s *policy.Statement) { s.Reason = "a\u202eb" }), coffer.CodeInvalid, "reason"},
		"too long a text":        {edit(func(s *policy.Statement) { s.Reason = strings.Repeat("x", 257) }), coffer.CodeInvalid, "reason"},
		"too long a life":        {edit(func(s *policy.Statement) { s.Expires = s.Made.Add(25 * time.Hour) }), coffer.CodeInvalid, "expires"},
		"an end before it began": {edit(func(s *policy.Statement) { s.Expires = s.Made }), coffer.CodeInvalid, "expires"},
		"of tomorrow":            {edit(func(s *policy.Statement) { s.Made, s.Expires = s.Made.Add(time.Hour), s.Expires.Add(time.Hour) }), coffer.CodePolicy, "in the future"},
		"of yesterday": {edit(func(s *policy.Statement) {
			s.Made, s.Expires = s.Made.Add(-3*time.Hour), s.Expires.Add(-3*time.Hour)
		}), coffer.CodePolicy, "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			f.disobeys(f.command(c.st, alice), c.code, c.says)
		})
	}
	f.t = t
	f.disobeys(policy.Command{Statement: good}, coffer.CodePolicy, "0 of the 1 people")
	f.disobeys(f.command(good, carol), coffer.CodePolicy, "carol may not pause")
	forged := f.command(good, alice)
	forged.Statement.Scope, forged.Statement.Subject = policy.ScopeChain, "eip155:1"
	f.disobeys(forged, coffer.CodePolicy, "the signature is by")
	f.signs(f.request(0, f.order("wd_0", "10")))
}

func TestARevokedOrderIsNeverSigned(t *testing.T) {
	f := newFixture(t, "one").start()
	o, signed := f.order("wd_1", "10"), f.order("wd_2", "10")
	f.signs(f.request(0, signed))
	revoke := func(o coffer.Order) *coffer.Slot {
		t.Helper()
		slot, err := f.client.Revoke(t.Context(), o, "the customer cancelled")
		f.must(err)
		return slot
	}
	if slot := revoke(o); slot != nil {
		t.Errorf("an order that nobody signed is in slot %s", slot)
	}
	at := f.info().Sequence
	if revoke(o); f.info().Sequence != at {
		t.Error("revoking again wrote another record")
	}
	f.refuses(f.request(1, o), coffer.CodeConflict, "order wd_1 was revoked")
	f.restart()
	f.refuses(f.request(1, f.order("wd_3", "10"), o), coffer.CodeConflict, "order wd_1 was revoked")
	changed := o
	changed.Amount = usdt("11")
	f.refuses(f.request(1, changed), coffer.CodeConflict, "order wd_1 was revoked")

	if slot := revoke(signed); slot == nil || slot.String() != "entrypoint/0x0/0" {
		t.Errorf("a signed order is in slot %v, want entrypoint/0x0/0", slot)
	}
	f.signs(f.request(0, signed))
	other := signed
	other.Amount = usdt("11")
	if _, err := f.client.Revoke(t.Context(), other, "x"); coffer.ErrorCode(err) != coffer.CodeConflict {
		t.Errorf("another content of a signed order: %v", err)
	}
	old := f.order("wd_4", "10")
	old.Expires = f.clock.Now()
	at = f.info().Sequence
	if slot := revoke(old); slot != nil || f.info().Sequence != at {
		t.Error("an expired order was remembered")
	}
	if _, err := f.client.Revoke(t.Context(), f.order("wd\n5", "10"), "x"); coffer.ErrorCode(err) != coffer.CodeInvalid {
		t.Errorf("an id with a line end: %v", err)
	}
}

// Two of three signers know, so no two are left who do not.
func TestARevocationHoldsWhenNoQuorumIsLeft(t *testing.T) {
	signers, _ := newQuorum(t)
	revoker := Revoker{Threshold: 2}
	for _, s := range signers {
		revoker.Signers = append(revoker.Signers, s.client)
	}
	f := signers[0]
	o := f.order("wd_1", "10")
	signers[2].close()
	f.must(revoker.Revoke(t.Context(), o, "test"))
	signers[1].close()
	if err := revoker.Revoke(t.Context(), f.order("wd_2", "10"), "test"); coffer.ErrorCode(err) != coffer.CodeUnavailable || !strings.Contains(err.Error(), "1 of 3") {
		t.Errorf("one of three signers answers: %v", err)
	}
}

// Where a key that no signer holds can sign beside one signer, all of them have to know.
func TestARevocationReachesAllSignersWhereOneIsEnoughToPay(t *testing.T) {
	signers, _ := newQuorum(t)
	revoker := Revoker{Threshold: 2, Least: map[coffer.ChainID]int{testChain: 1}}
	for _, s := range signers {
		revoker.Signers = append(revoker.Signers, s.client)
	}
	f := signers[0]
	f.must(revoker.Revoke(t.Context(), f.order("wd_1", "10"), "test"))
	signers[2].close()
	if err := revoker.Revoke(t.Context(), f.order("wd_2", "10"), "test"); coffer.ErrorCode(err) != coffer.CodeUnavailable || !strings.Contains(err.Error(), "2 of 3") {
		t.Errorf("two of three signers answer: %v", err)
	}
}

func TestHistoryIsTheLog(t *testing.T) {
	f, last := signedLog(t)
	f.must(f.tryStart())
	onDisk, err := os.ReadFile(f.logFile())
	f.must(err)

	all, err := f.client.History(t.Context(), 1, coffer.Hash{})
	f.must(err)
	var lines []string
	for _, rec := range all.Records {
		lines = append(lines, string(rec.Line)+"\n")
	}
	if strings.Join(lines, "") != string(onDisk) || all.Sequence != 4 || all.Head != last.Head {
		t.Errorf("history %d %s of %d records", all.Sequence, all.Head, len(all.Records))
	}
	p := all.Records[2].Payout
	if p == nil || p.Payout != "po_1" || len(p.Orders) != 1 || p.Orders[0].Hash() != f.order("wd_1", "20").Hash() ||
		p.Intent == nil || p.Intent.Hash() != p.IntentHash || p.Intent.Slot.Sequence != 1 {
		t.Errorf("the payout of record 3: %+v", p)
	}

	rest, err := f.client.History(t.Context(), 4, all.Records[2].Hash)
	f.must(err)
	if len(rest.Records) != 1 || rest.Records[0].Hash != last.Head {
		t.Errorf("from record 4: %+v", rest)
	}
	none, err := f.client.History(t.Context(), 5, last.Head)
	f.must(err)
	if len(none.Records) != 0 || none.Sequence != 4 {
		t.Errorf("from behind the end: %+v", none)
	}
	if _, err := f.client.History(t.Context(), 3, coffer.Hash{9}); err == nil || !strings.Contains(err.Error(), ErrLogTampered.Error()) {
		t.Errorf("after another record: %v", err)
	}
	if _, err := f.client.History(t.Context(), 0, coffer.Hash{}); coffer.ErrorCode(err) != coffer.CodeInvalid {
		t.Errorf("from record 0: %v", err)
	}
}

func TestHistoryComesInPages(t *testing.T) {
	f := newFixture(t, "one").start()
	for i := range 3 {
		var orders []coffer.Order
		for k := range maxOrders {
			o := f.order(strings.Repeat("x", 150)+string(rune('a'+i))+big.NewInt(int64(k)).String(), "0.01")
			o.Account = strings.Repeat("<", maxTextBytes)
			orders = append(orders, o)
		}
		r := f.request(uint64(i), orders...)
		r.Approvals = nil
		f.signs(r)
	}
	var seen uint64
	var previous coffer.Hash
	pages := 0
	for {
		h, err := f.client.History(t.Context(), seen+1, previous)
		f.must(err)
		if len(h.Records) == 0 {
			break
		}
		pages++
		seen, previous = h.Records[len(h.Records)-1].Sequence, h.Records[len(h.Records)-1].Hash
	}
	if info := f.info(); seen != info.Sequence || previous != info.Head || pages < 2 {
		t.Errorf("%d records in %d pages, the log has %d", seen, pages, info.Sequence)
	}
}

// A signer whose log was put back to an old copy signs nothing until a quorum says so.
func TestASignerWithAnOldLogWantsToBeReset(t *testing.T) {
	f := newFixture(t, "one").start()
	f.signs(f.request(0, f.order("wd_0", "10")))
	old, err := os.ReadFile(f.logFile())
	f.must(err)
	f.signs(f.request(1, f.order("wd_1", "10")))
	seen := f.info()
	f.must(f.client.Seen(t.Context(), seen.Sequence, seen.Head))
	f.signs(f.request(1, f.order("wd_1", "10")))

	f.close()
	f.must(os.WriteFile(f.logFile(), old, 0o600))
	f.must(f.tryStart())
	f.must(f.client.Seen(t.Context(), seen.Sequence, seen.Head))
	r := f.request(2, f.order("wd_1", "10")) // signed in slot 1 before, which is forgotten
	f.refuses(r, coffer.CodePolicy, "a quorum has to reset it")
	f.restart()
	f.refuses(r, coffer.CodePolicy, "a quorum has to reset it")
	if !strings.Contains(f.info().Cut, "record 3") {
		t.Errorf("the signer says %q of itself", f.info().Cut)
	}

	reset := f.statement(policy.ActionReset, policy.ScopeAll, f.cfg.Name)
	reset.Of = f.info().Head
	f.disobeys(f.command(reset, alice), coffer.CodePolicy, "1 of the 2 people")
	wrong := reset
	wrong.Of = seen.Head
	f.disobeys(f.command(wrong, alice, bob), coffer.CodeInvalid, "head is")
	wrong = reset
	wrong.Subject = "signer-2"
	f.disobeys(f.command(wrong, alice, bob), coffer.CodeInvalid, "is for")
	f.obeys(f.command(reset, alice, bob))
	f.must(f.client.Seen(t.Context(), seen.Sequence, seen.Head))
	f.restart()
	f.signs(f.request(3, f.order("wd_2", "10")))
	if f.info().Cut != "" {
		t.Errorf("after its reset the signer says %q", f.info().Cut)
	}
}

func TestAPauseOfAnAssetCoversItsSweeps(t *testing.T) {
	f := newFixture(t, "one").start()
	f.obeys(f.command(f.statement(policy.ActionPause, policy.ScopeAsset, string(testUSDT)), alice))
	s := &Server{state: newState("s")}
	s.state.commands.pauses = f.info().Pauses
	sweep := coffer.SigningRequest{Intent: coffer.Intent{Chain: testChain, Sweeps: []coffer.Sweep{{Asset: testNative}}}}
	if err := s.allowed(sweep, testNative); err != nil {
		t.Errorf("a sweep of another asset: %v", err)
	}
	sweep.Intent.Sweeps[0].Asset = testUSDT
	if err := s.allowed(sweep, testNative); coffer.ErrorCode(err) != coffer.CodePolicy {
		t.Errorf("a sweep of the asset that is paused: %v", err)
	}
	coins := coffer.SigningRequest{Intent: coffer.Intent{Chain: testChain, Purpose: coffer.PurposeConsolidate}}
	if err := s.allowed(coins, testNative); err != nil {
		t.Errorf("a consolidation of another asset: %v", err)
	}
	if err := s.allowed(coins, testUSDT); coffer.ErrorCode(err) != coffer.CodePolicy {
		t.Errorf("a consolidation of the asset that is paused: %v", err)
	}
}

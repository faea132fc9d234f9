package tron_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

func TestWhatIsBuiltIsWhatTheIntentSays(t *testing.T) {
	a := testAccount(t)
	for name, c := range map[string]struct {
		intent coffer.Intent
		terms  tron.Terms
		fee    uint64 // sun
	}{
		// So many bytes of bandwidth at 1000 sun, a second signature, and a new account.
		"token":      {testIntent(a, usdt(5)), testTerms(30_000_000), 30_000_000 + 414_000 + 1_000_000},
		"trx":        {testIntent(a, trx(5)), testTerms(0), 334_000 + 1_000_000 + 1_100_000},
		"delegate":   {testDelegation(a, false), testTerms(0), 348_000 + 1_000_000},
		"undelegate": {testDelegation(a, true), testTerms(0), 350_000 + 1_000_000},
	} {
		u := mustBuild(t, c.intent, a, c.terms)
		effects, err := explainer(a).Explain(u)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := coffer.Effects{
			Slot: c.intent.Slot, Payments: c.intent.Payments, Delegations: c.intent.Delegations,
			ValidUntil: c.terms.Expiration, Digests: []coffer.Hash{tron.ID(u.Bytes)},
		}
		if !sameEffects(effects, want) || effects.Chain != a.Chain || effects.Wallet != a.Name() || effects.Path != coffer.PathTRON {
			t.Errorf("%s: %+v, want %+v", name, effects, want)
		}
		if effects.FeeBound != coffer.NewAmount(c.fee) {
			t.Errorf("%s: fee bound %s, want %d", name, effects.FeeBound, c.fee)
		}
		if id, err := explainer(a).ID(u); err != nil || id != tron.ID(u.Bytes) {
			t.Errorf("%s: id %s, %v", name, id, err)
		}
		if again := mustBuild(t, c.intent, a, c.terms); tron.ID(again.Bytes) != tron.ID(u.Bytes) {
			t.Errorf("%s: built again it is another transaction", name)
		}
	}
}

// What nodes charge was measured: 345 bytes for a TRC-20 transfer with one signature, 67 more for
// each further one, and 2 for a permission other than the owner's.
func TestBandwidth(t *testing.T) {
	u := mustBuild(t, testIntent(single(t), usdt(123_456_789)), single(t), testTerms(30_000_000))
	two := mustBuild(t, testIntent(testAccount(t), usdt(123_456_789)), testAccount(t), testTerms(30_000_000))
	if got := tron.Bandwidth(len(u.Bytes), 1); got != 345 {
		t.Errorf("%d bytes, want 345", got)
	}
	if got := tron.Bandwidth(len(two.Bytes), 2); got != 345+67+2 {
		t.Errorf("%d bytes, want %d", got, 345+67+2)
	}
}

func TestSlotsAreTimestamps(t *testing.T) {
	a := testAccount(t)
	seen := map[coffer.Hash]coffer.Slot{}
	for _, slot := range []coffer.Slot{
		{Kind: coffer.SlotTimestamp, Lane: "0x0", Sequence: testSecond},
		{Kind: coffer.SlotTimestamp, Lane: "0x1", Sequence: testSecond},
		{Kind: coffer.SlotTimestamp, Lane: "0x3e7", Sequence: testSecond},
		{Kind: coffer.SlotTimestamp, Lane: "0x0", Sequence: testSecond + 1},
	} {
		i := testIntent(a, usdt(5))
		i.Slot = slot
		u := mustBuild(t, i, a, testTerms(30_000_000))
		if effects, err := explainer(a).Explain(u); err != nil || effects.Slot != slot {
			t.Errorf("%s: read as %s, %v", slot, effects.Slot, err)
		}
		if other, twice := seen[tron.ID(u.Bytes)]; twice {
			t.Errorf("slots %s and %s are one transaction", slot, other)
		}
		seen[tron.ID(u.Bytes)] = slot
	}
	for _, bad := range []coffer.Slot{
		{}, {Kind: coffer.SlotSafe, Sequence: testSecond}, {Kind: coffer.SlotTimestamp, Sequence: testSecond},
		{Kind: coffer.SlotTimestamp, Lane: "0x3e8", Sequence: testSecond}, {Kind: coffer.SlotTimestamp, Lane: "0x00", Sequence: testSecond},
		{Kind: coffer.SlotTimestamp, Lane: "0x-1", Sequence: testSecond}, {Kind: coffer.SlotTimestamp, Lane: "0xA", Sequence: testSecond},
		{Kind: coffer.SlotTimestamp, Lane: "1", Sequence: testSecond}, {Kind: coffer.SlotTimestamp, Lane: "0x0"},
		{Kind: coffer.SlotTimestamp, Lane: "0x0", Sequence: 1 << 62}, {Kind: coffer.SlotTimestamp, Lane: "0x0", Sequence: 253_402_300_800},
	} {
		i := testIntent(a, usdt(5))
		i.Slot = bad
		if _, err := tron.Build(i, a, testTerms(30_000_000)); err == nil || !strings.Contains(err.Error(), "slot") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	a := testAccount(t)
	huge := usdt(1)
	huge.Asset, huge.Amount = tron.Native(a.Chain), mustAmount(t, "9223372036854775808")
	for name, c := range map[string]struct {
		change func(*coffer.Intent, *tron.Terms)
		says   string
	}{
		"another chain":         {func(i *coffer.Intent, _ *tron.Terms) { i.Chain = tron.Nile }, "the intent is for wallet"},
		"another wallet":        {func(i *coffer.Intent, _ *tron.Terms) { i.Wallet = testReceiver }, "the intent is for wallet"},
		"another path":          {func(i *coffer.Intent, _ *tron.Terms) { i.Path = coffer.PathExec }, "path"},
		"two payments":          {func(i *coffer.Intent, _ *tron.Terms) { i.Payments = append(i.Payments, trx(1)) }, "2 payments"},
		"none":                  {func(i *coffer.Intent, _ *tron.Terms) { i.Payments = nil }, "0 payments"},
		"a cancellation":        {func(i *coffer.Intent, _ *tron.Terms) { i.Purpose, i.Payments = coffer.PurposeCancel, nil }, "cancel"},
		"a sweep":               {func(i *coffer.Intent, _ *tron.Terms) { i.Sweeps = []coffer.Sweep{{}} }, "sweeps"},
		"coins":                 {func(i *coffer.Intent, _ *tron.Terms) { i.Change = "1/0" }, "coins"},
		"a memo":                {func(i *coffer.Intent, _ *tron.Terms) { i.Payments[0].Memo = "7" }, "memo"},
		"to another form":       {func(i *coffer.Intent, _ *tron.Terms) { i.Payments[0].To = coffer.Address(hexOf(t, testReceiver)) }, "canonical"},
		"to an EVM address":     {func(i *coffer.Intent, _ *tron.Terms) { i.Payments[0].To = "0xdAC17F958D2ee523a2206206994597C13D831ec7" }, "EVM"},
		"to the wallet":         {func(i *coffer.Intent, _ *tron.Terms) { i.Payments[0].To = a.Name() }, "itself"},
		"to the token":          {func(i *coffer.Intent, _ *tron.Terms) { i.Payments[0].To = testToken }, "the token contract"},
		"an unknown asset":      {func(i *coffer.Intent, _ *tron.Terms) { i.Payments[0].Asset = "tron:0x2b6653dc/trc10:1000959" }, "not a token"},
		"an asset elsewhere":    {func(i *coffer.Intent, _ *tron.Terms) { i.Payments[0].Asset = "tron:0xcd8690dc/slip44:195" }, "not a token"},
		"nothing":               {func(i *coffer.Intent, _ *tron.Terms) { i.Payments[0] = trx(0) }, "0 sun"},
		"no tokens":             {func(i *coffer.Intent, _ *tron.Terms) { i.Payments[0].Amount = coffer.Amount{} }, "of nothing"},
		"above int64":           {func(i *coffer.Intent, _ *tron.Terms) { i.Payments[0] = huge }, "9223372036854775808 sun"},
		"too low a fee limit":   {func(_ *coffer.Intent, terms *tron.Terms) { terms.FeeLimit = 0 }, "a fee limit of 0"},
		"too high a fee limit":  {func(_ *coffer.Intent, terms *tron.Terms) { terms.FeeLimit = tron.MaxFeeLimit + 1 }, "fee limit"},
		"a fee limit for TRX":   {func(i *coffer.Intent, _ *tron.Terms) { i.Payments[0] = trx(5) }, "no contract is called"},
		"above the fee bound":   {func(i *coffer.Intent, _ *tron.Terms) { i.FeeBound = coffer.NewAmount(30_000_000) }, "fee bound"},
		"after the intent":      {func(i *coffer.Intent, _ *tron.Terms) { i.Expires = time.Unix(testSecond+59, 0) }, "outlive"},
		"expired":               {func(_ *coffer.Intent, terms *tron.Terms) { terms.Expiration = time.Unix(testSecond, 0) }, "expires before"},
		"half a second":         {func(_ *coffer.Intent, terms *tron.Terms) { terms.Expiration = terms.Expiration.Add(time.Second / 2) }, "whole second"},
		"valid for too long":    {func(i *coffer.Intent, terms *tron.Terms) { later(i, terms, tron.MaxValidity+time.Second) }, "it is valid for"},
		"a permission of SRs":   {func(i *coffer.Intent, _ *tron.Terms) { i.ID = "permission 1" }, "permission 1"},
		"a delegation and more": {func(i *coffer.Intent, _ *tron.Terms) { i.Delegations = []coffer.Delegation{{}} }, "1 delegations"},
	} {
		wallet, i, terms := a, testIntent(a, usdt(5)), testTerms(30_000_000)
		c.change(&i, &terms)
		if i.ID == "permission 1" {
			wallet.Permission = 1
		}
		if _, err := tron.Build(i, wallet, terms); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	i := testIntent(a, usdt(5))
	i.FeeBound = coffer.Amount{}
	if _, err := tron.Build(i, a, testTerms(30_000_000)); !errors.Is(err, tron.ErrFeeBound) {
		t.Errorf("%v, want %v", err, tron.ErrFeeBound)
	}
}

func later(i *coffer.Intent, terms *tron.Terms, by time.Duration) {
	terms.Expiration = time.Unix(testSecond, 0).Add(by)
	i.Expires = terms.Expiration
}

func TestBuildRefusesDelegations(t *testing.T) {
	a := testAccount(t)
	for name, c := range map[string]struct {
		change func(*coffer.Delegation)
		says   string
	}{
		"to somebody":     {func(d *coffer.Delegation) { d.To = testToken }, "not on the wallet's list"},
		"to the wallet":   {func(d *coffer.Delegation) { d.To = a.Name() }, "itself"},
		"to no address":   {func(d *coffer.Delegation) { d.To = "T" }, "base58check"},
		"of votes":        {func(d *coffer.Delegation) { d.Resource = "votes" }, "resource"},
		"less than 1 TRX": {func(d *coffer.Delegation) { d.Amount = coffer.NewAmount(999_999) }, "at least 1000000"},
		"of nothing":      {func(d *coffer.Delegation) { d.Amount = coffer.Amount{} }, "0 sun"},
		"above int64":     {func(d *coffer.Delegation) { d.Amount = mustAmount(t, "9223372036854775808") }, "9223372036854775808"},
	} {
		for _, back := range []bool{false, true} {
			i := testDelegation(a, back)
			c.change(&i.Delegations[0])
			if _, err := tron.Build(i, a, testTerms(0)); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %q", name, err, c.says)
			}
		}
	}
}

func TestAccountsThatCannotBe(t *testing.T) {
	for name, change := range map[string]func(*tron.Account){
		"no chain":               func(a *tron.Account) { a.Chain = "eip155:1" },
		"no address":             func(a *tron.Account) { a.Address = tron.Address{} },
		"the witness permission": func(a *tron.Account) { a.Permission = 1 },
		"a negative permission":  func(a *tron.Account) { a.Permission = -1 },
		"no keys":                func(a *tron.Account) { a.Keys = nil },
		"six keys":               func(a *tron.Account) { a.Keys = make([]tron.Key, 6) },
		"a key twice":            func(a *tron.Account) { a.Keys = []tron.Key{a.Keys[0], a.Keys[0]} },
		"the zero key":           func(a *tron.Account) { a.Keys = []tron.Key{{Weight: 2}} },
		"no weight":              func(a *tron.Account) { a.Keys = []tron.Key{{Address: a.Address, Weight: 2}, {Address: keyAddress(3)}} },
		"weights beyond int64":   func(a *tron.Account) { a.Keys = []tron.Key{{a.Address, 1 << 62}, {keyAddress(3), 1 << 62}} },
		"no threshold":           func(a *tron.Account) { a.Threshold = 0 },
		"too high a threshold":   func(a *tron.Account) { a.Threshold = 3 },
		"a price too high":       func(a *tron.Account) { a.Prices.Byte = 1 << 60 },
		"itself as receiver":     func(a *tron.Account) { a.Receivers = []tron.Address{a.Address} },
		"nobody as receiver":     func(a *tron.Account) { a.Receivers = []tron.Address{{}} },
	} {
		a := testAccount(t)
		u := mustBuild(t, testIntent(a, usdt(5)), a, testTerms(30_000_000))
		change(&a)
		if err := a.Check(); err == nil {
			t.Errorf("%s: no error", name)
		}
		if _, err := explainer(a).Explain(u); !errors.Is(err, tron.ErrRefused) {
			t.Errorf("%s: explained, %v", name, err)
		}
	}
}

func TestPermissionsThatCannotBe(t *testing.T) {
	keys := []tron.Key{{Address: keyAddress(1), Weight: 1}}
	owner := tron.Permission{Name: "owner", Threshold: 1, Keys: keys}
	pays := tron.Permission{Name: "pays", Threshold: 1, Keys: keys, Operations: []tronpb.Transaction_Contract_ContractType{
		tronpb.Transaction_Contract_TransferContract, tronpb.Transaction_Contract_TriggerSmartContract,
	}}
	update, err := tron.UpdatePermissions(keyAddress(1), owner, []tron.Permission{pays})
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(update.Actives[0].Operations); got != "02000080"+strings.Repeat("00", 28) {
		t.Errorf("operations %s", got)
	}
	with := func(change func(*tron.Permission)) tron.Permission {
		p := pays
		change(&p)
		return p
	}
	for name, c := range map[string]struct {
		owner   tron.Permission
		actives []tron.Permission
	}{
		"no active ones":     {owner, nil},
		"nine":               {owner, make([]tron.Permission, 9)},
		"an owner with bits": {pays, []tron.Permission{pays}},
		"an owner's no keys": {tron.Permission{Threshold: 1}, []tron.Permission{pays}},
		"nothing to sign":    {owner, []tron.Permission{owner}},
		"a long name":        {owner, []tron.Permission{with(func(p *tron.Permission) { p.Name = strings.Repeat("x", 33) })}},
		"no threshold":       {owner, []tron.Permission{with(func(p *tron.Permission) { p.Threshold = 0 })}},
		"a type without bit": {owner, []tron.Permission{with(func(p *tron.Permission) { p.Operations = []tronpb.Transaction_Contract_ContractType{256} })}},
		"a negative type":    {owner, []tron.Permission{with(func(p *tron.Permission) { p.Operations = []tronpb.Transaction_Contract_ContractType{-1} })}},
	} {
		if _, err := tron.UpdatePermissions(keyAddress(1), c.owner, c.actives); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func mustAmount(t *testing.T, text string) coffer.Amount {
	t.Helper()
	amount, err := coffer.ParseAmount(text)
	if err != nil {
		t.Fatal(err)
	}
	return amount
}

func hexOf(t *testing.T, text string) string {
	t.Helper()
	return hex.EncodeToString(mustAddress(t, text).Bytes())
}

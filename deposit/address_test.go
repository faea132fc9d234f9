package deposit_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/chaintest"
	"github.com/cofferhq/coffer/deposit"
)

func TestAnAccountHasOneAddressPerChain(t *testing.T) {
	h := newHarness(t, nil)
	first, err := h.s.IssueAddress(t.Context(), "shop", "ann", h.chain)
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.s.IssueAddress(t.Context(), "shop", "ann", h.chain)
	if err != nil || again != first {
		t.Errorf("again: %+v, %v; want %+v", again, err, first)
	}

	seen := map[coffer.Address]bool{first.Address: true}
	for _, who := range [][2]string{{"shop", "bob"}, {"shop2", "ann"}, {"sho", "pann"}} {
		other, err := h.s.IssueAddress(t.Context(), who[0], who[1], h.chain)
		if err != nil || seen[other.Address] || other.ID == first.ID {
			t.Errorf("address of %v: %+v, %v", who, other, err)
		}
		seen[other.Address] = true
	}

	all, err := h.s.Addresses(t.Context(), "shop", "ann")
	if err != nil || len(all) != 1 || all[0] != first {
		t.Errorf("addresses: %+v, %v", all, err)
	}
	if none, err := h.s.Addresses(t.Context(), "shop2", "bob"); err != nil || len(none) != 0 {
		t.Errorf("addresses of another tenant: %+v, %v", none, err)
	}
}

func TestAddressesIssuedAtOnceAreOne(t *testing.T) {
	h := newHarness(t, nil)
	found := make(chan deposit.Address, 8)
	for range cap(found) {
		go func() {
			a, err := h.s.IssueAddress(context.Background(), "shop", "ann", h.chain)
			if err != nil {
				t.Error(err)
			}
			found <- a
		}()
	}
	first := <-found
	for range cap(found) - 1 {
		if a := <-found; a != first {
			t.Errorf("%+v beside %+v", a, first)
		}
	}
}

// failing is a deriver whose factory is not on the chain.
type failing struct{}

func (failing) DepositAddress(context.Context, coffer.Hash) (coffer.Address, error) {
	return "", errors.New("no code at the factory")
}

// fixed is a deriver that knows one address.
type fixed struct{ address coffer.Address }

func (f fixed) DepositAddress(context.Context, coffer.Hash) (coffer.Address, error) {
	return f.address, nil
}

func TestAddressesThatCannotBeGivenOut(t *testing.T) {
	h := newHarness(t, nil)
	with := func(d deposit.Deriver) *deposit.Service {
		return h.start(h.db, func(c *deposit.Config) { c.Chains[0].Deriver = d })
	}
	tests := []struct {
		name            string
		s               *deposit.Service
		tenant, account string
		chain           coffer.ChainID
		want            coffer.Code
	}{
		{"a chain that is not served", h.s, "shop", "ann", "eip155:1", coffer.CodeInvalid},
		{"a chain without addresses", with(nil), "shop", "ann", h.chain, coffer.CodeInvalid},
		{"no tenant", h.s, "", "ann", h.chain, coffer.CodeInvalid},
		{"no account", h.s, "shop", "", h.chain, coffer.CodeInvalid},
		{"an endless account", h.s, "shop", strings.Repeat("a", 200), h.chain, coffer.CodeInvalid},
		{"a factory that is not there", with(failing{}), "shop", "ann", h.chain, coffer.CodeUnavailable},
		{"an address that is none", with(fixed{"0x12"}), "shop", "ann", h.chain, coffer.CodeInvalid},
		{"a house address", with(fixed{hot}), "shop", "ann", h.chain, coffer.CodeConflict},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.s.IssueAddress(t.Context(), test.tenant, test.account, test.chain)
			if coffer.ErrorCode(err) != test.want {
				t.Errorf("issue: %v, want %s", err, test.want)
			}
		})
	}
	if n := h.count("select count(*) from deposit_address where kind = 'deposit'"); n != 0 {
		t.Errorf("%d addresses given out", n)
	}
}

func TestLookupKnowsWhoseAnAddressIs(t *testing.T) {
	h := newHarness(t, nil)
	ann := h.user("ann")
	tests := map[coffer.Address]deposit.Owner{
		ann:                       {Kind: deposit.OwnerDeposit, Tenant: "t-ann", Account: "ann"},
		hot:                       {Kind: deposit.OwnerHouse, House: deposit.HouseHot},
		contract:                  {Kind: deposit.OwnerHouse, House: deposit.HouseToken},
		stranger:                  {},
		coffer.Address("garbage"): {},
	}
	for address, want := range tests {
		if got, err := h.s.Lookup(t.Context(), h.chain, address); err != nil || got != want {
			t.Errorf("lookup %s: %+v, %v; want %+v", address, got, err, want)
		}
	}
	if got, err := h.s.Lookup(t.Context(), "eip155:1", hot); err != nil || got != (deposit.Owner{}) {
		t.Errorf("lookup on another chain: %+v, %v", got, err)
	}
}

func TestAHouseAddressIsOneThing(t *testing.T) {
	h := newHarness(t, nil)
	next := chaintest.Address(77)
	upper := coffer.Address("0x" + strings.ToUpper(string(next[2:])))
	for range 2 {
		if err := h.s.RegisterHouse(t.Context(), h.chain, upper, deposit.HouseVault); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := h.s.Lookup(t.Context(), h.chain, next); err != nil || got.House != deposit.HouseVault {
		t.Errorf("lookup of the canonical form: %+v, %v", got, err)
	}

	tests := []struct {
		address coffer.Address
		kind    string
		want    coffer.Code
	}{
		{next, deposit.HouseHot, coffer.CodeConflict},
		{h.user("ann"), deposit.HouseHot, coffer.CodeConflict},
		{chaintest.Address(78), "deposit", coffer.CodeInvalid},
		{chaintest.Address(78), "", coffer.CodeInvalid},
		{"0x12", deposit.HouseHot, coffer.CodeInvalid},
	}
	for _, test := range tests {
		if err := h.s.RegisterHouse(t.Context(), h.chain, test.address, test.kind); coffer.ErrorCode(err) != test.want {
			t.Errorf("register %s as %q: %v, want %s", test.address, test.kind, err, test.want)
		}
	}
}

package main

import (
	"strings"
	"testing"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/config"
	"github.com/cofferhq/coffer/devnet/tronsim"
	"github.com/cofferhq/coffer/policy"
	"github.com/cofferhq/coffer/treasury"
	"github.com/cofferhq/coffer/tron"
	"github.com/cofferhq/coffer/tron/tronpb"
)

// operations gives the account's permission these operations besides the two that pay.
func (n tronNode) operations(t *testing.T, more ...tronpb.Transaction_Contract_ContractType) {
	t.Helper()
	owner := tronsim.KeyOf("hot", 0)
	signed := tronsim.Signer{Sim: n.sim, Keys: []tronsim.Key{owner}, Address: tronsim.AddressOf(owner)}
	active := tron.Permission{Name: "pay", Threshold: 2, Operations: append([]tronpb.Transaction_Contract_ContractType{
		tronpb.Transaction_Contract_TransferContract, tronpb.Transaction_Contract_TriggerSmartContract,
	}, more...)}
	for k := range 3 {
		active.Keys = append(active.Keys, tron.Key{Address: tron.AddressOfKey(tronsim.KeyOf("signer", k).PublicKey), Weight: 1})
	}
	update, err := tron.UpdatePermissions(n.account, tron.Permission{Name: "owner", Threshold: 1, Keys: []tron.Key{{Address: n.account, Weight: 1}}}, []tron.Permission{active})
	if err == nil {
		_, err = signed.Send(tronpb.Transaction_Contract_AccountPermissionUpdateContract, update, nil)
	}
	if err == nil {
		err = n.sim.Mine(1)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A server whose signers would not lend does not begin to.
func TestSweepsOfTRONAreCheckedAtTheStart(t *testing.T) {
	n := startTRON(t, 2, 1, 1, 1)
	lends := []tronpb.Transaction_Contract_ContractType{
		tronpb.Transaction_Contract_AccountCreateContract, tronpb.Transaction_Contract_DelegateResourceContract, tronpb.Transaction_Contract_UnDelegateResourceContract,
	}
	const rule = "  delegations:\n    - {name: c, enforced_by: signer, asset: TRX, max: \"5000\", daily: 100}\n"
	for name, c := range map[string]struct {
		may   []tronpb.Transaction_Contract_ContractType
		rules string
		says  string
	}{
		"no operations":  {nil, rule, "may not sign"},
		"no taking back": {lends[:2], rule, "may not sign UnDelegateResourceContract"},
		"no rule":        {lends, "", "no delegations rule allows stake"},
		"all of it":      {lends, rule, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n.operations(t, c.may...)
			s := n.server(t, 3)
			var err error
			if s.policy, err = policy.Parse([]byte(strings.ReplaceAll(tronStartPolicy, "CHAIN", string(n.sim.ChainID())) + c.rules)); err != nil {
				t.Fatal(err)
			}
			chain, err := s.wireChain(t.Context(), n.chain())
			if err != nil {
				t.Fatal(err)
			}
			defer chain.close()
			parts, ok := chain.family.(*tronParts)
			if !ok {
				t.Fatalf("%T", chain.family)
			}
			if err := s.mayLend(t.Context(), parts); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func TestWhatIsExposedIsSaid(t *testing.T) {
	usdt := config.Asset{ID: "tron:0x2b6653dc/trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", Symbol: "USDT", Decimals: 6}
	chain := config.Chain{ID: "tron:0x2b6653dc", Assets: []config.Asset{usdt}}
	e := treasury.Exposure{Asset: usdt.ID, Waiting: coffer.NewAmount(2_500_000)}
	for _, c := range []struct {
		most uint64
		over bool
		want string
	}{{0, false, "2.5 USDT"}, {3_000_000, false, "2.5 USDT, the cap is 3"}, {2_000_000, true, "2.5 USDT, MORE than the cap of 2"}} {
		e.Cap, e.Over = coffer.NewAmount(c.most), c.over
		if got := exposureLine(chain, e); got != "exposed\tall deposit addresses\t"+c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	d := coffer.Delegation{To: "T1", Resource: coffer.ResourceEnergy, Amount: coffer.NewAmount(5_000_000)}
	back, made := d, coffer.Delegation{To: "T1", Resource: coffer.ResourceAccount}
	back.Back = true
	for want, d := range map[string]coffer.Delegation{
		"lend\tT1\tenergy of 5 TRX of stake": d, "take back\tT1\tenergy of 5 TRX of stake": back, "make\tT1\tits account": made,
	} {
		if got := delegationLine(d); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

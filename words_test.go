package coffer_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cofferhq/coffer"
)

func TestIdentifiersFollowCAIP(t *testing.T) {
	chains := map[string]bool{
		"eip155:1": true, "bip122:000000000019d6689c085ae165831e93": true, "tron:0x2b6653dc": true,
		"eip155": false, "eip155:": false, "EIP155:1": false, "eip155:1 ": false, "eip155:1/x": false, "": false,
	}
	for text, ok := range chains {
		if _, err := coffer.ParseChainID(text); (err == nil) != ok {
			t.Errorf("ParseChainID(%q): %v", text, err)
		}
	}

	assets := map[string]bool{
		"eip155:1/erc20:0xdAC17F958D2ee523a2206206994597C13D831ec7": true,
		"eip155:1/slip44:60": true, "tron:0x2b6653dc/trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t": true,
		"eip155:1": false, "eip155:1/": false, "eip155:1/erc20": false, "eip155:1/erc20:": false, "/erc20:0x": false,
		"eip155:1/erc20:0x/y": false, "eip155:1/erc20:a b": false,
	}
	for text, ok := range assets {
		if _, err := coffer.ParseAssetID(text); (err == nil) != ok {
			t.Errorf("ParseAssetID(%q): %v", text, err)
		}
	}

	usdt := coffer.NewAssetID("eip155:1", coffer.AssetERC20, "0xdAC1")
	if usdt.Chain() != "eip155:1" || usdt.Namespace() != "erc20" || usdt.Reference() != "0xdAC1" || usdt.IsNative() {
		t.Errorf("parts of %s: %s %s %s", usdt, usdt.Chain(), usdt.Namespace(), usdt.Reference())
	}
}

var testOrder = coffer.Order{
	ID: "wd_1", Tenant: "t", Account: "a", Asset: "eip155:1/slip44:60", Destination: "0x00000000000000000000000000000000000000AA",
	Amount: coffer.NewAmount(5), FeeCap: coffer.NewAmount(1), Expires: time.Unix(1_700_000_000, 0),
}

var testIntent = coffer.Intent{
	ID: "po_1", Chain: "eip155:1", Wallet: "0xSafe", Path: coffer.PathUserOp, Slot: coffer.Slot{Kind: coffer.SlotEntryPoint, Lane: "0x0", Sequence: 7},
	Purpose: coffer.PurposeOrders, Orders: []coffer.Hash{testOrder.Hash()}, Payments: []coffer.Payment{testOrder.Payment()},
	FeeBound: coffer.NewAmount(9), Expires: time.Unix(1_700_000_100, 0),
}

var testCoin = coffer.Coin{ID: coffer.NewCoinID(coffer.Hash{1}, 7), Address: "bc1q", Path: "0/17", Amount: coffer.NewAmount(9)}

var testDelegation = coffer.Delegation{To: "TReceiver", Resource: coffer.ResourceEnergy, Amount: coffer.NewAmount(9)}

var testSweep = coffer.Sweep{Forwarder: "0xForwarder", Salt: coffer.Hash{1}, Asset: "eip155:1/slip44:60"}

// Signers remember these hashes for ever: a change here is a new version of the encoding.
func TestCanonicalHashesAreStable(t *testing.T) {
	if got, want := testOrder.Hash().String(), "0x18633d4425cd8a4aabfa2e85fc948718507cf704255d7d26b518e63f5234291d"; got != want {
		t.Errorf("order hash %s, want %s", got, want)
	}
	if got, want := testIntent.Hash().String(), "0x13c95d45a1fe67f4ff746bad74c782bae96b8fbba54d707de6a66e4cf984df70"; got != want {
		t.Errorf("intent hash %s, want %s", got, want)
	}
	if got, want := coffer.SweepsHash([]coffer.Sweep{testSweep}).String(), "0x3a214058c82a35b0ae4762448ec981de89eb293e0d820f3ea60dac32eaa187e9"; got != want {
		t.Errorf("sweeps hash %s, want %s", got, want)
	}
	sweep := coffer.Intent{ID: "po_2", Purpose: coffer.PurposeSweep, Sweeps: []coffer.Sweep{testSweep}, Expires: testIntent.Expires}
	if got, want := sweep.Hash().String(), "0x682ded15d2607baef2fd00da26819913ae47a0f1252a4954b9d9a06038d43f4e"; got != want {
		t.Errorf("hash of a sweep %s, want %s", got, want)
	}
	psbt := testIntent
	psbt.Coins, psbt.Change = []coffer.Coin{testCoin}, "1/3"
	if got, want := psbt.Hash().String(), "0x55081738264e808049d69ccb441776a78e329ed4e764e15b68cb327abd31ed9a"; got != want {
		t.Errorf("hash of an intent with coins %s, want %s", got, want)
	}
	delegate := coffer.Intent{ID: "po_3", Purpose: coffer.PurposeDelegate, Delegations: []coffer.Delegation{testDelegation}, Expires: testIntent.Expires}
	if got, want := delegate.Hash().String(), "0xf1ed4ba8b4653767198d7ceb7892805c9c034bb27cabfdcdd4f6f7f0e2b5f064"; got != want {
		t.Errorf("hash of a delegation %s, want %s", got, want)
	}
}

// Every field counts: changing any one changes the hash.
func TestHashCoversEveryField(t *testing.T) {
	checkFields(t, testOrder, func(o coffer.Order) coffer.Hash { return o.Hash() })
	checkFields(t, testIntent, func(i coffer.Intent) coffer.Hash { return i.Hash() })
	checkFields(t, testSweep, func(s coffer.Sweep) coffer.Hash { return coffer.SweepsHash([]coffer.Sweep{s}) })
	checkFields(t, testSweep, func(s coffer.Sweep) coffer.Hash {
		return coffer.Intent{Purpose: coffer.PurposeSweep, Sweeps: []coffer.Sweep{s}}.Hash()
	})
	checkFields(t, testCoin, func(c coffer.Coin) coffer.Hash { return coffer.Intent{Coins: []coffer.Coin{c}}.Hash() })
	checkFields(t, testDelegation, func(d coffer.Delegation) coffer.Hash {
		return coffer.Intent{Delegations: []coffer.Delegation{d}}.Hash()
	})
}

func checkFields[T any](t *testing.T, base T, hash func(T) coffer.Hash) {
	t.Helper()
	typ := reflect.TypeFor[T]()
	for n := range typ.NumField() {
		changed := base
		field := reflect.ValueOf(&changed).Elem().Field(n)
		switch v := field.Addr().Interface().(type) {
		case *coffer.Amount:
			*v = coffer.NewAmount(77)
		case *time.Time:
			*v = v.Add(time.Second)
		case *coffer.Slot:
			v.Sequence++
		case *coffer.Hash:
			v[0]++
		case *[]coffer.Hash:
			*v = append([]coffer.Hash{{1}}, (*v)...)
		case *[]coffer.Payment:
			*v = append([]coffer.Payment{{}}, (*v)...)
		case *[]coffer.Sweep:
			*v = append([]coffer.Sweep{{}}, (*v)...)
		case *[]coffer.Coin:
			*v = append([]coffer.Coin{{}}, (*v)...)
		case *[]coffer.Delegation:
			*v = append([]coffer.Delegation{{}}, (*v)...)
		case *bool:
			*v = !*v
		default:
			if field.Kind() != reflect.String {
				t.Fatalf("%s.%s: the test does not know how to change a %s", typ, typ.Field(n).Name, field.Type())
			}
			field.SetString(field.String() + "x")
		}
		if hash(changed) == hash(base) {
			t.Errorf("%s: changing %s does not change the hash", typ, typ.Field(n).Name)
		}
	}
}

func TestMoveTablesAreClosed(t *testing.T) {
	closed(t, coffer.DepositMoves)
	closed(t, coffer.WithdrawalMoves)
	closed(t, coffer.PayoutMoves)
}

func closed[S ~string](t *testing.T, moves coffer.Moves[S]) {
	t.Helper()
	for from, tos := range moves {
		for _, to := range tos {
			if !moves.Known(to) {
				t.Errorf("%s may become %s, which is no state", from, to)
			}
		}
	}
}

func TestOnlySlotsOfSafesAndCoinsAreEndless(t *testing.T) {
	for kind, want := range map[string]bool{coffer.SlotEntryPoint: false, coffer.SlotSafe: true, coffer.SlotNonce: false, coffer.SlotCoin: true} {
		if got := (coffer.Slot{Kind: kind}).Endless(); got != want {
			t.Errorf("a slot of kind %s is endless: %v, want %v", kind, got, want)
		}
	}
}

func TestSlotTextRoundTrips(t *testing.T) {
	for _, slot := range []coffer.Slot{{Kind: coffer.SlotEntryPoint, Lane: "0xabc", Sequence: 1 << 63}, {Kind: coffer.SlotSafe, Sequence: 3}, {Kind: coffer.SlotCoin, Lane: string(testCoin.ID)}} {
		back, err := coffer.ParseSlot(slot.String())
		if err != nil || back != slot {
			t.Errorf("ParseSlot(%q) = %+v, %v", slot, back, err)
		}
	}
	for _, bad := range []string{"", "safe", "safe//", "safe//-1", "safe//18446744073709551616", "//1", "a/b/c/1"} {
		if _, err := coffer.ParseSlot(bad); err == nil {
			t.Errorf("ParseSlot(%q) passed", bad)
		}
	}
}

func TestCoinIDTextRoundTrips(t *testing.T) {
	tx, n, err := testCoin.ID.Parts()
	if err != nil || tx != (coffer.Hash{1}) || n != 7 {
		t.Errorf("parts of %s: %s, %d, %v", testCoin.ID, tx, n, err)
	}
	digits := strings.Repeat("0a", 32)
	for _, bad := range []string{
		"", ":", digits, digits + ":", digits + ":-1", digits + ":01", digits + ":4294967296", digits + ":1:1",
		strings.ToUpper(digits) + ":1", "0x" + digits + ":1", digits[2:] + ":1",
	} {
		if _, _, err := coffer.CoinID(bad).Parts(); err == nil {
			t.Errorf("coin %q passed", bad)
		}
	}
	sum, err := coffer.CoinSum([]coffer.Coin{testCoin, testCoin})
	if err != nil || sum != coffer.NewAmount(18) {
		t.Errorf("sum %s, %v", sum, err)
	}
}

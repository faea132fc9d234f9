package utxo

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"
	"pgregory.net/rapid"

	"github.com/cofferhq/coffer"
)

var update = flag.Bool("update", false, "write the golden PSBTs again")

// The vectors of BIP-174. The bytes of valid ones are written again as they were; none is ours,
// so that Explain refuses them all.
func TestPSBTsOfBIP174(t *testing.T) {
	w := testWallets(t)["P2WSH"]
	for _, v := range bip174(t) {
		packet, err := decodePSBT(v.raw)
		if v.valid != (err == nil) {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if v.valid {
			var b bytes.Buffer
			if err := packet.Serialize(&b); err != nil || !bytes.Equal(b.Bytes(), v.raw) {
				t.Errorf("%s: written again as %x, %v", v.name, b.Bytes(), err)
			}
		} else if !errors.Is(err, ErrPSBT) {
			t.Errorf("%s: %v, want ErrPSBT", v.name, err)
		}
		u := coffer.Unsigned{Chain: Regtest.Chain(), Wallet: w.Address(), Path: coffer.PathPSBT, Format: FormatPSBT, Bytes: v.raw}
		if effects, err := w.explainer().Explain(u); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %+v, %v", v.name, effects, err)
		}
	}
}

type vector struct {
	name  string
	valid bool
	raw   []byte
}

func bip174(t testing.TB) (list []vector) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "bip174.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSpace(line), "\t")
		list = append(list, vector{name: fields[1], valid: fields[0] == "valid", raw: unhex(t, fields[2])})
	}
	if len(list) != 28 {
		t.Fatalf("%d vectors", len(list))
	}
	return list
}

// golden is a PSBT as other software gets it.
type golden struct {
	Name       string
	Descriptor string
	PSBT       string // hex
	ID         coffer.Hash
	Digests    []coffer.Hash
}

func TestPSBTsAreWrittenAsTheyWere(t *testing.T) {
	path := filepath.Join("testdata", "psbt.json")
	wallets := testWallets(t)
	var got []golden
	for _, name := range []string{"P2WSH", "P2SH-P2WSH", "P2WSH fixed", "P2SH-P2WSH fixed", "P2WSH mixed", "P2SH-P2WSH mixed"} {
		w := wallets[name]
		_, u := w.build(t)
		r, err := read(w.Descriptor, u)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, golden{name, w.String(), hex.EncodeToString(u.Bytes), HashOf(r.tx.TxHash()), r.digests})
	}
	text, err := json.MarshalIndent(got, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, want) {
		t.Errorf("not as in %s; run with -update if that is meant", path)
	}
}

// Explain(Build(i)) is i, at every fee and with any of its coins.
func TestExplainUndoesBuild(t *testing.T) {
	wallets := testWallets(t)
	names := make([]string, 0, len(wallets))
	for name := range wallets {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(rt *rapid.T) {
		w := wallets[rapid.SampledFrom(names).Draw(rt, "wallet")]
		coins, previous := w.fund(t, rapid.SliceOfN(rapid.Int64Range(1, 1_000_000_000), 1, 6).Draw(rt, "coins")...)
		i := w.intent(coins, rapid.SliceOfN(rapid.Int64Range(546, 100_000_000), 0, 12).Draw(rt, "payments")...)
		i.ID = rapid.StringN(1, 20, 40).Draw(rt, "id")
		if len(i.Payments) == 0 {
			i.Purpose = coffer.PurposeCancel
		}
		bill, err := newBill(w.Descriptor, i.Payments, 10_000)
		if err != nil {
			rt.Fatal(err)
		}
		bound := rapid.Uint64Range(0, 100_000).Draw(rt, "bound")
		o := offer{floor: 1_000, rate: FeeRate(rapid.Uint64Range(1_000, 100_000).Draw(rt, "rate")), bound: bound}
		s, ok := bill.settle(amountsOf(coins), o)
		if !ok {
			return
		}
		u, err := BuildPSBT(i, w.Descriptor, s.coins, s.fee, previous, 3)
		if err != nil {
			rt.Fatal(err)
		}
		effects, err := w.explainer().Explain(u)
		if err != nil {
			rt.Fatal(err)
		}
		want := coffer.Effects{
			Chain: i.Chain, Wallet: i.Wallet, Path: coffer.PathPSBT, Slot: i.Slot, Payments: i.Payments,
			Coins: i.Coins[:s.coins], FeeBound: coffer.NewAmount(s.fee), Digests: effects.Digests,
		}
		if s.change > 0 {
			want.Change = i.Change
		}
		if !reflect.DeepEqual(effects, want) {
			rt.Fatalf("%+v, want %+v", effects, want)
		}
		again, err := BuildPSBT(i, w.Descriptor, s.coins, s.fee, previous, 3)
		if err != nil || !bytes.Equal(again.Bytes, u.Bytes) {
			rt.Fatalf("built again as something else, %v", err)
		}
		r, err := read(w.Descriptor, u)
		if err != nil {
			rt.Fatal(err)
		}
		var in, out uint64
		for _, value := range amountsOf(effects.Coins) {
			in += value
		}
		for _, output := range r.tx.TxOut {
			out += uint64(output.Value)
		}
		if in != out+s.fee {
			rt.Fatalf("%d in, %d out and a fee of %d", in, out, s.fee)
		}
	})
}

func TestBuildRefusesBadIntents(t *testing.T) {
	w := testWallets(t)["P2WSH"]
	good, _ := w.build(t)
	previous := previousOf(t, w)
	otherPath := func(i *coffer.Intent) { i.Coins = slices.Clone(i.Coins); i.Coins[1].Path = "0/9" }
	for name, v := range map[string]struct {
		change func(*coffer.Intent)
		want   string
	}{
		"another chain":        {func(i *coffer.Intent) { i.Chain = Mainnet.Chain() }, "chain"},
		"another wallet":       {func(i *coffer.Intent) { i.Wallet = destinations(Regtest)[0] }, "wallet"},
		"another path":         {func(i *coffer.Intent) { i.Path = coffer.PathExec }, "path"},
		"sweeps":               {func(i *coffer.Intent) { i.Sweeps = []coffer.Sweep{{}} }, "sweeps"},
		"no coins":             {func(i *coffer.Intent) { i.Coins = nil }, "0 coins"},
		"too many coins":       {func(i *coffer.Intent) { i.Coins = pile(w, make([]uint64, 101)...) }, "101 coins"},
		"a coin twice":         {func(i *coffer.Intent) { i.Coins = []coffer.Coin{i.Coins[0], i.Coins[0]} }, "twice"},
		"another slot":         {func(i *coffer.Intent) { i.Slot.Lane = string(i.Coins[1].ID) }, "slot"},
		"a second sequence":    {func(i *coffer.Intent) { i.Slot.Sequence = 1 }, "slot"},
		"another kind of slot": {func(i *coffer.Intent) { i.Slot.Kind = coffer.SlotNonce }, "slot"},
		"no payments":          {func(i *coffer.Intent) { i.Payments = nil }, "0 payments"},
		"a cancel that pays":   {func(i *coffer.Intent) { i.Purpose = coffer.PurposeCancel }, "3 payments"},
		"too many payments":    {func(i *coffer.Intent) { i.Payments = slices.Repeat(i.Payments, 84) }, "252 payments"},
		"a token":              {func(i *coffer.Intent) { i.Payments = withPayment(i, func(p *coffer.Payment) { p.Asset += "x" }) }, "payment 1"},
		"a memo":               {func(i *coffer.Intent) { i.Payments = withPayment(i, func(p *coffer.Payment) { p.Memo = "x" }) }, "memo"},
		"dust": {func(i *coffer.Intent) {
			i.Payments = withPayment(i, func(p *coffer.Payment) { p.Amount = coffer.NewAmount(539) })
		}, "dust; the least is 540"},
		"more than there is": {func(i *coffer.Intent) {
			i.Payments = withPayment(i, func(p *coffer.Payment) { p.Amount = coffer.NewAmount(MaxMoney + 1) })
		}, "there are"},
		"more than the coins": {func(i *coffer.Intent) {
			i.Payments = withPayment(i, func(p *coffer.Payment) { p.Amount = coffer.NewAmount(MaxMoney) })
		}, "not enough coins"},
		"mainnet's address": {func(i *coffer.Intent) {
			i.Payments = withPayment(i, func(p *coffer.Payment) { p.To = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2" })
		}, "another network"},
		"an address in capitals": {func(i *coffer.Intent) {
			i.Payments = withPayment(i, func(p *coffer.Payment) { p.To = coffer.Address(strings.ToUpper(string(i.Wallet))) })
		}, "canonical"},
		"change to a deposit":    {func(i *coffer.Intent) { i.Change = "0/7" }, "change"},
		"no change":              {func(i *coffer.Intent) { i.Change = "" }, "change"},
		"change at x":            {func(i *coffer.Intent) { i.Change = "1/x" }, "change"},
		"a coin at another path": {otherPath, "not at the wallet's path"},
		"a coin of more":         {func(i *coffer.Intent) { i.Coins = slices.Clone(i.Coins); i.Coins[0].Amount = coffer.NewAmount(60_001) }, "it holds 60000"},
		"an unknown coin":        {func(i *coffer.Intent) { i.Coins = pile(w, 60_000, 50_000); i.Slot.Lane = string(i.Coins[0].ID) }, "missing"},
		"an output too far":      {func(i *coffer.Intent) { i.Coins = slices.Clone(i.Coins); i.Coins[1].ID = i.Coins[1].ID[:65] + "2" }, "has 2 outputs"},
	} {
		bad := good
		v.change(&bad)
		if u, err := BuildPSBT(bad, w.Descriptor, 2, 2_000, previous, 0); err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s: %d bytes, %v, want %q", name, len(u.Bytes), err, v.want)
		}
	}
	for name, v := range map[string]struct {
		coins int
		fee   uint64
		want  string
	}{
		"no coin": {0, 2_000, "0 of 3"}, "a coin too many": {4, 2_000, "4 of 3"}, "change that is dust": {2, 49_800, "dust"},
		"a fee above everything": {2, 50_001, "not enough"},
	} {
		if _, err := BuildPSBT(good, w.Descriptor, v.coins, v.fee, previous, 0); err == nil || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s: %v, want %q", name, err, v.want)
		}
	}
	wrong := map[coffer.Hash]*wire.MsgTx{}
	for id := range previous {
		wrong[id] = wire.NewMsgTx(2)
	}
	if _, err := BuildPSBT(good, w.Descriptor, 2, 2_000, wrong, 0); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("other transactions: %v", err)
	}
}

func withPayment(i *coffer.Intent, change func(*coffer.Payment)) []coffer.Payment {
	payments := slices.Clone(i.Payments)
	change(&payments[1])
	return payments
}

// A previous transaction of the largest standard size fits, at every input.
func TestPSBTsOfTheLargestSizeFit(t *testing.T) {
	w := testWallets(t)["P2SH-P2WSH"]
	script := w.mustAt(t, "0/1")
	previous := map[coffer.Hash]*wire.MsgTx{}
	var coins []coffer.Coin
	for n := range MaxInputs {
		tx := wire.NewMsgTx(2)
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: uint32(n)}, SignatureScript: make([]byte, 99_900)})
		tx.AddTxOut(wire.NewTxOut(10_000, script.Output))
		previous[HashOf(tx.TxHash())] = tx
		coins = append(coins, coffer.Coin{ID: coffer.NewCoinID(HashOf(tx.TxHash()), 0), Address: script.Address, Path: "0/1", Amount: coffer.NewAmount(10_000)})
	}
	i := w.intent(coins)
	i.Purpose = coffer.PurposeConsolidate
	u, err := BuildPSBT(i, w.Descriptor, MaxInputs, 20_000, previous, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.explainer().Explain(u); err != nil || len(u.Bytes) < 100*99_900 {
		t.Errorf("%d bytes, %v", len(u.Bytes), err)
	}
}

func TestAmountsOfNodesAreReadExactly(t *testing.T) {
	for text, want := range map[json.Number]uint64{
		"0": 0, "0.00000001": 1, "1e-8": 1, "8.58e-05": 8_580, "0.00010000": 10_000, "1": 100_000_000, "20999999.9769": 2_099_999_997_690_000,
		"0.000050011337868480724": 5_001, "1E2": 10_000_000_000, "0.000000009": 0, "2.1e7": MaxMoney,
	} {
		if got, err := bitcoins(text); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []json.Number{"", "-1", "+1", "1e999999999", "1e100", "0x10", "1/2", "NaN", "21000000.00000001", "1_000", " 1", "1.", ".5", json.Number(strings.Repeat("9", 100))} {
		if got, err := bitcoins(text); err == nil {
			t.Errorf("%.40q is %d", text, got)
		}
	}
}

func FuzzPSBT(f *testing.F) {
	for _, v := range bip174(f) {
		f.Add(v.raw)
	}
	for _, w := range testWallets(f) {
		_, u := w.build(f)
		f.Add(u.Bytes)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		packet, err := decodePSBT(raw)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := packet.Serialize(&b); err != nil {
			return
		}
		if again, err := decodePSBT(b.Bytes()); err != nil || again.UnsignedTx.TxHash() != packet.UnsignedTx.TxHash() {
			t.Fatalf("%x is written as %x, which is %v", raw, b.Bytes(), err)
		}
	})
}

// What Explain accepts is one of our own PSBTs, to the last byte: with its coins and outputs the
// builder makes the same.
func FuzzExplain(f *testing.F) {
	wallets := testWallets(f)
	w, nested := wallets["P2WSH"], wallets["P2SH-P2WSH mixed"]
	for _, wallet := range []testWallet{w, nested} {
		_, u := wallet.build(f)
		f.Add(wallet.Nested(), u.Bytes)
	}
	f.Fuzz(func(t *testing.T, isNested bool, raw []byte) {
		wallet := w
		if isNested {
			wallet = nested
		}
		u := coffer.Unsigned{Chain: Regtest.Chain(), Wallet: wallet.Address(), Path: coffer.PathPSBT, Format: FormatPSBT, Bytes: raw}
		effects, err := wallet.explainer().Explain(u)
		if err != nil {
			if !errors.Is(err, ErrRefused) {
				t.Fatal(err)
			}
			return
		}
		packet, err := decodePSBT(raw)
		if err != nil {
			t.Fatal(err)
		}
		previous := map[coffer.Hash]*wire.MsgTx{}
		for _, in := range packet.Inputs {
			previous[HashOf(in.NonWitnessUtxo.TxHash())] = in.NonWitnessUtxo
		}
		i := coffer.Intent{
			Chain: effects.Chain, Wallet: effects.Wallet, Path: effects.Path, Slot: effects.Slot, Purpose: coffer.PurposeRefill,
			Payments: effects.Payments, Coins: effects.Coins, Change: effects.Change, FeeBound: effects.FeeBound,
		}
		if len(i.Payments) == 0 {
			i.Purpose = coffer.PurposeCancel
		}
		if i.Change == "" {
			i.Change = wallet.changePath(0)
		}
		again, err := BuildPSBT(i, wallet.Descriptor, len(i.Coins), effects.FeeBound.Int().Uint64(), previous, 0)
		if err != nil {
			t.Fatalf("%x does %+v, which cannot be built: %v", raw, effects, err)
		}
		if len(again.Bytes) != len(raw) {
			t.Fatalf("%x does %+v, which is built as %x", raw, effects, again.Bytes)
		}
	})
}

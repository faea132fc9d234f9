package utxo

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// build makes a payout of three payments from two coins.
func (w testWallet) build(t testing.TB) (coffer.Intent, coffer.Unsigned) {
	t.Helper()
	coins, previous := w.fund(t, 60_000, 50_000, 40_000)
	i := w.intent(coins, 10_000, 20_000, 30_000)
	u, err := BuildPSBT(i, w.Descriptor, 2, 2_000, previous, 0)
	if err != nil {
		t.Fatal(err)
	}
	return i, u
}

func TestExplainReadsWhatWasBuilt(t *testing.T) {
	for name, w := range testWallets(t) {
		i, u := w.build(t)
		effects, err := w.explainer().Explain(u)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(effects.Digests) != 2 || effects.Digests[0] == effects.Digests[1] {
			t.Errorf("%s: digests %v", name, effects.Digests)
		}
		want := coffer.Effects{
			Chain: i.Chain, Wallet: i.Wallet, Path: coffer.PathPSBT, Slot: i.Slot, Payments: i.Payments,
			Coins: i.Coins[:2], Change: i.Change, FeeBound: coffer.NewAmount(2_000), Digests: effects.Digests,
		}
		if !reflect.DeepEqual(effects, want) {
			t.Errorf("%s: %+v, want %+v", name, effects, want)
		}
	}
}

// The digest is that of the library's signer, which computes it on another way.
func TestDigestsAreThoseOfBIP143(t *testing.T) {
	for name, w := range testWallets(t) {
		_, u := w.build(t)
		r, err := read(w.Descriptor, u)
		if err != nil {
			t.Fatal(err)
		}
		for n := range r.tx.TxIn {
			private := w.keys[1].child(t, r.scripts[n].Path)
			want, err := txscript.RawTxInWitnessSignature(r.tx, r.hashes, n, r.amounts[n], r.scripts[n].Witness, txscript.SigHashAll, private)
			if err != nil {
				t.Fatal(err)
			}
			if err := verifySignature(private.PubKey().SerializeCompressed(), r.digests[n], want); err != nil {
				t.Errorf("%s: input %d: %v", name, n, err)
			}
		}
	}
}

// repack changes a good PSBT and writes it again.
func repack(t testing.TB, u coffer.Unsigned, change func(*psbt.Packet)) coffer.Unsigned {
	t.Helper()
	packet, err := decodePSBT(u.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	change(packet)
	var b bytes.Buffer
	if err := packet.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(b.Bytes(), u.Bytes) {
		t.Fatal("the change changes nothing")
	}
	u.Bytes = b.Bytes()
	return u
}

func TestExplainRefusesWhatIsNotOurs(t *testing.T) {
	wallets := testWallets(t)
	for _, name := range []string{"P2WSH", "P2SH-P2WSH", "P2WSH fixed", "P2SH-P2WSH mixed"} {
		w := wallets[name]
		_, u := w.build(t)
		if _, err := w.explainer().Explain(u); err != nil {
			t.Fatal(err)
		}
		r, err := read(w.Descriptor, u)
		if err != nil {
			t.Fatal(err)
		}
		change, payment := r.change, (r.change+1)%len(r.tx.TxOut)
		signatures := append(w.sign(t, 0, u), w.sign(t, 1, u)...)
		signature := signatures[0]
		public := r.scripts[0].Keys[0].Public
		stranger := fixedKey("stranger").private.PubKey().SerializeCompressed()

		for claim, v := range map[string]struct {
			change func(*psbt.Packet)
			want   string
		}{
			"version 1":      {func(p *psbt.Packet) { p.UnsignedTx.Version = 1 }, "version 1"},
			"version 3":      {func(p *psbt.Packet) { p.UnsignedTx.Version = 3 }, "version 3"},
			"lock time":      {func(p *psbt.Packet) { p.UnsignedTx.LockTime = 500_000 }, "lock time"},
			"final sequence": {func(p *psbt.Packet) { p.UnsignedTx.TxIn[0].Sequence = wire.MaxTxInSequenceNum }, "sequence"},
			"relative lock":  {func(p *psbt.Packet) { p.UnsignedTx.TxIn[1].Sequence = 144 }, "sequence"},
			"no output":      {func(p *psbt.Packet) { p.UnsignedTx.TxOut, p.Outputs = nil, nil }, "0 outputs"},
			"a coin twice":   {func(p *psbt.Packet) { p.UnsignedTx.TxIn[1], p.Inputs[1] = p.UnsignedTx.TxIn[0], p.Inputs[0] }, "twice"},
			"too many coins": {manyInputs, "101 inputs"},
			"too many paid":  {manyOutputs, "252 outputs"},
			"global field":   {func(p *psbt.Packet) { p.Unknowns = append(p.Unknowns, unknown(0xfc, 5)) }, "global field of type 0xfc"},
			"version field": {func(p *psbt.Packet) {
				p.Unknowns = append(p.Unknowns, &psbt.Unknown{Key: []byte{0xfb}, Value: make([]byte, 4)})
			}, "global field of type 0xfb"},
			"a foreign xpub": {foreignXPub, "not written as ours"},
			"input field":    {func(p *psbt.Packet) { p.Inputs[1].Unknowns = append(p.Inputs[1].Unknowns, unknown(0xfc, 1)) }, "field of type 0xfc"},
			"output field":   {func(p *psbt.Packet) { p.Outputs[0].Unknowns = append(p.Outputs[0].Unknowns, unknown(0x77, 1)) }, "field of type 0x77"},
			"taproot input":  {func(p *psbt.Packet) { p.Inputs[0].TaprootInternalKey = public[1:] }, "not written as ours"},
			"taproot output": {func(p *psbt.Packet) { p.Outputs[payment].TaprootInternalKey = public[1:] }, "not written as ours"},
			"final script":   {func(p *psbt.Packet) { p.Inputs[0].FinalScriptSig = []byte{0} }, "final already"},
			"final witness":  {func(p *psbt.Packet) { p.Inputs[0].FinalScriptWitness = []byte{0} }, "final already"},
			"a signature": {func(p *psbt.Packet) {
				p.Inputs[0].PartialSigs = []*psbt.PartialSig{{PubKey: public, Signature: signature.Bytes}}
			}, "signatures already"},
			"a foreign signature": {func(p *psbt.Packet) {
				p.Inputs[0].PartialSigs = []*psbt.PartialSig{{PubKey: stranger, Signature: signature.Bytes}}
			}, "signatures already"},
			"sighash none":         {func(p *psbt.Packet) { p.Inputs[0].SighashType = txscript.SigHashNone }, "SIGHASH_ALL"},
			"sighash single":       {func(p *psbt.Packet) { p.Inputs[1].SighashType = txscript.SigHashSingle }, "SIGHASH_ALL"},
			"sighash anyonecanpay": {func(p *psbt.Packet) { p.Inputs[0].SighashType |= txscript.SigHashAnyOneCanPay }, "SIGHASH_ALL"},
			"no sighash":           {func(p *psbt.Packet) { p.Inputs[0].SighashType = 0 }, "SIGHASH_ALL"},
			"stripped transaction": {func(p *psbt.Packet) { p.Inputs[0].NonWitnessUtxo = nil }, "without the transaction"},
			"stripped output":      {func(p *psbt.Packet) { p.Inputs[1].WitnessUtxo = nil }, "without the transaction"},
			"another transaction":  {func(p *psbt.Packet) { p.Inputs[0].NonWitnessUtxo = p.Inputs[1].NonWitnessUtxo }, "in the place of"},
			"a richer transaction": {func(p *psbt.Packet) { p.Inputs[0].NonWitnessUtxo.TxOut[1].Value *= 2 }, "in the place of"},
			"a witness of before":  {func(p *psbt.Packet) { p.Inputs[0].NonWitnessUtxo.TxIn[0].Witness = wire.TxWitness{{1}} }, "not written as ours"},
			"another amount":       {func(p *psbt.Packet) { p.Inputs[0].WitnessUtxo.Value-- }, "another one in the transaction"},
			"another script":       {func(p *psbt.Packet) { p.Inputs[0].WitnessUtxo.PkScript = p2pkhScript(make([]byte, 20)) }, "another one in the transaction"},
			"an output too far":    {func(p *psbt.Packet) { p.UnsignedTx.TxIn[0].PreviousOutPoint.Index = 2 }, "output 2 of 2"},
			"a coin of another":    {otherOutput, "not the wallet's"},
			"another witness script": {func(p *psbt.Packet) {
				p.Inputs[0].WitnessScript = append([]byte{txscript.OP_1}, p.Inputs[0].WitnessScript[1:]...)
			}, "witness script"},
			"no witness script":     {func(p *psbt.Packet) { p.Inputs[0].WitnessScript = nil }, "witness script"},
			"another redeem script": {func(p *psbt.Packet) { p.Inputs[0].RedeemScript = []byte{txscript.OP_TRUE} }, "redeem script"},
			"a derivation less":     {func(p *psbt.Packet) { p.Inputs[0].Bip32Derivation = p.Inputs[0].Bip32Derivation[:2] }, ""},
			"another fingerprint":   {func(p *psbt.Packet) { p.Inputs[0].Bip32Derivation[0].MasterKeyFingerprint++ }, ""},
			"another path":          {func(p *psbt.Packet) { p.Inputs[0].Bip32Derivation[0].Bip32Path = []uint32{1, 2, 3} }, ""},
			"dust":                  {func(p *psbt.Packet) { p.UnsignedTx.TxOut[payment].Value = 100 }, "dust"},
			"change is dust":        {func(p *psbt.Packet) { p.UnsignedTx.TxOut[change].Value = 100 }, "dust"},
			"negative amount":       {func(p *psbt.Packet) { p.UnsignedTx.TxOut[payment].Value = -1 }, "-1 satoshis"},
			"above all money":       {func(p *psbt.Packet) { p.UnsignedTx.TxOut[payment].Value = MaxMoney + 1 }, "satoshis; there are"},
			"more than there is":    {func(p *psbt.Packet) { p.UnsignedTx.TxOut[payment].Value += 100_000 }, "from coins of"},
			"data":                  {func(p *psbt.Packet) { p.UnsignedTx.TxOut[payment].PkScript = []byte{txscript.OP_RETURN, 1, 7} }, "without an address"},
			"pay to anchor":         {func(p *psbt.Packet) { p.UnsignedTx.TxOut[payment].PkScript = []byte{txscript.OP_1, 2, 0x4e, 0x73} }, "without an address"},
			"bare key": {func(p *psbt.Packet) {
				p.UnsignedTx.TxOut[payment].PkScript = append(append([]byte{33}, public...), txscript.OP_CHECKSIG)
			}, "without an address"},
			"a fee above the bound":    {func(p *psbt.Packet) { p.UnsignedTx.TxOut[change].Value -= 10_000 }, "the most is 9000"},
			"change twice":             {func(p *psbt.Packet) { p.Outputs[payment] = p.Outputs[change] }, "change"},
			"change to another":        {func(p *psbt.Packet) { p.UnsignedTx.TxOut[change].PkScript = p.UnsignedTx.TxOut[payment].PkScript }, "change that is not the wallet's"},
			"change with other script": {func(p *psbt.Packet) { p.Outputs[change].WitnessScript = []byte{txscript.OP_TRUE} }, "not written as ours"},
			"change underived":         {func(p *psbt.Packet) { p.Outputs[change].Bip32Derivation = p.Outputs[change].Bip32Derivation[1:] }, ""},
			"a script for a payment":   {func(p *psbt.Packet) { p.Outputs[payment].WitnessScript = []byte{txscript.OP_TRUE} }, "not written as ours"},
		} {
			e := NewExplainer(ExplainConfig{
				Chain: Regtest.Chain(), Native: Regtest.Native(), Network: Regtest,
				Wallets: []Descriptor{w.Descriptor}, MaxFeeRate: 1000, MaxFee: 9_000,
			})
			effects, err := e.Explain(repack(t, u, v.change))
			if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), v.want) {
				t.Errorf("%s: %s: %+v, %v, want %q", name, claim, effects, err, v.want)
			}
			if _, err := Finalize(w.Descriptor, repack(t, u, v.change), signatures); err == nil {
				t.Errorf("%s: %s: the signatures of the good one finalise it", name, claim)
			}
		}
	}
}

func unknown(kind, more byte) *psbt.Unknown {
	return &psbt.Unknown{Key: []byte{kind, more}, Value: []byte{1}}
}

func manyInputs(p *psbt.Packet) {
	for n := range uint32(MaxInputs - 1) {
		in := *p.UnsignedTx.TxIn[0]
		in.PreviousOutPoint.Index = 10 + n
		p.UnsignedTx.TxIn, p.Inputs = append(p.UnsignedTx.TxIn, &in), append(p.Inputs, p.Inputs[0])
	}
}

func manyOutputs(p *psbt.Packet) {
	for len(p.UnsignedTx.TxOut) < MaxPayments+2 {
		p.UnsignedTx.TxOut, p.Outputs = append(p.UnsignedTx.TxOut, p.UnsignedTx.TxOut[0]), append(p.Outputs, psbt.POutput{})
	}
}

func foreignXPub(p *psbt.Packet) {
	p.XPubs = append(p.XPubs, psbt.XPub{ExtendedKey: encodeExtendedText("tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp")})
}

// otherOutput spends the output of the same transaction that is not the wallet's.
func otherOutput(p *psbt.Packet) {
	p.UnsignedTx.TxIn[0].PreviousOutPoint.Index = 0
	p.Inputs[0].WitnessUtxo = p.Inputs[0].NonWitnessUtxo.TxOut[0]
}

func TestExplainRefusesOtherEnvelopes(t *testing.T) {
	wallets := testWallets(t)
	w, other := wallets["P2WSH"], wallets["P2SH-P2WSH"]
	_, u := w.build(t)
	for name, v := range map[string]struct {
		change func(*coffer.Unsigned)
		want   string
	}{
		"another chain":  {func(u *coffer.Unsigned) { u.Chain = Mainnet.Chain() }, "chain"},
		"a stranger":     {func(u *coffer.Unsigned) { u.Wallet = "bcrt1q" }, "not a wallet of ours"},
		"another wallet": {func(u *coffer.Unsigned) { u.Wallet = other.Address() }, "not the wallet's"},
		"another path":   {func(u *coffer.Unsigned) { u.Path = coffer.PathExec }, "path"},
		"another format": {func(u *coffer.Unsigned) { u.Format = "psbt/v2" }, "format"},
		"nothing":        {func(u *coffer.Unsigned) { u.Bytes = nil }, "not a PSBT"},
		"other magic":    {func(u *coffer.Unsigned) { u.Bytes = append([]byte("pset\xff"), u.Bytes[5:]...) }, "not a PSBT"},
		"more behind":    {func(u *coffer.Unsigned) { u.Bytes = append(bytes.Clone(u.Bytes), 0) }, "1 bytes behind"},
		"oversized":      {func(u *coffer.Unsigned) { u.Bytes = append(bytes.Clone(u.Bytes), make([]byte, MaxPSBT)...) }, "want at most"},
		"base64":         {func(u *coffer.Unsigned) { u.Bytes = []byte("cHNidP8BAA==") }, "not a PSBT"},
		"a transaction":  {func(u *coffer.Unsigned) { u.Bytes = u.Bytes[8:] }, "not a PSBT"},
	} {
		bad := u
		v.change(&bad)
		e := NewExplainer(ExplainConfig{
			Chain: Regtest.Chain(), Native: Regtest.Native(), Network: Regtest,
			Wallets: []Descriptor{w.Descriptor, other.Descriptor}, MaxFeeRate: 1000, MaxFee: 1_000_000,
		})
		if effects, err := e.Explain(bad); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), v.want) {
			t.Errorf("%s: %+v, %v, want %q", name, effects, err, v.want)
		}
	}
	for end := range len(u.Bytes) {
		bad := u
		bad.Bytes = u.Bytes[:end]
		if _, err := w.explainer().Explain(bad); !errors.Is(err, ErrRefused) {
			t.Fatalf("cut to %d bytes: %v", end, err)
		}
	}
}

func TestExplainBoundsTheFeeRate(t *testing.T) {
	w := testWallets(t)["P2WSH"]
	_, u := w.build(t)
	r, err := read(w.Descriptor, u)
	if err != nil {
		t.Fatal(err)
	}
	size := w.sizeOf(r.tx)
	config := ExplainConfig{
		Chain: Regtest.Chain(), Native: Regtest.Native(), Network: Regtest,
		Wallets: []Descriptor{w.Descriptor}, MaxFee: 2_000, MaxFeeRate: (2_000 + size - 1) / size,
	}
	if _, err := NewExplainer(config).Explain(u); err != nil {
		t.Error(err)
	}
	config.MaxFeeRate--
	if _, err := NewExplainer(config).Explain(u); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "sat/vB") {
		t.Errorf("rate: %v", err)
	}
	config.MaxFeeRate, config.MaxFee = 1000, 1_999
	if _, err := NewExplainer(config).Explain(u); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "the most is 1999") {
		t.Errorf("fee: %v", err)
	}
}

// An address that customers pay to is no place for change, however well it is derived.
func TestChangeGoesToTheBranchOfChange(t *testing.T) {
	w := testWallets(t)["P2WSH"]
	_, u := w.build(t)
	r, err := read(w.Descriptor, u)
	if err != nil {
		t.Fatal(err)
	}
	packet, err := decodePSBT(u.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	var coins []spent
	for n, script := range r.scripts {
		coins = append(coins, spent{script: script, previous: packet.Inputs[n].NonWitnessUtxo})
	}
	for path, ok := range map[string]bool{"1/8": true, "0/8": false} {
		script := w.mustAt(t, path)
		r.tx.TxOut[r.change].PkScript = script.Output
		if u.Bytes, err = encodePSBT(w.Descriptor, r.tx, coins, r.change, script); err != nil {
			t.Fatal(err)
		}
		if effects, err := w.explainer().Explain(u); (err == nil) != ok || !ok && !strings.Contains(err.Error(), "change at path") {
			t.Errorf("%s: %+v, %v", path, effects, err)
		}
	}
}

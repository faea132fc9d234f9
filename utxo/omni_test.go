package utxo

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

func exodusTarget() (target [21]byte) {
	copy(target[1:], []byte{
		0x94, 0x6c, 0xb2, 0xe0, 0x80, 0x75, 0xbc, 0xba, 0xf1, 0x57, 0xe4, 0x7b, 0xcb, 0x67, 0xeb, 0x2b, 0x23, 0x39, 0xd2, 0x42,
	})
	return target
}

// The payloads that Omni Core's tests publish (create_payload_tests.cpp): those of the types
// that are read, and those that are kept as they are.
func TestPublishedOmniPayloads(t *testing.T) {
	quantum := OmniCreateManaged{
		Ecosystem: OmniMain, PropertyType: OmniIndivisible, Category: "Companies", Subcategory: "Bitcoin Mining",
		Name: "Quantum Miner", URL: "builder.bitwatch.co",
	}
	for _, v := range []struct {
		name    string
		message OmniMessage
		payload string
	}{
		{"simple send", OmniSimpleSend{1, 100000000}, "00000000000000010000000005f5e100"},
		{"send all", OmniSendAll{OmniTest}, "0000000402"},
		{"managed property", quantum, "0000003601000100000000436f6d70616e69657300426974636f696e204d696e696e67" +
			"005175616e74756d204d696e6572006275696c6465722e62697477617463682e636f0000"},
		{"grant", OmniGrant{8, 1000, "First Milestone Reached!"}, "000000370000000800000000000003e84669727374204d696c6573746f6e6520526561636865642100"},
		{"revoke", OmniRevoke{8, 1000, "Redemption of tokens for Bob, Thanks Bob!"}, "000000380000000800000000000003e8526564656d7074696f6e206f6620746f6b656e7320666f7220426f622c205468616e6b7320426f622100"},
		{"enable freezing", OmniFreezing{4, true}, "0000004700000004"},
		{"disable freezing", OmniFreezing{4, false}, "0000004800000004"},
		{"freeze", OmniFreeze{4, 1000, exodusTarget(), false}, "000000b90000000400000000000003e800946cb2e08075bcbaf157e47bcb67eb2b2339d242"},
		{"unfreeze", OmniFreeze{4, 1000, exodusTarget(), true}, "000000ba0000000400000000000003e800946cb2e08075bcbaf157e47bcb67eb2b2339d242"},
		{"send to owners", nil, "00000003000000010000000005f5e100"},
		{"send to owners of another property", nil, "00010003000000010000000005f5e10000000003"},
		{"DEx offer", nil, "00010014000000010000000005f5e1000000000001312d000a000000000000271001"},
		{"DEx accept", nil, "00000016000000010000000007bfa480"},
		{"MetaDEx trade", nil, "0000001900000001000000000ee6b2800000001f000000012a05f200"},
		{"MetaDEx cancel price", nil, "0000001a00000001000000000ee6b2800000001f000000012a05f200"},
		{"MetaDEx cancel pair", nil, "0000001b000000010000001f"},
		{"MetaDEx cancel ecosystem", nil, "0000001c01"},
		{"fixed property", nil, "0000003201000100000000436f6d70616e69657300426974636f696e204d696e696e67005175616e74756d204d696e6572006275696c6465722e62697477617463682e636f000000000000000f4240"},
		{"crowdsale", nil, "0000003301000100000000436f6d70616e69657300426974636f696e204d696e696e67005175616e74756d204d696e6572006275696c6465722e62697477617463682e636f0000000001000000000000006400000001ccd403f00a0c"},
		{"close crowdsale", nil, "0000003500000009"},
		{"change manager", nil, "000000460000000d"},
		{"deactivation", nil, "fffffffd0001"},
		{"activation", nil, "fffffffe00010005a550000003e7"},
		{"alert", nil, "ffffffff0001000493e07465737400"},
	} {
		want := unhex(t, v.payload)
		read, err := ParseOmni(want)
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		message := v.message
		if message == nil {
			if _, ok := read.(OmniUnknown); !ok {
				t.Errorf("%s: read as %+v", v.name, read)
			}
			message = read
		} else if !reflect.DeepEqual(read, withoutNote(message)) {
			t.Errorf("%s: read as %+v, want %+v", v.name, read, message)
		}
		if got, err := EncodeOmni(message); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: written as %x (%v), want %x", v.name, got, err, want)
		}
	}
}

func withoutNote(m OmniMessage) OmniMessage {
	switch m := m.(type) {
	case OmniGrant:
		m.Note = ""
		return m
	case OmniRevoke:
		m.Note = ""
		return m
	}
	return m
}

// The published sizes of the empty and of the longest texts; a property has a name.
func TestSizesOfOmniPayloads(t *testing.T) {
	long := strings.Repeat("x", MaxOmniText)
	for _, v := range []struct {
		message OmniMessage
		size    int
	}{
		{OmniCreateManaged{Ecosystem: 1, PropertyType: 1, Name: "x"}, 17},
		{OmniCreateManaged{Ecosystem: 1, PropertyType: 1, Category: long, Subcategory: long, Name: long, URL: long, Data: long}, 1291},
		{OmniGrant{Property: 8, Amount: 1000}, 17},
		{OmniGrant{8, 1000, long}, 272},
		{OmniRevoke{Property: 8, Amount: 1000}, 17},
		{OmniRevoke{8, 1000, long}, 272},
	} {
		payload, err := EncodeOmni(v.message)
		if err != nil || len(payload) != v.size {
			t.Errorf("%T: %d bytes (%v), want %d", v.message, len(payload), err, v.size)
		}
	}
}

func TestOmniRefusesWhatNobodyReads(t *testing.T) {
	for _, m := range []OmniMessage{
		OmniSimpleSend{31, 0}, OmniSimpleSend{31, 1 << 63}, OmniGrant{3, 0, ""}, OmniRevoke{3, 1 << 63, ""},
	} {
		if _, err := EncodeOmni(m); !errors.Is(err, ErrOmniAmount) {
			t.Errorf("%+v: %v", m, err)
		}
	}
	for _, m := range []OmniMessage{OmniGrant{3, 1, strings.Repeat("x", 256)}, OmniCreateManaged{Name: "a\x00b"}} {
		if _, err := EncodeOmni(m); !errors.Is(err, ErrOmniText) {
			t.Errorf("%+v: %v", m, err)
		}
	}
	if _, err := EncodeOmni(OmniCreateManaged{Ecosystem: 1, PropertyType: 1, Category: "x"}); !errors.Is(err, ErrOmniName) {
		t.Errorf("a property without a name: %v", err)
	}
	if _, err := EncodeOmni(OmniUnknown{Type: 9, Body: make([]byte, maxOmniPayload)}); !errors.Is(err, ErrOmniPayload) {
		t.Errorf("a payload that is too long: %v", err)
	}
	for _, text := range []string{
		"", "000000", "000000000000001f000000012a05f2", "00000004", "00000036010001000000000000000000", // no name
		"0000003601000100000000616161616161", // texts without an end
		"000000370000000800000000000003", "00000047000000", "000000b90000000400000000000003e800946cb2e08075bcbaf157e47bcb67eb2b2339d2",
	} {
		if m, err := ParseOmni(unhex(t, text)); !errors.Is(err, ErrOmniPayload) {
			t.Errorf("%q: %+v, %v", text, m, err)
		}
	}
	want := OmniSimpleSend{31, 5_000_000_000}
	if m, err := ParseOmni(unhex(t, "000000000000001f000000012a05f200ffff")); err != nil || m != want {
		t.Errorf("what follows a message is ignored: %+v, %v", m, err)
	}
}

const usdt50 = "000000000000001f000000012a05f200" // 50 of property 31

func TestOmniScript(t *testing.T) {
	script, err := OmniScript(unhex(t, usdt50))
	if err != nil || hex.EncodeToString(script) != "6a146f6d6e69"+usdt50 {
		t.Errorf("%x, %v", script, err)
	}
	for _, size := range []int{71, 72, 76} { // 75 bytes is the longest plain push
		script, err := OmniScript(make([]byte, size))
		if err != nil || txscript.GetScriptClass(script) != txscript.NullDataTy {
			t.Errorf("%d bytes: %x, %v", size, script, err)
		}
		if payload, ok := OmniPayload(&wire.MsgTx{TxOut: []*wire.TxOut{{PkScript: script}}}); !ok || len(payload) != size {
			t.Errorf("%d bytes are read as %d", size, len(payload))
		}
	}
	if _, err := OmniScript(make([]byte, 77)); !errors.Is(err, ErrOmniPayload) {
		t.Errorf("77 bytes: %v", err)
	}
}

// scriptOf pushes data after OP_RETURN.
func scriptOf(t testing.TB, pushes ...string) []byte {
	t.Helper()
	builder := txscript.NewScriptBuilder().AddOp(txscript.OP_RETURN)
	for _, push := range pushes {
		builder.AddData(unhex(t, push))
	}
	script, err := builder.Script()
	if err != nil {
		t.Fatal(err)
	}
	return script
}

func TestOmniPayloadOfOutputs(t *testing.T) {
	marker := hex.EncodeToString(omniMarker)
	long := strings.Repeat("ab", 500)
	for name, v := range map[string]struct {
		outputs [][]byte
		payload string
		found   bool
	}{
		"one":                    {[][]byte{scriptOf(t, marker+usdt50)}, usdt50, true},
		"none":                   {[][]byte{p2pkhScript(make([]byte, 20))}, "", false},
		"no marker":              {[][]byte{scriptOf(t, usdt50)}, "", false},
		"marker in capitals":     {[][]byte{scriptOf(t, "4f4d4e49"+usdt50)}, "", false},
		"marker in two pushes":   {[][]byte{scriptOf(t, marker[:4], marker[4:]+usdt50)}, "", false},
		"marker second":          {[][]byte{scriptOf(t, "00ff", marker+usdt50)}, "", false},
		"marker alone":           {[][]byte{scriptOf(t, marker)}, "", true},
		"marker, then payload":   {[][]byte{scriptOf(t, marker, usdt50)}, usdt50, true},
		"two outputs":            {[][]byte{scriptOf(t, marker+usdt50[:10]), scriptOf(t, marker+usdt50[10:])}, usdt50, true},
		"between other outputs":  {[][]byte{scriptOf(t, "beef"), scriptOf(t, marker+usdt50), p2shScript(make([]byte, 20))}, usdt50, true},
		"not OP_RETURN":          {[][]byte{scriptOf(t, marker+usdt50)[1:]}, "", false},
		"more than pushes":       {[][]byte{append(scriptOf(t, marker+usdt50), txscript.OP_CHECKSIG)}, "", false},
		"small numbers":          {[][]byte{append(scriptOf(t, marker+usdt50), txscript.OP_16)}, usdt50, true},
		"a push that is cut off": {[][]byte{append(scriptOf(t, marker+usdt50), txscript.OP_DATA_20, 1)}, "", false},
		"long pushes":            {[][]byte{scriptOf(t, marker, long), scriptOf(t, marker, long)}, long + long, true},
	} {
		tx := wire.NewMsgTx(2)
		for _, script := range v.outputs {
			tx.AddTxOut(wire.NewTxOut(0, script))
		}
		if payload, found := OmniPayload(tx); found != v.found || hex.EncodeToString(payload) != v.payload {
			t.Errorf("%s: %x, %v", name, payload, found)
		}
	}
	tx := wire.NewMsgTx(2)
	for range 20 {
		tx.AddTxOut(wire.NewTxOut(0, scriptOf(t, marker, long)))
	}
	if payload, found := OmniPayload(tx); !found || len(payload) != maxOmniPayload {
		t.Errorf("a payload of %d bytes; want it cut off at %d", len(payload), maxOmniPayload)
	}
}

func TestOmniSenderAndReference(t *testing.T) {
	key, other, third := p2pkhScript(bytes.Repeat([]byte{1}, 20)), p2shScript(bytes.Repeat([]byte{2}, 20)), p2pkhScript(bytes.Repeat([]byte{3}, 20))
	segwit, program := witnessScript(0, bytes.Repeat([]byte{4}, 20)), witnessScript(0, bytes.Repeat([]byte{5}, 32))
	exodus, err := ScriptOf(Regtest, omniExodus[Regtest])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ScriptOf(Mainnet, omniExodus[Mainnet]); err != nil {
		t.Fatal(err)
	}
	carrier, err := OmniScript(unhex(t, usdt50))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]struct {
		spent     []byte
		outputs   [][]byte
		reference []byte // nil: the transaction is none
	}{
		"reference last":             {key, [][]byte{carrier, key, other}, other},
		"P2SH sends":                 {other, [][]byte{carrier, other, key}, key},
		"reference alone":            {key, [][]byte{carrier, other}, other},
		"reference first":            {key, [][]byte{other, carrier, key}, other},
		"the last of two strangers":  {key, [][]byte{carrier, key, other, third}, third},
		"order turned round":         {key, [][]byte{carrier, third, other}, other},
		"to oneself":                 {key, [][]byte{carrier, key, key}, key},
		"change alone":               {key, [][]byte{carrier, key}, key},
		"no reference":               {key, [][]byte{carrier}, key},
		"segwit reference":           {key, [][]byte{carrier, key, segwit}, key},
		"segwit after the reference": {key, [][]byte{carrier, key, other, program}, other},
		"exodus is no reference":     {key, [][]byte{carrier, key, other, exodus}, other},
		"P2WPKH sends":               {segwit, [][]byte{carrier, key, other}, nil},
		"P2WSH sends":                {program, [][]byte{carrier, key, other}, nil},
		"no payload":                 {key, [][]byte{key, other}, nil},
		"short payload":              {key, [][]byte{scriptOf(t, hex.EncodeToString(omniMarker)+usdt50[:30]), key, other}, nil},
	} {
		tx := wire.NewMsgTx(2)
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: 1}})
		for _, script := range v.outputs {
			tx.AddTxOut(wire.NewTxOut(1000, script))
		}
		read, ok := ReadOmni(Regtest, tx, v.spent)
		if ok != (v.reference != nil) {
			t.Errorf("%s: read %v", name, ok)
		}
		if !ok {
			continue
		}
		sender, _ := AddressOf(Regtest, v.spent)
		reference, _ := AddressOf(Regtest, v.reference)
		if want := (OmniTransaction{sender, reference, OmniSimpleSend{31, 5_000_000_000}}); read != want {
			t.Errorf("%s: %+v, want %+v", name, read, want)
		}
	}
}

// What is no message of any class can be told from the bytes alone.
func TestMayMoveTokens(t *testing.T) {
	exodus := func(network Network) []byte {
		t.Helper()
		script, err := ScriptOf(network, exodusOf(network))
		if err != nil {
			t.Fatal(err)
		}
		return script
	}
	carrier, err := OmniScript(unhex(t, usdt50))
	if err != nil {
		t.Fatal(err)
	}
	key, segwit := p2pkhScript(bytes.Repeat([]byte{1}, 20)), witnessScript(0, bytes.Repeat([]byte{5}, 32))
	for name, v := range map[string]struct {
		network Network
		outputs [][]byte
		want    bool
	}{
		"a payment":                      {Mainnet, [][]byte{key, segwit}, false},
		"class C":                        {Mainnet, [][]byte{key, carrier}, true},
		"data without the marker":        {Mainnet, [][]byte{{txscript.OP_RETURN, 1, 7}, key}, true},
		"OP_RETURN alone":                {Mainnet, [][]byte{{txscript.OP_RETURN}}, true},
		"an output to the first sale":    {Mainnet, [][]byte{key, exodus(Mainnet)}, true},
		"of a test network":              {Signet, [][]byte{exodus(Signet)}, true},
		"an empty script and a strange":  {Mainnet, [][]byte{{}, {txscript.OP_TRUE}}, false},
		"the word omni in another place": {Mainnet, [][]byte{append([]byte{byte(len(omniMarker))}, omniMarker...)}, false},
	} {
		tx := wire.NewMsgTx(2)
		for _, script := range v.outputs {
			tx.AddTxOut(wire.NewTxOut(1000, script))
		}
		if got := MayMoveTokens(v.network, tx); got != v.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOmniTargets(t *testing.T) {
	target, err := OmniTarget(Mainnet, omniExodus[Mainnet])
	if err != nil || target != exodusTarget() {
		t.Errorf("%x, %v", target, err)
	}
	for n, address := range destinations(Regtest) {
		target, err := OmniTarget(Regtest, address)
		if (err == nil) != (n < 2) {
			t.Errorf("%s: %v", address, err)
		}
		if err != nil {
			continue
		}
		if back, ok := OmniTargetAddress(Regtest, target); !ok || back != address {
			t.Errorf("%s: %s, %v", address, back, ok)
		}
		if back, ok := OmniTargetAddress(Mainnet, target); ok {
			t.Errorf("%s is %s on another network", address, back)
		}
	}
	if _, err := OmniTarget(Regtest, coffer.Address("x")); err == nil {
		t.Error("no address is a target")
	}
}

func FuzzOmni(f *testing.F) {
	for _, text := range []string{usdt50, "0000000402", "0000004700000004", "0000003601000100000000610062006300640065" + "00", "0000003601000100000000" + "000000000000"} {
		payload, err := hex.DecodeString(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(payload, append([]byte{txscript.OP_RETURN, byte(4 + len(payload))}, append([]byte("omni"), payload...)...))
	}
	f.Fuzz(func(t *testing.T, payload, script []byte) {
		if m, err := ParseOmni(payload); err == nil {
			encoded, err := EncodeOmni(m)
			if err == nil {
				again, err := ParseOmni(encoded)
				if err != nil || !reflect.DeepEqual(again, m) {
					t.Errorf("%x: %+v is written as %x and read as %+v (%v)", payload, m, encoded, again, err)
				}
			} else if !errors.Is(err, ErrOmniAmount) && !errors.Is(err, ErrOmniName) {
				t.Errorf("%x: %+v is not written: %v", payload, m, err)
			}
		}
		tx := wire.NewMsgTx(2)
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: 1}})
		tx.AddTxOut(wire.NewTxOut(0, script))
		tx.AddTxOut(wire.NewTxOut(0, payload))
		if read, ok := OmniPayload(tx); len(read) > maxOmniPayload || !ok && len(read) > 0 {
			t.Errorf("%x: a payload of %d bytes, %v", script, len(read), ok)
		}
		if read, ok := ReadOmni(Regtest, tx, script); ok && (read.Sender == "" || read.Reference == "" || read.Message == nil) {
			t.Errorf("%x: %+v", script, read)
		}
	})
}

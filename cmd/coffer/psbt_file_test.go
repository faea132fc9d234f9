package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2/ecdsa"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/payout"
	"github.com/cofferhq/coffer/postgres"
	"github.com/cofferhq/coffer/postgres/postgrestest"
	"github.com/cofferhq/coffer/utxo"
)

// signedPayout is a database with a payout that one signer of three has signed, whose PSBT is one
// that package utxo wrote, and the configuration file of its wallet. The third key is cold.
type signedPayout struct {
	goldenPSBT
	db       *postgres.DB
	config   string
	id       string
	wallet   utxo.Descriptor
	unsigned coffer.Unsigned
	effects  coffer.Effects
}

func newSignedPayout(t *testing.T) *signedPayout {
	t.Helper()
	s := &signedPayout{goldenPSBT: goldenPSBTs(t)["P2WSH"], id: "po_1"}
	var err error
	if s.wallet, err = utxo.ParseDescriptor(utxo.Regtest, s.descriptor); err != nil {
		t.Fatal(err)
	}
	s.unsigned = coffer.Unsigned{Chain: utxo.Regtest.Chain(), Wallet: s.wallet.Address(), Path: coffer.PathPSBT, Format: utxo.FormatPSBT, Bytes: s.raw}
	w := psbtWallet{descriptor: s.wallet, maxFee: showMaxFee, maxFeeRate: showMaxFeeRate}
	if s.effects, err = w.explainer().Explain(s.unsigned); err != nil {
		t.Fatal(err)
	}
	dsn := postgrestest.NewDSN(t)
	if s.db, err = postgres.Open(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.db.Close)
	if err := postgres.Migrate(t.Context(), s.db); err != nil {
		t.Fatal(err)
	}
	s.config = s.writeConfig(t, dsn)
	s.insert(t)
	return s
}

// writeConfig makes the example's chain of the Bitcoin family one on regtest with our wallet.
func (s *signedPayout) writeConfig(t *testing.T, dsn string) string {
	t.Helper()
	dir := t.TempDir()
	dsnFile := filepath.Join(dir, "dsn")
	if err := os.WriteFile(dsnFile, []byte(dsn+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "coffer.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(strings.TrimSpace(line), "descriptor:") {
			line = "      descriptor: \"" + s.descriptor + "\"\n"
		}
		lines = append(lines, line)
	}
	edited := strings.NewReplacer(
		"bip122:000000000019d6689c085ae165831e93/slip44:0", string(utxo.Regtest.Native()), "bip122:000000000019d6689c085ae165831e93", string(utxo.Regtest.Chain()),
		"/etc/coffer/postgres.dsn", dsnFile, "cold_keys: []", `cold_keys: ["`+s.wallet.Keys()[2].String()+`"]`,
		"signer-1.example.com:7000", "127.0.0.1:1", "signer-2.example.com:7000", "127.0.0.1:2", "signer-3.example.com:7000", "127.0.0.1:3",
	).Replace(strings.Join(lines, ""))
	file := filepath.Join(dir, "coffer.yaml")
	if err := os.WriteFile(file, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// insert stores the payout as package payout would.
func (s *signedPayout) insert(t *testing.T) {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	intent := coffer.Intent{
		ID: s.id, Chain: s.unsigned.Chain, Wallet: s.unsigned.Wallet, Path: coffer.PathPSBT, Slot: s.effects.Slot, Purpose: coffer.PurposeOrders,
		Payments: s.effects.Payments, Coins: s.effects.Coins, Change: s.effects.Change, FeeBound: s.effects.FeeBound, Expires: now.Add(time.Hour),
	}
	for n := range intent.Payments {
		intent.Orders = append(intent.Orders, coffer.Hash{byte(n + 1)})
	}
	body, err := json.Marshal(intent)
	if err != nil {
		t.Fatal(err)
	}
	hash := intent.Hash()
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`insert into payout (id, chain, wallet, path, purpose, slot_kind, slot_lane, slot_sequence, intent, intent_hash, attempts, next_at, created_at, updated_at)
			values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, 1, $10, $11, $11)`,
			[]any{s.id, string(intent.Chain), string(intent.Wallet), intent.Path, intent.Purpose, intent.Slot.Kind, intent.Slot.Lane, body, hash[:], now.Add(time.Hour), now}},
		{"insert into payout_slots (chain, wallet, kind, lane, sequence, payout_id) values ($1, $2, $3, $4, 0, $5)",
			[]any{string(intent.Chain), string(intent.Wallet), intent.Slot.Kind, intent.Slot.Lane, s.id}},
		{"insert into payout_attempts (payout_id, number, format, unsigned, created_at) values ($1, 0, $2, $3, $4)", []any{s.id, s.unsigned.Format, s.unsigned.Bytes, now}},
		{"update payout set state = 'built', version = version + 1", nil},
		{"update payout set state = 'signing', answered = true, version = version + 1", nil},
	} {
		s.exec(t, q.sql, q.args...)
	}
	for n, order := range intent.Orders {
		s.exec(t, "insert into payout_orders (payout_id, position, withdrawal_id, order_hash) values ($1, $2, $3, $4)", s.id, n, "wd_"+string(rune('a'+n)), order[:])
	}
}

func (s *signedPayout) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := s.db.Pool().Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// signOnline stores what the first signer answered.
func (s *signedPayout) signOnline(t *testing.T) {
	t.Helper()
	key := s.wallet.Keys()[0].String()
	for n, due := range s.due(t, 0) {
		digest := due.Digest
		s.exec(t, "insert into payout_signatures (payout_id, attempt, digest, signer, key, signature, created_at) values ($1, 0, $2, 'signer-1', $3, $4, now())",
			s.id, digest[:], key, s.signature(t, "a", s.due(t, 0)[n]))
	}
}

func (s *signedPayout) due(t *testing.T, key int) []utxo.Due {
	t.Helper()
	due, err := s.wallet.SignaturesDue(s.effects, s.wallet.Keys()[key].String())
	if err != nil {
		t.Fatal(err)
	}
	return due
}

// signature signs as the owner of a seed does. The seeds of the golden PSBTs are hashes of
// letters.
func (s *signedPayout) signature(t *testing.T, letter string, due utxo.Due) []byte {
	t.Helper()
	seed := sha256.Sum256([]byte(letter))
	key, err := hdkeychain.NewMaster(seed[:], utxo.Regtest.Params())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range append(utxo.AccountPath(utxo.Regtest, false, 0), due.Steps...) {
		if key, err = key.Derive(step); err != nil {
			t.Fatal(err)
		}
	}
	private, err := key.ECPrivKey()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(private.PubKey().SerializeCompressed(), due.Public) {
		t.Fatalf("the seed of %q is not the wallet's", letter)
	}
	return append(ecdsa.Sign(private, due.Digest[:]).Serialize(), byte(txscript.SigHashAll))
}

// sign adds the signatures of a key to a file.
func (s *signedPayout) sign(t *testing.T, file []byte, key int, letter string) []byte {
	t.Helper()
	packet, err := psbt.NewFromRawBytes(bytes.NewReader(file), false)
	if err != nil {
		t.Fatal(err)
	}
	for n, due := range s.due(t, key) {
		packet.Inputs[n].PartialSigs = append(packet.Inputs[n].PartialSigs, &psbt.PartialSig{PubKey: due.Public, Signature: s.signature(t, letter, due)})
	}
	var b bytes.Buffer
	if err := packet.Serialize(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// psbt runs `coffer psbt` with this configuration.
func (s *signedPayout) psbt(t *testing.T, input []byte, args ...string) (string, error) {
	t.Helper()
	cmd := newRoot()
	var out bytes.Buffer
	cmd.SetArgs(append(append([]string{"psbt"}, args...), "--config", s.config))
	cmd.SetIn(bytes.NewReader(input))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestAPayoutGoesOutAsAFileAndComesBackSigned(t *testing.T) {
	s := newSignedPayout(t)
	file := filepath.Join(t.TempDir(), "payout.psbt")
	if text, err := s.psbt(t, nil, "export", s.id, "--out", file); err == nil || !strings.Contains(err.Error(), "no signer has signed") {
		t.Errorf("before a signer signed: %v\n%s", err, text)
	}
	s.signOnline(t)
	text, err := s.psbt(t, nil, "export", s.id, "--out", file, "--actor", "olga")
	if err != nil || !strings.Contains(text, "signer signer-1 does not say whether people paused it") {
		t.Fatalf("%v\n%s", err, text)
	}
	if text, err := s.psbt(t, nil, "export", s.id, "--out", file); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("over a file that is there: %v\n%s", err, text)
	}
	exported, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := s.psbt(t, nil, "export", s.id, "--actor", "olga"); err != nil || !strings.Contains(text, "cHNidP8") {
		t.Errorf("on standard output: %v\n%s", err, text)
	}

	text, err = s.psbt(t, nil, "show", file)
	for _, want := range []string{"payout      po_1 is signing; attempt 0, the newest\n", "  order     wd_a\n", "  order     wd_b\n", "signatures  1 of 2", "check       ok"} {
		if err != nil || !strings.Contains(text, want) {
			t.Errorf("show: no %q, %v\n%s", want, err, text)
		}
	}
	unreachable := filepath.Join(t.TempDir(), "coffer.yaml")
	other := filepath.Join(t.TempDir(), "dsn")
	edited := strings.Replace(string(readFile(t, s.config)), "dsn_file: ", "dsn_file: "+other+" #", 1)
	if err := errors.Join(os.WriteFile(unreachable, []byte(edited), 0o600), os.WriteFile(other, []byte("host=127.0.0.1 port=1 user=nobody"), 0o600)); err != nil {
		t.Fatal(err)
	}
	text, err = showPSBTs(t, nil, file, "--config", unreachable)
	if err != nil || !strings.Contains(text, "payout      not known: the database is not reachable") || strings.Contains(text, "order ") {
		t.Errorf("show without a database: %v\n%s", err, text)
	}

	signed := s.sign(t, exported, 2, "c")
	text, err = s.psbt(t, signed, "import", "-", "--actor", "olga")
	if err != nil || !strings.Contains(text, "new    signatures of "+s.wallet.Keys()[2].String()) || !strings.Contains(text, "payout po_1, attempt 0, is signing with 2 of 2 signatures") {
		t.Fatalf("%v\n%s", err, text)
	}
	var due bool
	if err := s.db.Pool().QueryRow(t.Context(), "select next_at <= now() from payout").Scan(&due); err != nil || !due {
		t.Errorf("the payout is due: %t, %v", due, err)
	}
	text, err = s.psbt(t, signed, "import", "-", "--actor", "olga", "--network", "regtest")
	if err != nil || strings.Contains(text, "new ") || !strings.Contains(text, "known  signatures of "+s.wallet.Keys()[2].String()) {
		t.Errorf("again: %v\n%s", err, text)
	}
	history, err := payout.NewDesk(s.db, time.Now).History(context.Background(), s.id)
	if err != nil || len(history) != 3 || history[2].Actor != "olga" || !strings.Contains(history[2].Action, "import") {
		t.Errorf("history %+v, %v", history, err)
	}
}

func TestFilesThatChangeNothing(t *testing.T) {
	s := newSignedPayout(t)
	s.signOnline(t)
	file := filepath.Join(t.TempDir(), "payout.psbt")
	if text, err := s.psbt(t, nil, "export", s.id, "--out", file); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	exported, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	signed := s.sign(t, exported, 2, "c")
	edit := func(change func(p *psbt.Packet)) []byte {
		packet, err := psbt.NewFromRawBytes(bytes.NewReader(signed), false)
		if err != nil {
			t.Fatal(err)
		}
		change(packet)
		var b bytes.Buffer
		if err := packet.Serialize(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for name, c := range map[string]struct {
		input []byte
		args  []string
		says  string
	}{
		"nothing":                 {nil, []string{"import", "-"}, "not a PSBT"},
		"cut":                     {signed[:len(signed)-9], []string{"import", "-"}, "not a PSBT"},
		"too large":               {append([]byte("psbt\xff"), make([]byte, utxo.MaxPSBT)...), []string{"import", "-"}, "more than"},
		"another wallet's":        {goldenPSBTs(t)["P2SH-P2WSH"].raw, []string{"import", "-"}, "inputs[0].coin: no payout of"},
		"a changed amount":        {edit(func(p *psbt.Packet) { p.UnsignedTx.TxOut[0].Value-- }), []string{"import", "-"}, "outputs[0].amount"},
		"a stripped coin":         {edit(func(p *psbt.Packet) { p.Inputs[0].NonWitnessUtxo = nil }), []string{"import", "-"}, "inputs[0].non_witness_utxo"},
		"a wrong sighash":         {edit(func(p *psbt.Packet) { p.Inputs[1].SighashType = txscript.SigHashSingle }), []string{"import", "-"}, "inputs[1].sighash_type"},
		"another's signature":     {edit(func(p *psbt.Packet) { p.Inputs[0].PartialSigs[0].Signature = p.Inputs[1].PartialSigs[0].Signature }), []string{"import", "-"}, "inputs[0].partial_sigs"},
		"one input signed of two": {edit(func(p *psbt.Packet) { p.Inputs[1].PartialSigs = nil }), []string{"import", "-"}, "has not signed each of them"},
		"a signer's key":          {s.sign(t, exported, 1, "b"), []string{"import", "-"}, "not one of the keys that sign by file"},
		"an absent file":          {nil, []string{"import", filepath.Join(t.TempDir(), "none")}, "none"},
		"a network of nobody":     {signed, []string{"import", "-", "--network", "mainnet"}, "not a chain of the Bitcoin family that is configured"},
		"an unknown network":      {signed, []string{"import", "-", "--network", "main"}, "--network"},
		"no payout":               {nil, []string{"export", "po_2"}, "no such payout"},
		"two payouts":             {nil, []string{"export", "po_1", "po_2"}, "PAYOUT"},
	} {
		if text, err := s.psbt(t, c.input, c.args...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q\n%s", name, err, c.says, text)
		}
	}
	var signatures int
	if err := s.db.Pool().QueryRow(t.Context(), "select count(distinct signer) from payout_signatures").Scan(&signatures); err != nil || signatures != 1 {
		t.Errorf("%d have signed, %v", signatures, err)
	}
	s.exec(t, "insert into payout_halt (hash, reason, since) values (decode(repeat('ab', 32), 'hex'), 'restored', now())")
	for _, args := range [][]string{{"export", s.id}, {"import", "-"}} {
		if text, err := s.psbt(t, signed, args...); err == nil || !strings.Contains(err.Error(), "payouts are halted") {
			t.Errorf("%s while payouts are halted: %v\n%s", args[0], err, text)
		}
	}
}

func TestShowSaysWhichPayoutAFileIsOf(t *testing.T) {
	s := newSignedPayout(t)
	edit := func(change func(p *psbt.Packet)) []byte {
		packet, err := psbt.NewFromRawBytes(bytes.NewReader(s.raw), false)
		if err != nil {
			t.Fatal(err)
		}
		change(packet)
		var b bytes.Buffer
		if err := packet.Serialize(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	payload, err := utxo.EncodeOmni(utxo.OmniSimpleSend{Property: 31, Amount: 5})
	if err != nil {
		t.Fatal(err)
	}
	script, err := utxo.OmniScript(payload)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file    []byte
		refused bool
		says    []string
	}{
		"ours":             {s.raw, false, []string{"payout      po_1 is signing; attempt 0, the newest\n", "check       ok"}},
		"another wallet's": {goldenPSBTs(t)["P2SH-P2WSH"].raw, true, []string{"payout      NONE: NOT_FOUND", "NOT A COIN OF THIS WALLET"}},
		"a changed amount": {edit(func(p *psbt.Packet) { p.UnsignedTx.TxOut[0].Value-- }), false, []string{"this is NONE OF ITS ATTEMPTS", "check       ok"}},
		"other software's": {edit(func(p *psbt.Packet) { p.XPubs[0], p.XPubs[1] = p.XPubs[1], p.XPubs[0] }), false,
			[]string{"differs     the order of its fields: not as Coffer writes it", "check       ok"}},
		"tokens": {edit(func(p *psbt.Packet) { p.UnsignedTx.TxOut[0].PkScript = script }), true,
			[]string{"omni        simple send of 5 base units of property 31", "  from      bcrt1"}},
		"no tokens": {edit(func(p *psbt.Packet) { p.UnsignedTx.TxOut[0].PkScript = []byte("\x6a\x05omni\x00") }), true, []string{"omni        NOT A MESSAGE"}},
	} {
		text, err := s.psbt(t, c.file, "show", "-")
		if (err != nil) != c.refused {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		for _, want := range c.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
	}
	if text, err := s.psbt(t, s.raw, "show", "-", "--network", "mainnet"); err == nil {
		t.Errorf("of another network: %s", text)
	}
}

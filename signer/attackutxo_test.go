package signer

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/psbt/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/ethereum/go-ethereum/crypto"

	"github.com/cofferhq/coffer"
	"github.com/cofferhq/coffer/utxo"
)

// thief owns the coordinator, and a wallet.
type thief struct {
	*psbtQuorum
	address coffer.Address
	script  []byte
	change  int // the output of the honest transaction that is change
}

func newThief(t *testing.T, q *psbtQuorum) *thief {
	t.Helper()
	script := append([]byte{txscript.OP_0, 20}, bytes.Repeat([]byte{7}, 20)...) // P2WPKH (BIP-141)
	address, ok := utxo.AddressOf(utxo.Regtest, script)
	if !ok {
		t.Fatal("no address")
	}
	return &thief{psbtQuorum: q, address: address, script: script}
}

// honest pays two orders with two coins.
func (x *thief) honest() coffer.SigningRequest {
	x.t.Helper()
	r := x.request("po_1", 0, x.order("wd_1", 60_000_000), x.order("wd_2", 70_000_000))
	packet := x.packet(r.Unsigned)
	x.change = -1
	for n, out := range packet.Outputs {
		if len(out.Bip32Derivation) > 0 {
			x.change = n
		}
	}
	if x.change < 0 {
		x.t.Fatal("the honest transaction has no change")
	}
	return r
}

func (x *thief) packet(u coffer.Unsigned) *psbt.Packet {
	x.t.Helper()
	packet, err := psbt.NewFromRawBytes(bytes.NewReader(u.Bytes), false)
	if err != nil {
		x.t.Fatal(err)
	}
	return packet
}

// bend changes the transaction of a request.
func (x *thief) bend(r *coffer.SigningRequest, change func(p *psbt.Packet)) {
	x.t.Helper()
	packet := x.packet(r.Unsigned)
	change(packet)
	var b bytes.Buffer
	if err := packet.Serialize(&b); err != nil {
		x.t.Fatal(err)
	}
	if bytes.Equal(b.Bytes(), r.Unsigned.Bytes) {
		x.t.Fatal("the change changes nothing")
	}
	r.Unsigned.Bytes = b.Bytes()
}

// bent is an attack on the bytes alone.
func (x *thief) bent(change func(p *psbt.Packet)) func(r *coffer.SigningRequest) {
	return func(r *coffer.SigningRequest) { x.bend(r, change) }
}

// payment is an output of the honest transaction that pays an order.
func (x *thief) payment(p *psbt.Packet) *wire.TxOut {
	return p.UnsignedTx.TxOut[(x.change+1)%len(p.UnsignedTx.TxOut)]
}

// changeTo lets the change go to another address of the wallet, derived as it should be.
func (x *thief) changeTo(p *psbt.Packet, path string) {
	x.t.Helper()
	script, err := x.wallet.At(path)
	if err != nil {
		x.t.Fatal(err)
	}
	out := psbt.POutput{WitnessScript: script.Witness}
	for _, key := range script.Keys {
		out.Bip32Derivation = append(out.Bip32Derivation, &psbt.Bip32Derivation{
			PubKey: key.Public, MasterKeyFingerprint: binary.LittleEndian.Uint32(key.Master[:]), Bip32Path: key.Path,
		})
	}
	p.UnsignedTx.TxOut[x.change].PkScript, p.Outputs[x.change] = script.Output, out
}

// foreignInput adds a coin that is the thief's.
func (x *thief) foreignInput(p *psbt.Packet) {
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: 9}})
	tx.AddTxOut(wire.NewTxOut(1_000_000, x.script))
	in := *p.UnsignedTx.TxIn[0]
	in.PreviousOutPoint = wire.OutPoint{Hash: tx.TxHash()}
	p.UnsignedTx.TxIn = append(p.UnsignedTx.TxIn, &in)
	more := p.Inputs[0]
	more.NonWitnessUtxo, more.WitnessUtxo = tx, tx.TxOut[0]
	p.Inputs = append(p.Inputs, more)
}

// manyInputs spends more coins than a transaction of ours may.
func manyInputs(p *psbt.Packet) {
	for n := range uint32(utxo.MaxInputs) {
		in := *p.UnsignedTx.TxIn[0]
		in.PreviousOutPoint.Index = 10 + n
		p.UnsignedTx.TxIn, p.Inputs = append(p.UnsignedTx.TxIn, &in), append(p.Inputs, p.Inputs[0])
	}
}

// order to the thief, as the coordinator can write one.
func (x *thief) forged(sat uint64) coffer.Order {
	o := x.order("wd_9", sat)
	o.Destination = x.address
	return o
}

// rewrite makes a request pay other orders, honestly in all but that.
func (x *thief) rewrite(r *coffer.SigningRequest, orders ...coffer.Order) {
	*r = x.request("po_1", 0, orders...)
}

// attack is a request that none of the signers may sign, and the rule that refuses it.
type attack struct {
	edit func(r *coffer.SigningRequest)
	code coffer.Code
	rule string
}

// onInputs are attacks on what is spent.
func (x *thief) onInputs() map[string]attack {
	return map[string]attack{
		"a foreign input":                      {x.bent(x.foreignInput), coffer.CodeInvalid, "input 2: refused: a coin that is not the wallet's at path"},
		"a coin of ours that is not set aside": {func(r *coffer.SigningRequest) { r.Intent.Coins = r.Intent.Coins[:1] }, coffer.CodeInvalid, "unsigned.coins"},
		"coins in another order": {x.bent(func(p *psbt.Packet) {
			p.UnsignedTx.TxIn[0], p.UnsignedTx.TxIn[1] = p.UnsignedTx.TxIn[1], p.UnsignedTx.TxIn[0]
			p.Inputs[0], p.Inputs[1] = p.Inputs[1], p.Inputs[0]
		}), coffer.CodeInvalid, "unsigned.slot"},
		"a coin twice": {x.bent(func(p *psbt.Packet) {
			p.UnsignedTx.TxIn[1], p.Inputs[1] = p.UnsignedTx.TxIn[0], p.Inputs[0]
		}), coffer.CodeInvalid, "twice"},
		"a coin twice in the intent": {func(r *coffer.SigningRequest) {
			r.Intent.Coins = append(append([]coffer.Coin(nil), r.Intent.Coins...), r.Intent.Coins[0])
		}, coffer.CodeInvalid, "intent.coins"},
		"too many inputs": {x.bent(manyInputs), coffer.CodeInvalid, "102 inputs; want 1 to 100"},
		"too many coins in the intent": {func(r *coffer.SigningRequest) {
			r.Intent.Coins = make([]coffer.Coin, maxDigests+1)
		}, coffer.CodeLimit, "at most 256 coins"},
		"a slot that is another coin": {func(r *coffer.SigningRequest) { r.Intent.Slot.Lane = string(r.Intent.Coins[1].ID) }, coffer.CodeInvalid, "unsigned.slot"},
		"a slot in capitals":          {func(r *coffer.SigningRequest) { r.Intent.Slot.Lane = strings.ToUpper(r.Intent.Slot.Lane) }, coffer.CodeInvalid, "unsigned.slot"},
		"a slot with zeros before its output": {func(r *coffer.SigningRequest) {
			r.Intent.Slot.Lane = strings.Replace(r.Intent.Slot.Lane, ":", ":0", 1)
		}, coffer.CodeInvalid, "unsigned.slot"},
		"the slot's second use": {func(r *coffer.SigningRequest) { r.Intent.Slot.Sequence = 1 }, coffer.CodeInvalid, "unsigned.slot"},
		"a coin said to be worth less": {func(r *coffer.SigningRequest) {
			r.Intent.Coins = append([]coffer.Coin(nil), r.Intent.Coins...)
			r.Intent.Coins[1].Amount = coffer.NewAmount(1)
		}, coffer.CodeInvalid, "unsigned.coins"},
		"SIGHASH_NONE":                  {x.bent(func(p *psbt.Packet) { p.Inputs[0].SighashType = txscript.SigHashNone }), coffer.CodeInvalid, "not SIGHASH_ALL"},
		"SIGHASH_SINGLE":                {x.bent(func(p *psbt.Packet) { p.Inputs[1].SighashType = txscript.SigHashSingle }), coffer.CodeInvalid, "not SIGHASH_ALL"},
		"SIGHASH_ALL|ANYONECANPAY":      {x.bent(func(p *psbt.Packet) { p.Inputs[0].SighashType |= txscript.SigHashAnyOneCanPay }), coffer.CodeInvalid, "not SIGHASH_ALL"},
		"no sighash type":               {x.bent(func(p *psbt.Packet) { p.Inputs[0].SighashType = 0 }), coffer.CodeInvalid, "not SIGHASH_ALL"},
		"a missing non_witness_utxo":    {x.bent(func(p *psbt.Packet) { p.Inputs[1].NonWitnessUtxo = nil }), coffer.CodeInvalid, "without the transaction"},
		"a missing witness_utxo":        {x.bent(func(p *psbt.Packet) { p.Inputs[1].WitnessUtxo = nil }), coffer.CodeInvalid, "without the transaction"},
		"a lying amount":                {x.bent(func(p *psbt.Packet) { p.Inputs[0].WitnessUtxo.Value -= 1_000_000 }), coffer.CodeInvalid, "is another one in the transaction"},
		"a lying amount in both places": {x.bent(func(p *psbt.Packet) { p.Inputs[0].WitnessUtxo.Value--; p.Inputs[0].NonWitnessUtxo.TxOut[0].Value-- }), coffer.CodeInvalid, "in the place of"},
		"another parent":                {x.bent(func(p *psbt.Packet) { p.Inputs[0].NonWitnessUtxo = p.Inputs[1].NonWitnessUtxo }), coffer.CodeInvalid, "in the place of"},
		"another witness script": {x.bent(func(p *psbt.Packet) {
			p.Inputs[0].WitnessScript = append([]byte{txscript.OP_1}, p.Inputs[0].WitnessScript[1:]...)
		}), coffer.CodeInvalid, "another witness script"},
		"another path of the key": {x.bent(func(p *psbt.Packet) { p.Inputs[0].Bip32Derivation = p.Inputs[1].Bip32Derivation }), coffer.CodeInvalid, "not the wallet's at path"},
		"a signature of somebody": {x.bent(func(p *psbt.Packet) {
			p.Inputs[0].PartialSigs = []*psbt.PartialSig{{PubKey: p.Inputs[0].Bip32Derivation[0].PubKey, Signature: someSignature(x.t)}}
		}), coffer.CodeInvalid, "has signatures already"},
		"an input that is final":      {x.bent(func(p *psbt.Packet) { p.Inputs[0].FinalScriptWitness = []byte{0} }), coffer.CodeInvalid, "final already"},
		"a taproot key":               {x.bent(func(p *psbt.Packet) { p.Inputs[0].TaprootInternalKey = bytes.Repeat([]byte{2}, 32) }), coffer.CodeInvalid, "not written as ours"},
		"one that is not replaceable": {x.bent(func(p *psbt.Packet) { p.UnsignedTx.TxIn[0].Sequence = wire.MaxTxInSequenceNum }), coffer.CodeInvalid, "sequence 0xffffffff"},
		"a relative lock":             {x.bent(func(p *psbt.Packet) { p.UnsignedTx.TxIn[1].Sequence = 144 }), coffer.CodeInvalid, "sequence 0x90"},
	}
}

// onOutputs are attacks on where the money goes.
func (x *thief) onOutputs() map[string]attack {
	return map[string]attack{
		"a payment to the thief": {x.bent(func(p *psbt.Packet) { x.payment(p).PkScript = x.script }), coffer.CodeInvalid, "unsigned.payments"},
		"another amount":         {x.bent(func(p *psbt.Packet) { x.payment(p).Value += 1_000_000; p.UnsignedTx.TxOut[x.change].Value -= 1_000_000 }), coffer.CodeInvalid, "unsigned.payments"},
		"one more output": {x.bent(func(p *psbt.Packet) {
			p.UnsignedTx.TxOut[x.change].Value -= 1_000_000
			p.UnsignedTx.AddTxOut(wire.NewTxOut(1_000_000, x.script))
			p.Outputs = append(p.Outputs, psbt.POutput{})
		}), coffer.CodeInvalid, "unsigned.payments"},
		"one payment less": {x.bent(func(p *psbt.Packet) {
			n := (x.change + 1) % 3
			p.UnsignedTx.TxOut[x.change].Value += p.UnsignedTx.TxOut[n].Value
			p.UnsignedTx.TxOut = append(p.UnsignedTx.TxOut[:n], p.UnsignedTx.TxOut[n+1:]...)
			p.Outputs = append(p.Outputs[:n], p.Outputs[n+1:]...)
		}), coffer.CodeInvalid, "unsigned.payments"},
		"the intent changed with it": {func(r *coffer.SigningRequest) {
			r.Intent.Payments[0].To = x.address
			x.build(r, 2, 10_000)
		}, coffer.CodeInvalid, "is not what order wd_1 asks for"},
		"the order changed with it": {func(r *coffer.SigningRequest) {
			r.Orders[0].Destination = x.address
			r.Intent.Payments[0].To = x.address
			x.build(r, 2, 10_000)
		}, coffer.CodeInvalid, "is not the one the intent names"},
		"an order of the thief's that nobody approved": {func(r *coffer.SigningRequest) { x.rewrite(r, x.forged(90_000_000)) }, coffer.CodePolicy, "two of btc"},
		"an approved order sent elsewhere": {func(r *coffer.SigningRequest) {
			good, bad := x.order("wd_9", 90_000_000), x.forged(90_000_000)
			x.rewrite(r, bad)
			r.Approvals = []coffer.Approval{x.signers[0].approve(good, 1, r.Intent.Expires), x.signers[0].approve(good, 2, r.Intent.Expires)}
		}, coffer.CodePolicy, "two of btc"},
		"an order twice in one payout": {func(r *coffer.SigningRequest) {
			o := x.order("wd_1", 60_000_000)
			x.rewrite(r, o, o)
		}, coffer.CodeInvalid, "order wd_1 is paid twice"},
		"a payment without an order": {func(r *coffer.SigningRequest) {
			r.Orders, r.Intent.Orders = r.Orders[:1], r.Intent.Orders[:1]
		}, coffer.CodeInvalid, "one order for each payment"},
		"a destination in capitals": {func(r *coffer.SigningRequest) {
			r.Orders[0].Destination = coffer.Address(strings.ToUpper(string(r.Orders[0].Destination)))
			r.Intent.Orders[0], r.Intent.Payments[0] = r.Orders[0].Hash(), r.Orders[0].Payment()
		}, coffer.CodeInvalid, "unsigned.payments"},
		"a memo that nobody can pay": {func(r *coffer.SigningRequest) {
			r.Orders[0].Memo = "7"
			r.Intent.Orders[0], r.Intent.Payments[0] = r.Orders[0].Hash(), r.Orders[0].Payment()
		}, coffer.CodeInvalid, "unsigned.payments"},
		"an OP_RETURN": {x.bent(func(p *psbt.Packet) { x.payment(p).PkScript = []byte{txscript.OP_RETURN, 1, 7} }), coffer.CodeInvalid, "script without an address"},
		"an OP_RETURN beside": {x.bent(func(p *psbt.Packet) {
			p.UnsignedTx.AddTxOut(wire.NewTxOut(0, []byte{txscript.OP_RETURN, 1, 7}))
			p.Outputs = append(p.Outputs, psbt.POutput{})
		}), coffer.CodeInvalid, "0 satoshis are dust"},
		"a bare key": {x.bent(func(p *psbt.Packet) {
			x.payment(p).PkScript = append(append([]byte{33}, p.Inputs[0].Bip32Derivation[0].PubKey...), txscript.OP_CHECKSIG)
		}), coffer.CodeInvalid, "script without an address"},
		"dust":                     {x.bent(func(p *psbt.Packet) { x.payment(p).Value = 100 }), coffer.CodeInvalid, "are dust"},
		"dust as change":           {x.bent(func(p *psbt.Packet) { p.UnsignedTx.TxOut[x.change].Value = 100 }), coffer.CodeInvalid, "are dust"},
		"a negative amount":        {x.bent(func(p *psbt.Packet) { x.payment(p).Value = -1 }), coffer.CodeInvalid, "-1 satoshis"},
		"more money than there is": {x.bent(func(p *psbt.Packet) { x.payment(p).Value = utxo.MaxMoney + 1 }), coffer.CodeInvalid, "satoshis; there are"},
		"more than its coins":      {x.bent(func(p *psbt.Packet) { x.payment(p).Value += 100_000_000 }), coffer.CodeInvalid, "from coins of"},
		"a foreign change":         {x.bent(func(p *psbt.Packet) { p.UnsignedTx.TxOut[x.change].PkScript = x.script }), coffer.CodeInvalid, "change that is not the wallet's at path"},
		"change that hides":        {x.bent(func(p *psbt.Packet) { p.Outputs[x.change] = psbt.POutput{} }), coffer.CodeInvalid, "unsigned.payments"},
		"the thief's output as change": {x.bent(func(p *psbt.Packet) {
			p.UnsignedTx.TxOut[x.change].Value -= 1_000_000
			p.UnsignedTx.AddTxOut(wire.NewTxOut(1_000_000, x.script))
			p.Outputs = append(p.Outputs, p.Outputs[x.change])
		}), coffer.CodeInvalid, "change again"},
		"change at a path that is not derived so": {x.bent(func(p *psbt.Packet) {
			for _, d := range p.Outputs[x.change].Bip32Derivation {
				d.Bip32Path[len(d.Bip32Path)-1]++
			}
		}), coffer.CodeInvalid, "change that is not the wallet's at path \"1/8\""},
		"change at a path of one key only": {x.bent(func(p *psbt.Packet) {
			p.Outputs[x.change].Bip32Derivation = slices.DeleteFunc(p.Outputs[x.change].Bip32Derivation, func(d *psbt.Bip32Derivation) bool {
				return d.MasterKeyFingerprint != p.XPubs[0].MasterKeyFingerprint
			})
		}), coffer.CodeInvalid, "not written as ours"},
		"change at an address for deposits":    {x.bent(func(p *psbt.Packet) { x.changeTo(p, utxo.PathOf(utxo.BranchReceive, 5)) }), coffer.CodeInvalid, "change at path \"0/5\""},
		"change at the wallet's first address": {x.bent(func(p *psbt.Packet) { x.changeTo(p, x.wallet.Home()) }), coffer.CodeInvalid, "unsigned.change"},
		"change at another path of ours": {func(r *coffer.SigningRequest) {
			r.Intent.Change = x.path(utxo.BranchChange, 8)
			x.build(r, 2, 10_000)
			r.Intent.Change = x.path(utxo.BranchChange, 7)
		}, coffer.CodeInvalid, "unsigned.change"},
	}
}

// onTheRest are attacks on fees, time, purpose and form.
func (x *thief) onTheRest(foreign utxo.Descriptor) map[string]attack {
	thousand := func(n uint64) coffer.Amount { return coffer.NewAmount(n * 1000) }
	return map[string]attack{
		"a fee above the intent's bound": {func(r *coffer.SigningRequest) { x.build(r, 2, 50_001) }, coffer.CodeInvalid, "unsigned.fee"},
		"the change as a fee": {x.bent(func(p *psbt.Packet) {
			p.UnsignedTx.TxOut = append(p.UnsignedTx.TxOut[:x.change], p.UnsignedTx.TxOut[x.change+1:]...)
			p.Outputs = append(p.Outputs[:x.change], p.Outputs[x.change+1:]...)
		}), coffer.CodeInvalid, "the most is 100000"},
		"a fee above the signer's": {func(r *coffer.SigningRequest) {
			r.Intent.FeeBound = thousand(200)
			x.build(r, 2, 100_001)
		}, coffer.CodeInvalid, "the most is 100000"},
		"a fee rate above the signer's": {func(r *coffer.SigningRequest) {
			x.rewrite(r, x.order("wd_1", 60_000_000))
			r.Intent.FeeBound = thousand(100)
			x.build(r, 1, 99_000)
		}, coffer.CodeInvalid, "the most is 500 sat/vB"},
		"a fee bound above the policy's": {func(r *coffer.SigningRequest) { r.Intent.FeeBound = coffer.NewAmount(60_001) }, coffer.CodePolicy, "sat"},
		"a wallet of the thief's": {func(r *coffer.SigningRequest) {
			r.Intent.Wallet, r.Unsigned.Wallet = foreign.Address(), foreign.Address()
		}, coffer.CodeInvalid, "is not a wallet of ours"},
		"the thief's wallet in the intent": {func(r *coffer.SigningRequest) { r.Intent.Wallet = foreign.Address() }, coffer.CodeInvalid, "intent.wallet"},
		"a payout of the thief's wallet":   {func(r *coffer.SigningRequest) { x.foreignPayout(r, foreign) }, coffer.CodeInvalid, "not the wallet's"},
		"a chain that is not served":       {func(r *coffer.SigningRequest) { r.Intent.Chain = utxo.Mainnet.Chain() }, coffer.CodeInvalid, "intent.chain"},
		"a chain on the outside":           {func(r *coffer.SigningRequest) { r.Unsigned.Chain = utxo.Mainnet.Chain() }, coffer.CodeInvalid, "chain"},
		"a path of another family":         {func(r *coffer.SigningRequest) { r.Intent.Path = coffer.PathExec }, coffer.CodeInvalid, "unsigned.path"},
		"a cancellation that pays": {func(r *coffer.SigningRequest) {
			r.Intent.Purpose, r.Intent.Orders, r.Intent.Payments, r.Orders = coffer.PurposeCancel, nil, nil, nil
		}, coffer.CodeInvalid, "unsigned.payments"},
		"a cancellation that pays the thief": {func(r *coffer.SigningRequest) {
			r.Intent.Purpose, r.Intent.Orders, r.Intent.Payments, r.Orders = coffer.PurposeCancel, nil, nil, nil
			x.build(r, 2, 10_000)
			x.bend(r, func(p *psbt.Packet) { p.UnsignedTx.TxOut[0].PkScript = x.script; p.Outputs[0] = psbt.POutput{} })
		}, coffer.CodeInvalid, "unsigned.payments"},
		"a consolidation that pays the thief": {func(r *coffer.SigningRequest) {
			r.Intent.Purpose, r.Intent.Orders, r.Intent.Payments, r.Orders = coffer.PurposeConsolidate, nil, nil, nil
			x.build(r, 2, 10_000)
			x.bend(r, func(p *psbt.Packet) { p.UnsignedTx.TxOut[0].PkScript = x.script })
		}, coffer.CodeInvalid, "change that is not the wallet's"},
		"a sweep": {func(r *coffer.SigningRequest) {
			r.Intent.Purpose, r.Intent.Sweeps = coffer.PurposeSweep, []coffer.Sweep{{Forwarder: x.address, Asset: bitcoinNative}}
		}, coffer.CodeInvalid, "unsigned.sweeps"},
		"an intent that is over":     {func(r *coffer.SigningRequest) { r.Intent.Expires = x.signers[0].clock.Now() }, coffer.CodePolicy, "the intent expired"},
		"an intent that is too long": {func(r *coffer.SigningRequest) { r.Intent.Expires = x.signers[0].clock.Now().Add(61 * time.Minute) }, coffer.CodePolicy, "more than 1h0m0s from now"},
		"a lock time":                {x.bent(func(p *psbt.Packet) { p.UnsignedTx.LockTime = 500_000 }), coffer.CodeInvalid, "lock time"},
		"another version":            {x.bent(func(p *psbt.Packet) { p.UnsignedTx.Version = 1 }), coffer.CodeInvalid, "version 1"},
		"a field that nobody knows": {x.bent(func(p *psbt.Packet) {
			p.Unknowns = append(p.Unknowns, &psbt.Unknown{Key: []byte{0xfc, 1}, Value: []byte{1}})
		}), coffer.CodeInvalid, "global field"},
		"an extended key less":  {x.bent(func(p *psbt.Packet) { p.XPubs = p.XPubs[:2] }), coffer.CodeInvalid, "not written as ours"},
		"an oversized PSBT":     {func(r *coffer.SigningRequest) { r.Unsigned.Bytes = make([]byte, utxo.MaxPSBT+1) }, coffer.CodeLimit, "has at most"},
		"a truncated PSBT":      {func(r *coffer.SigningRequest) { r.Unsigned.Bytes = r.Unsigned.Bytes[:len(r.Unsigned.Bytes)-1] }, coffer.CodeInvalid, "not a PSBT"},
		"bytes behind the PSBT": {func(r *coffer.SigningRequest) { r.Unsigned.Bytes = append(bytes.Clone(r.Unsigned.Bytes), 0) }, coffer.CodeInvalid, "1 bytes behind its end"},
		"base64": {func(r *coffer.SigningRequest) {
			r.Unsigned.Bytes = []byte(base64.StdEncoding.EncodeToString(r.Unsigned.Bytes))
		}, coffer.CodeInvalid, "not a PSBT"},
		"another format": {func(r *coffer.SigningRequest) { r.Unsigned.Format = "psbt/v2" }, coffer.CodeInvalid, "format"},
		"nothing":        {func(r *coffer.SigningRequest) { r.Unsigned.Bytes = nil }, coffer.CodeInvalid, "not a PSBT"},
	}
}

// foreignPayout is of the thief's own wallet, and says that it is of ours.
func (x *thief) foreignPayout(r *coffer.SigningRequest, foreign utxo.Descriptor) {
	x.t.Helper()
	script, err := foreign.At("")
	if err != nil {
		x.t.Fatal(err)
	}
	tx := wire.NewMsgTx(2)
	tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Index: 3}})
	tx.AddTxOut(wire.NewTxOut(200_000_000, script.Output))
	id := utxo.HashOf(tx.TxHash())
	i := r.Intent
	i.Wallet, i.Change = foreign.Address(), ""
	i.Coins = []coffer.Coin{{ID: coffer.NewCoinID(id, 0), Address: script.Address, Amount: coffer.NewAmount(200_000_000)}}
	i.Slot.Lane = string(i.Coins[0].ID)
	r.Unsigned, err = utxo.BuildPSBT(i, foreign, 1, 10_000, map[coffer.Hash]*wire.MsgTx{id: tx}, 0)
	if err != nil {
		x.t.Fatal(err)
	}
	r.Unsigned.Wallet = r.Intent.Wallet
	x.bend(r, func(p *psbt.Packet) {
		p.Inputs[0].Bip32Derivation = x.packet(x.honest().Unsigned).Inputs[0].Bip32Derivation
	})
}

// someSignature is a signature over something else.
func someSignature(t testing.TB) []byte {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	digest := coffer.Hash{1}
	raw, err := crypto.Sign(digest[:], key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := utxo.EncodeSignature(crypto.CompressPubkey(&key.PublicKey), digest, raw[:64])
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// thievesWallet is a descriptor whose keys are the thief's.
func thievesWallet(t *testing.T) utxo.Descriptor {
	t.Helper()
	var keys []string
	for range 3 {
		key, err := crypto.GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, hex.EncodeToString(crypto.CompressPubkey(&key.PublicKey)))
	}
	text, err := utxo.AddChecksum("wsh(sortedmulti(2," + strings.Join(keys, ",") + "))")
	if err != nil {
		t.Fatal(err)
	}
	wallet, err := utxo.ParseDescriptor(utxo.Regtest, text)
	if err != nil {
		t.Fatal(err)
	}
	return wallet
}

// Whoever owns the coordinator asks all three signers for a transaction that differs from an
// honest one in one thing. None signs, each says by which rule, and nothing is written down.
func TestAnHonestBitcoinPayoutCannotBeBent(t *testing.T) {
	q := newQuorumOf(t, seeds(0, 1, 2))
	x := newThief(t, q)
	for _, attacks := range []map[string]attack{x.onInputs(), x.onOutputs(), x.onTheRest(thievesWallet(t))} {
		for name, a := range attacks {
			t.Run(name, func(t *testing.T) {
				r := x.honest()
				a.edit(&r)
				for _, f := range q.signers {
					f.t = t
					f.refuses(r, a.code, a.rule)
				}
			})
		}
	}
	for _, f := range q.signers {
		f.t = t
		if got := f.info().Sequence; got != 1 {
			t.Errorf("the attacks left %d records", got)
		}
	}

	r := x.honest()
	sigs := append(q.sign(0, r), q.sign(1, r)...)
	if _, err := utxo.Finalize(q.wallet, r.Unsigned, sigs); err != nil {
		t.Errorf("the honest payout, after the attacks: %v", err)
	}
}

// The orders of the two slots are the same, whichever signers are asked in whichever order,
// with restarts between: one slot at most gets two signatures.
func TestNoBitcoinOrderGetsTwoSignaturesInTwoSlots(t *testing.T) {
	q := newQuorumOf(t, seeds(1))
	q.fund(90_000_000)
	order := q.order("wd_1", 40_000_000)
	paid := 0
	for slot := range 3 {
		r := q.request(fmt.Sprintf("po_%d", slot), slot, order)
		signatures := 0
		for n := range q.signers {
			f := q.signers[(n+slot)%len(q.signers)]
			if asks(t, f, r) {
				signatures++
			}
			f.restart()
			if signatures == q.wallet.Threshold() {
				break // the others are asked for another slot
			}
		}
		if signatures >= q.wallet.Threshold() {
			paid++
		}
	}
	if paid != 1 {
		t.Errorf("the order can be paid in %d slots, want 1", paid)
	}
}

// Whichever two signers are asked, the wallet pays no more than the policy's 5 BTC a day, and
// no more for fees than its 0.01.
func TestRotatingSignersDoesNotRaiseTheBitcoinCap(t *testing.T) {
	for name, c := range map[string]struct {
		sat  uint64 // of an order
		most uint64
		of   func(r coffer.SigningRequest) coffer.Amount
	}{
		"payments": {40_000_000, 500_000_000, func(r coffer.SigningRequest) coffer.Amount { return r.Orders[0].Amount }},
		"fees":     {100_000, 1_000_000, func(r coffer.SigningRequest) coffer.Amount { return r.Intent.FeeBound }},
	} {
		t.Run(name, func(t *testing.T) {
			q := newQuorumOf(t, nil)
			var paid coffer.Amount
			for n := range 24 {
				q.fund(50_000_000)
				r := q.request(fmt.Sprintf("po_%d", n), len(q.coins)-1, q.order(fmt.Sprintf("wd_%d", n), c.sat))
				if !asks(t, q.signers[n%3], r) || !asks(t, q.signers[(n+1)%3], r) {
					continue
				}
				var err error
				if paid, err = paid.Add(c.of(r)); err != nil {
					t.Fatal(err)
				}
			}
			if paid.Cmp(coffer.NewAmount(c.most)) > 0 || paid.Cmp(coffer.NewAmount(c.most/2)) < 0 {
				t.Errorf("%s of %d satoshis", paid, c.most)
			}
		})
	}
}

package utxo

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/cofferhq/coffer"
)

// omniMarker begins the first push of an output of class C.
var omniMarker = []byte("omni")

// maxOmniScript is how many bytes an OP_RETURN output carries that every node relays
// (-datacarriersize 83, less OP_RETURN and the push).
const maxOmniScript = 80

// omniExodus are the addresses of the first sale, which are never a reference.
var omniExodus = map[Network]coffer.Address{
	Mainnet: "1EXoDusjGwvnjZUyKkxZ4UHEf77z6A5S4P",
	Regtest: "mpexoDuSkGGqvqrkrjiFng38QPkJQVFyqv",
}

// OmniTransaction is a transaction of the Omni Layer as its bytes say it. That it is one does
// not mean that it is valid: the sender may have nothing of what it sends.
type OmniTransaction struct {
	Sender    coffer.Address
	Reference coffer.Address // the sender where no output is one
	Message   OmniMessage
}

// OmniScript is the output script that carries a payload (class C).
func OmniScript(payload []byte) ([]byte, error) {
	if len(omniMarker)+len(payload) > maxOmniScript {
		return nil, fmt.Errorf("%w: %d bytes; at most %d fit into an output", ErrOmniPayload, len(payload), maxOmniScript-len(omniMarker))
	}
	data := append(bytes.Clone(omniMarker), payload...)
	script := []byte{txscript.OP_RETURN}
	if len(data) > txscript.OP_DATA_75 {
		script = append(script, txscript.OP_PUSHDATA1)
	}
	return append(append(script, byte(len(data))), data...), nil // #nosec G115 -- at most maxOmniScript
}

// OmniPayload returns what the marked outputs of a transaction carry together (class C), and
// whether there is one: the marker is cut off the first push of each, and what the other pushes
// hold is appended. Payloads in data of other classes are not read.
func OmniPayload(tx *wire.MsgTx) ([]byte, bool) {
	var payload []byte
	found := false
	for _, out := range tx.TxOut {
		pushes, ok := returned(out.PkScript)
		if !ok || len(pushes) == 0 || !bytes.HasPrefix(pushes[0], omniMarker) {
			continue
		}
		found = true
		pushes[0] = pushes[0][len(omniMarker):]
		for _, push := range pushes {
			payload = append(payload, push[:min(len(push), maxOmniPayload-len(payload))]...)
		}
	}
	return payload, found
}

// returned reads what an OP_RETURN output pushes. It must push only.
func returned(script []byte) (pushes [][]byte, ok bool) {
	if len(script) == 0 || script[0] != txscript.OP_RETURN {
		return nil, false
	}
	rest := txscript.MakeScriptTokenizer(0, script[1:])
	for rest.Next() {
		switch op := rest.Opcode(); {
		case op <= txscript.OP_PUSHDATA4:
			pushes = append(pushes, rest.Data())
		case op > txscript.OP_16:
			return nil, false
		}
	}
	return pushes, rest.Err() == nil
}

// ReadOmni reads a transaction of class C. spent is the script of the output that its first
// input spends, whose owner is the sender. ok is false where the Omni Layer sees none: no
// payload, or a sender whose script is neither P2PKH nor P2SH.
func ReadOmni(network Network, tx *wire.MsgTx, spent []byte) (read OmniTransaction, ok bool) {
	payload, ok := OmniPayload(tx)
	if !ok || isCoinbase(tx) {
		return OmniTransaction{}, false
	}
	message, err := ParseOmni(payload)
	if err != nil {
		return OmniTransaction{}, false
	}
	if read.Sender, ok = omniAddress(network, spent); !ok {
		return OmniTransaction{}, false
	}
	read.Message = message
	read.Reference = omniReference(network, tx, read.Sender)
	return read, true
}

// omniReference is the address that a message is about. Only P2PKH and P2SH outputs count:
// the Omni Layer does not know segregated witness. A single one is the reference; of several
// the first one that pays the sender is change, and the last of the others is it.
func omniReference(network Network, tx *wire.MsgTx, sender coffer.Address) coffer.Address {
	exodus := exodusOf(network)
	var candidates []coffer.Address
	for _, out := range tx.TxOut {
		if to, ok := omniAddress(network, out.PkScript); ok && to != exodus {
			candidates = append(candidates, to)
		}
	}
	if len(candidates) == 1 {
		return candidates[0]
	}
	reference, changed := sender, false
	for _, to := range candidates {
		if to == sender && !changed {
			changed = true
			continue
		}
		reference = to
	}
	return reference
}

func exodusOf(network Network) coffer.Address {
	if exodus, ok := omniExodus[network]; ok {
		return exodus
	}
	return omniExodus[Regtest]
}

// MayMoveTokens reports whether a transaction may be a message of the Omni Layer of any class,
// valid or not. Data stands in an OP_RETURN output (class C), or in keys or addresses beside
// an output to the address of the first sale (B and A). What has neither moves no token.
func MayMoveTokens(network Network, tx *wire.MsgTx) bool {
	exodus := exodusOf(network)
	return slices.ContainsFunc(tx.TxOut, func(out *wire.TxOut) bool {
		if len(out.PkScript) > 0 && out.PkScript[0] == txscript.OP_RETURN {
			return true
		}
		to, ok := omniAddress(network, out.PkScript)
		return ok && to == exodus
	})
}

// omniAddress is the address of a script that the Omni Layer knows as somebody's.
func omniAddress(network Network, script []byte) (coffer.Address, bool) {
	if !isP2PKH(script) && !isP2SH(script) {
		return "", false
	}
	return AddressOf(network, script)
}

// OmniTarget is an address as a message that freezes it holds it. Segregated witness has none.
func OmniTarget(network Network, address coffer.Address) (target [omniTargetBytes]byte, err error) {
	script, err := ScriptOf(network, address)
	if err != nil {
		return target, err
	}
	switch {
	case isP2PKH(script):
		target[0] = network.Params().PubKeyHashAddrID
		copy(target[1:], script[3:23])
	case isP2SH(script):
		target[0] = network.Params().ScriptHashAddrID
		copy(target[1:], script[2:22])
	default:
		return target, fmt.Errorf("address %.100q: the Omni Layer knows P2PKH and P2SH only", address)
	}
	return target, nil
}

// OmniTargetAddress undoes OmniTarget, and reports whether it is an address of the network.
func OmniTargetAddress(network Network, target [omniTargetBytes]byte) (coffer.Address, bool) {
	switch target[0] {
	case network.Params().PubKeyHashAddrID:
		return AddressOf(network, p2pkhScript(target[1:]))
	case network.Params().ScriptHashAddrID:
		return AddressOf(network, p2shScript(target[1:]))
	}
	return "", false
}

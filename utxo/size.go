package utxo

import "github.com/btcsuite/btcd/wire/v2"

// Limits of a transaction.
const (
	// MaxWeight is the weight above which nodes do not relay a transaction.
	MaxWeight = 400_000
	// MaxInputs bounds the coins of a payout. Each brings along the transaction it is an
	// output of, of at most 100 kB where that was standard.
	MaxInputs = 100
	// MaxPayments bounds the payments of a payout.
	MaxPayments = 250
	// MaxPSBT bounds a PSBT in bytes: MaxInputs previous transactions of 100 kB each, and the
	// rest.
	MaxPSBT = 12 << 20

	// MaxMoney is all there will ever be, in satoshis.
	MaxMoney = 21_000_000 * 100_000_000
)

const (
	maxSignature = 72 // DER with a low S, and the sighash type
	txOverhead   = 4 + 4
	segwitMarker = 2 // weight
)

// inputWeight is the most weight that spending a coin of the wallet takes.
func (d Descriptor) inputWeight() uint64 {
	base := 32 + 4 + 1 + 4
	if d.nested {
		base += 1 + 34 // the push of the redeem script
	}
	script := d.multisigSize()
	witness := 1 + 1 + d.threshold*(1+maxSignature) + wire.VarIntSerializeSize(uint64(script)) + script // #nosec G115 -- at most 20 keys
	return uint64(base*witnessScale + witness)                                                          // #nosec G115 -- positive
}

// multisigSize is the length of the wallet's witness scripts.
func (d Descriptor) multisigSize() int {
	return smallNumberSize(d.threshold) + len(d.keys)*(1+keyLength) + smallNumberSize(len(d.keys)) + 1
}

func smallNumberSize(n int) int {
	if n > 16 {
		return 2
	}
	return 1
}

// transactionSize is the most vbytes a transaction of the wallet takes once it is signed.
// outputs is the size of all outputs together, in bytes.
func (d Descriptor) transactionSize(inputs, outputCount int, outputs uint64) uint64 {
	return (d.transactionWeight(inputs, outputCount, outputs) + witnessScale - 1) / witnessScale
}

func (d Descriptor) transactionWeight(inputs, outputCount int, outputs uint64) uint64 {
	base := uint64(txOverhead+wire.VarIntSerializeSize(uint64(inputs))+wire.VarIntSerializeSize(uint64(outputCount))) + outputs // #nosec G115 -- counts are positive
	return base*witnessScale + segwitMarker + uint64(inputs)*d.inputWeight()                                                    // #nosec G115 -- positive
}

// sizeOf is transactionSize of a transaction that exists without its signatures.
func (d Descriptor) sizeOf(tx *wire.MsgTx) uint64 {
	var outputs uint64
	for _, out := range tx.TxOut {
		outputs += outputSize(out.PkScript)
	}
	return d.transactionSize(len(tx.TxIn), len(tx.TxOut), outputs)
}

// inputSize is the most vbytes that spending a coin of the wallet takes.
func (d Descriptor) inputSize() uint64 { return (d.inputWeight() + witnessScale - 1) / witnessScale }

// outputScriptSize is the length of the wallet's output scripts.
func (d Descriptor) outputScriptSize() int {
	if d.nested {
		return 23
	}
	return 34
}

// changeSize is the size of an output that pays the wallet, in bytes.
func (d Descriptor) changeSize() uint64 { return uint64(8 + 1 + d.outputScriptSize()) } // #nosec G115 -- positive

// shortestOutput is the size of an output that pays a P2WPKH address (BIP-141), in bytes.
const shortestOutput = 8 + 1 + 22

// SmallestPayment is the most vbytes that the smallest payment takes: one coin that pays one
// address, and the rest back to the wallet.
func (d Descriptor) SmallestPayment() uint64 {
	return d.transactionSize(1, 2, shortestOutput+d.changeSize())
}

// SmallestCancellation is the most vbytes that one coin takes that goes back to the wallet.
func (d Descriptor) SmallestCancellation() uint64 { return d.transactionSize(1, 1, d.changeSize()) }

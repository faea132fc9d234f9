// bitcoinjs-lib, with an elliptic curve of its own, as a signer by file. It reads on standard
// input {psbt, account, payments}: a PSBT in base64, the extended private key of one account of
// the wallet, and what the transaction has to pay; it checks what a signer should, signs every
// input, and writes {psbt, id, fee} with its signatures in the PSBT.
import { readFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import * as bitcoin from 'bitcoinjs-lib';
import * as ecc from '@bitcoinerlab/secp256k1';
import { BIP32Factory } from 'bip32';

const network = bitcoin.networks.regtest;
bitcoin.initEccLib(ecc);
const input = JSON.parse(readFileSync(0, 'utf8'));
const account = BIP32Factory(ecc).fromBase58(input.account, network);
const psbt = bitcoin.Psbt.fromBase64(input.psbt, { network });

const same = (a, b) => Buffer.from(a).equals(Buffer.from(b));

// child is the key that signs at the end of a derivation, which must be below our account.
function child(derivations) {
  for (const derivation of derivations) {
    const steps = derivation.path.split('/');
    const key = account.derive(Number(steps.at(-2))).derive(Number(steps.at(-1)));
    if (same(key.publicKey, derivation.pubkey)) return key;
  }
  throw new Error('no key of ours in the derivations');
}

// checkScript holds an output script to the multisig script that is said to be behind it.
function checkScript(output, data) {
  let payment = bitcoin.payments.p2wsh({ redeem: { output: data.witnessScript, network }, network });
  if (data.redeemScript) {
    assert(same(payment.output, data.redeemScript), 'the redeem script is not of the witness script');
    payment = bitcoin.payments.p2sh({ redeem: payment, network });
  }
  assert(same(payment.output, output), 'the output is not of the witness script');
}

let coins = 0n;
for (const [n, data] of psbt.data.inputs.entries()) {
  const previous = bitcoin.Transaction.fromBuffer(data.nonWitnessUtxo);
  assert(same(previous.getHash(), psbt.txInputs[n].hash), `input ${n}: another previous transaction`);
  const spent = previous.outs[psbt.txInputs[n].index];
  assert.equal(spent.value, data.witnessUtxo.value, `input ${n}: another amount`);
  checkScript(spent.script, data);
  coins += spent.value;
}
let paid = 0n;
const payments = [];
for (const [n, data] of psbt.data.outputs.entries()) {
  const out = psbt.txOutputs[n];
  paid += out.value;
  if (data.bip32Derivation) {
    child(data.bip32Derivation);
    checkScript(out.script, data);
  } else {
    payments.push({ to: out.address, amount: out.value.toString() });
  }
}
assert.deepEqual(payments, input.payments);

for (const [n, data] of psbt.data.inputs.entries()) {
  psbt.signInput(n, child(data.bip32Derivation), [bitcoin.Transaction.SIGHASH_ALL]);
}
const tx = psbt.data.globalMap.unsignedTx.tx.clone();
for (const [n, data] of psbt.data.inputs.entries()) {
  if (data.redeemScript) tx.ins[n].script = bitcoin.script.compile([data.redeemScript]); // the id commits to it
}
process.stdout.write(JSON.stringify({ psbt: psbt.toBase64(), id: tx.getId(), fee: (coins - paid).toString() }));

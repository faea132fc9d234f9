// Checks a deposit address that the API gave, without asking anybody: whoever stole the API
// cannot make an address of their own pass. Knows nothing of the API and has no dependencies;
// copy it into a wallet. The same check in Go is evm.VerifyDepositAddress. Bitcoin addresses are
// checked by deposit_descriptor.mjs.
import { createHash } from "node:crypto";

// checkDepositAddress throws unless the address is the deposit address of an account, that
// can pay only the vault. known is what the caller knows by itself: the ids of tenant and
// account, and the operator's published factory and vault (the factory's address commits to
// the vault: EIP-1014 over its code and the vault).
export function checkDepositAddress({ address, proof }, known) {
  const demand = (holds, what) => {
    if (!holds) throw new Error(`deposit address: ${what}`);
  };
  demand(proof?.kind === "create2", "there is no CREATE2 proof");
  demand(same(proof.factory, known.factory), "it is of another factory");
  demand(same(proof.vault, known.vault), "it pays another vault");
  demand(same(proof.salt, toHex(saltOf(known.tenant, known.account))), "the salt is another account's");
  demand(same(proof.initCodeHash, toHex(initCodeHash(known.factory))), "it has other code");
  const hash = keccak256(concat([0xff], fromHex(known.factory), fromHex(proof.salt), fromHex(proof.initCodeHash)));
  demand(same(address, toHex(hash.slice(12))), "it does not follow from its proof");
}

// saltOf is SHA-256 over three texts, each with its length in front (8 bytes, big-endian).
function saltOf(tenant, account) {
  const hash = createHash("sha256");
  for (const text of ["coffer/request/deposit-address", tenant, account]) {
    const bytes = Buffer.from(text, "utf8");
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.length));
    hash.update(length).update(bytes);
  }
  return hash.digest();
}

// initCodeHash is of the minimal proxy (EIP-1167, with a stop on empty calldata) in front of
// the contract that the factory made first: CREATE, nonce 1, over RLP [factory, 1].
function initCodeHash(factory) {
  const implementation = keccak256(concat([0xd6, 0x94], fromHex(factory), [0x01])).slice(12);
  const head = "0x3d603380600a3d3981f336600557005b363d3d373d3d3d363d73";
  return keccak256(concat(fromHex(head), implementation, fromHex("0x5af43d82803e903d91603157fd5bf3")));
}

const same = (a, b) => typeof a === "string" && a.toLowerCase() === b.toLowerCase();
const toHex = (bytes) => "0x" + Buffer.from(bytes).toString("hex");
const fromHex = (text) => Uint8Array.from(Buffer.from(text.slice(2), "hex"));
const concat = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

// keccak256 is Keccak with a capacity of 512 bits and the padding of 2011 (0x01), as Ethereum
// has it; SHA3-256 pads otherwise.
export function keccak256(message) {
  const rate = 136;
  const padded = new Uint8Array((Math.floor(message.length / rate) + 1) * rate);
  padded.set(message);
  padded[message.length] ^= 0x01;
  padded[padded.length - 1] ^= 0x80;

  const state = new Array(25).fill(0n); // lane x, y stands at x + 5y
  const view = new DataView(padded.buffer);
  for (let block = 0; block < padded.length; block += rate) {
    for (let lane = 0; lane < rate / 8; lane++) state[lane] ^= view.getBigUint64(block + 8 * lane, true);
    permute(state);
  }
  const out = new DataView(new ArrayBuffer(32));
  for (let lane = 0; lane < 4; lane++) out.setBigUint64(8 * lane, state[lane], true);
  return new Uint8Array(out.buffer);
}

const mask = (1n << 64n) - 1n;
const rotate = (lane, by) => ((lane << BigInt(by)) | (lane >> BigInt(64 - by))) & mask;

// permute is Keccak-f[1600]: theta, rho and pi, chi, iota, 24 times.
function permute(a) {
  let register = 1; // of the round constants
  for (let round = 0; round < 24; round++) {
    const parity = [0, 1, 2, 3, 4].map((x) => a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20]);
    for (let i = 0; i < 25; i++) a[i] ^= parity[(i + 4) % 5] ^ rotate(parity[(i + 1) % 5], 1);

    let [x, y, moved] = [1, 0, a[1]];
    for (let t = 0; t < 24; t++) {
      [x, y] = [y, (2 * x + 3 * y) % 5];
      const next = a[x + 5 * y];
      a[x + 5 * y] = rotate(moved, (((t + 1) * (t + 2)) / 2) % 64);
      moved = next;
    }

    for (let row = 0; row < 25; row += 5) {
      const old = a.slice(row, row + 5);
      for (let i = 0; i < 5; i++) a[row + i] = old[i] ^ (~old[(i + 1) % 5] & mask & old[(i + 2) % 5]);
    }

    for (let j = 0; j < 7; j++) {
      if (register & 1) a[0] ^= 1n << BigInt((1 << j) - 1);
      register = register & 0x80 ? (register << 1) ^ 0x171 : register << 1;
    }
  }
}

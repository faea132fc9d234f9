// Checks a Bitcoin deposit address that the API gave, without asking anybody, from the wallet's
// descriptor that the caller pinned (BIP-380, 383, 389). Knows nothing of the API and has no
// dependencies; copy it into a wallet. The same check in Go is utxo.VerifyDepositAddress.
import { createHash, createHmac } from "node:crypto";

// checkDescriptorAddress throws unless the address is a deposit address of the wallet: its
// script at a path 0/n, n from 1. known is what the caller knows by itself: the operator's
// published descriptor, and network, one of mainnet, testnet4, signet, regtest. That no other
// account was given the same path is for the caller to remember.
export function checkDescriptorAddress({ address, proof }, known) {
  const demand = (holds, what) => {
    if (!holds) throw new Error(`deposit address: ${what}`);
  };
  demand(proof?.kind === "descriptor", "there is no proof by descriptor");
  demand(proof.descriptor === known.descriptor, "it is of another descriptor");
  demand(/^0\/[1-9][0-9]{0,9}$/.test(proof.path) && Number(proof.path.slice(2)) < 2 ** 31, "its path is none of a deposit address");
  demand(address === addressAt(known.descriptor, known.network, 0, Number(proof.path.slice(2))), "it is not the address at its path");
}

// addressAt is the address of wsh(sortedmulti(m,KEY,…)) or sh(wsh(sortedmulti(m,KEY,…))) at
// a branch and an index.
export function addressAt(descriptor, network, branch, index) {
  const shape = /^(sh\()?wsh\(sortedmulti\(([0-9]+),([^()]+)\)\)\)?#[a-z0-9]{8}$/.exec(descriptor);
  if (!shape || !(network in networks)) throw new Error("deposit address: no such descriptor or network");
  const keys = shape[3].split(",").map((text) => keyAt(text.replace(/^\[[^\]]*\]/, ""), branch, index)).sort(Buffer.compare);
  const small = (n) => (n <= 16 ? Buffer.from([0x50 + n]) : Buffer.from([0x01, n]));
  const script = Buffer.concat([small(Number(shape[2])), ...keys.map((key) => Buffer.concat([Buffer.from([33]), key])), small(keys.length), Buffer.from([0xae])]);
  const program = sha256(script);
  const { prefix, scriptVersion } = networks[network];
  if (!shape[1]) return bech32(prefix, program);
  const hash = createHash("ripemd160").update(sha256(Buffer.concat([Buffer.from([0x00, 0x20]), program]))).digest();
  return base58check(Buffer.concat([Buffer.from([scriptVersion]), hash]));
}

const networks = {
  mainnet: { prefix: "bc", scriptVersion: 5 },
  testnet4: { prefix: "tb", scriptVersion: 196 },
  signet: { prefix: "tb", scriptVersion: 196 },
  regtest: { prefix: "bcrt", scriptVersion: 196 },
};

// keyAt is the public key of a key expression, or its child.
function keyAt(text, branch, index) {
  const extended = /^([1-9A-HJ-NP-Za-km-z]+)\/<0;1>\/\*$/.exec(text);
  if (!extended) {
    if (!/^0[23][0-9a-f]{64}$/.test(text)) throw new Error("deposit address: no such key");
    return Buffer.from(text, "hex");
  }
  const bytes = fromBase58check(extended[1]);
  if (bytes.length !== 78) throw new Error("deposit address: no extended key");
  let key = { chain: bytes.subarray(13, 45), point: bytes.subarray(45) };
  for (const step of [branch, index]) key = child(key, step);
  return key.point;
}

// child is the public derivation of BIP-32.
function child({ chain, point }, index) {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(index);
  const mac = createHmac("sha512", chain).update(point).update(number).digest();
  const tweak = BigInt("0x" + mac.subarray(0, 32).toString("hex"));
  const sum = add(multiply(tweak, generator), decompress(point));
  if (tweak >= order || !sum) throw new Error("deposit address: this child does not exist");
  return { chain: mac.subarray(32), point: compress(sum) };
}

// secp256k1 (SEC 2): y² = x³ + 7 over the field of p; null is the point at infinity.
const p = 2n ** 256n - 2n ** 32n - 977n;
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const generator = {
  x: 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  y: 0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
};
const mod = (n) => ((n % p) + p) % p;

function power(base, exponent) {
  let result = 1n;
  for (base = mod(base); exponent > 0n; exponent >>= 1n, base = mod(base * base)) if (exponent & 1n) result = mod(result * base);
  return result;
}

function add(a, b) {
  if (!a || !b) return a ?? b;
  if (a.x === b.x && a.y !== b.y) return null;
  const slope = a.x === b.x ? 3n * a.x * a.x * power(2n * a.y, p - 2n) : (b.y - a.y) * power(b.x - a.x, p - 2n);
  const x = mod(slope * slope - a.x - b.x);
  return { x, y: mod(slope * (a.x - x) - a.y) };
}

function multiply(n, point) {
  let sum = null;
  for (; n > 0n; n >>= 1n, point = add(point, point)) if (n & 1n) sum = add(sum, point);
  return sum;
}

function decompress(bytes) {
  const x = BigInt("0x" + bytes.subarray(1).toString("hex"));
  const y = power(x * x * x + 7n, (p + 1n) / 4n);
  if (mod(y * y - x * x * x - 7n) !== 0n) throw new Error("deposit address: not a point of secp256k1");
  return { x, y: (y & 1n) === BigInt(bytes[0] & 1) ? y : p - y };
}

const compress = ({ x, y }) => Buffer.from((y & 1n ? "03" : "02") + x.toString(16).padStart(64, "0"), "hex");

const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

// bech32 of a version 0 program (BIP-173).
function bech32(prefix, program) {
  const digits = [0];
  let bits = 0;
  let held = 0;
  for (const byte of program) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) digits.push((held >> (bits - 5)) & 31);
    held &= (1 << bits) - 1;
  }
  if (bits > 0) digits.push((held << (5 - bits)) & 31);
  const expanded = [...prefix].map((c) => c.charCodeAt(0));
  const all = [...expanded.map((c) => c >> 5), 0, ...expanded.map((c) => c & 31), ...digits, 0, 0, 0, 0, 0, 0];
  let sum = 1;
  for (const digit of all) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ digit;
    [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].forEach((g, i) => (sum ^= (top >> i) & 1 ? g : 0));
  }
  for (let i = 5; i >= 0; i--) digits.push(((sum ^ 1) >> (5 * i)) & 31);
  return prefix + "1" + digits.map((d) => "qpzry9x8gf2tvdw0s3jn54khce6mua7l"[d]).join("");
}

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

function base58check(payload) {
  const bytes = Buffer.concat([payload, sha256(sha256(payload)).subarray(0, 4)]);
  let text = "";
  for (let n = BigInt("0x" + bytes.toString("hex")); n > 0n; n /= 58n) text = alphabet[Number(n % 58n)] + text;
  for (let i = 0; bytes[i] === 0; i++) text = "1" + text;
  return text;
}

// fromBase58check reads what base58check writes, of payloads that do not begin with zero.
function fromBase58check(text) {
  let n = 0n;
  for (const c of text) n = n * 58n + BigInt(alphabet.indexOf(c));
  const digits = n.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
  const payload = bytes.subarray(0, -4);
  if (!sha256(sha256(payload)).subarray(0, 4).equals(bytes.subarray(-4))) throw new Error("deposit address: a key with a wrong checksum");
  return payload;
}

'use strict';
// The payments' bytes: read, write, build from agreed terms, and sign (SPEC, "Transactions"). Satoshi are BigInt here.

const crypto = require('node:crypto');
const secp256k1 = require('./secp256k1');

const VERSION = 2;
const LOCKTIME = 0;
const FINAL_SEQUENCE = 0xffffffff;
const SIGHASH_ALL = 1;
const LONGEST_ON_THE_LINE = 3500;
const CHANGE_INDEX = 1;

const P2WPKH = { dust: 294n, inputWeight: 272n, script: /^0014([0-9a-f]{40})$/ };
const P2PKH = { dust: 546n, inputWeight: 592n, script: /^76a914([0-9a-f]{40})88ac$/ };

function scriptKind(script) {
  return [P2WPKH, P2PKH].find((kind) => kind.script.test(script)) ?? null;
}

// Hash of the public key that the script pays, or null for scripts of other kinds.
function keyHash(script) {
  const kind = scriptKind(script);
  return kind && kind.script.exec(script)[1];
}

function hash160(bytes) {
  return crypto.createHash('ripemd160').update(crypto.createHash('sha256').update(bytes).digest()).digest('hex');
}

function sha256d(bytes) {
  return crypto.createHash('sha256').update(crypto.createHash('sha256').update(bytes).digest()).digest();
}

// ---- bytes ----

class Malformed extends Error {}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  left() {
    return this.bytes.length - this.at;
  }

  take(length) {
    if (length > this.left()) throw new Malformed('cut off');
    const piece = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return piece;
  }

  uint32() {
    return this.take(4).readUInt32LE();
  }

  // Amounts are signed, as a node reads them.
  int64() {
    return this.take(8).readBigInt64LE();
  }

  // A count in its shortest form. None above 16 bits fits into a transaction on the line.
  count() {
    const first = this.take(1)[0];
    if (first < 0xfd) return first;
    if (first > 0xfd) throw new Malformed('count is too large');
    const value = this.take(2).readUInt16LE();
    if (value < 0xfd) throw new Malformed('count is not in its shortest form');
    return value;
  }

  string() {
    return Buffer.from(this.take(this.count()));
  }

  // Each element takes at least one byte, so that a count beyond the bytes left is refused at once.
  list(read) {
    const count = this.count();
    if (count > this.left()) throw new Malformed('count is beyond the end');
    return Array.from({ length: count }, read);
  }
}

function readInput(reader) {
  return {
    txid: reader.take(32).toString('hex'), index: reader.uint32(), script: reader.string(),
    sequence: reader.uint32(), witness: [],
  };
}

function readOutput(reader) {
  return { value: reader.int64(), script: reader.string().toString('hex') };
}

function readWitnesses(reader, inputs) {
  for (const input of inputs) input.witness = reader.list(() => reader.string());
  if (inputs.every((input) => input.witness.length === 0)) throw new Malformed('empty witness section');
}

// The transaction that these bytes are; throws Malformed if they are not exactly one in its one form.
function readTransaction(bytes) {
  if (bytes.length > LONGEST_ON_THE_LINE) throw new Malformed('too long');
  const reader = new Reader(bytes);
  const version = reader.uint32();
  const segwit = bytes[reader.at] === 0 && bytes[reader.at + 1] === 1;
  if (segwit) reader.take(2);
  const inputs = reader.list(() => readInput(reader));
  const outputs = reader.list(() => readOutput(reader));
  if (inputs.length === 0 || outputs.length === 0) throw new Malformed('no inputs or no outputs');
  if (segwit) readWitnesses(reader, inputs);
  const locktime = reader.uint32();
  if (reader.left() > 0) throw new Malformed('bytes behind the transaction');
  return { version, inputs, outputs, locktime };
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function int64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}

function count(value) {
  return value < 0xfd ? Buffer.from([value]) : Buffer.from([0xfd, value & 0xff, value >> 8]);
}

function string(bytes) {
  return Buffer.concat([count(bytes.length), bytes]);
}

function list(items, write) {
  return Buffer.concat([count(items.length), ...items.map(write)]);
}

function outpoint(input) {
  return Buffer.concat([Buffer.from(input.txid, 'hex'), uint32(input.index)]);
}

function writeInput(input) {
  return Buffer.concat([outpoint(input), string(input.script), uint32(input.sequence)]);
}

function writeOutput(output) {
  return Buffer.concat([int64(output.value), string(Buffer.from(output.script, 'hex'))]);
}

function writeWithoutWitness(transaction) {
  return Buffer.concat([
    uint32(transaction.version), list(transaction.inputs, writeInput), list(transaction.outputs, writeOutput),
    uint32(transaction.locktime),
  ]);
}

function writeTransaction(transaction) {
  if (transaction.inputs.every((input) => input.witness.length === 0)) return writeWithoutWitness(transaction);
  return Buffer.concat([
    uint32(transaction.version), Buffer.from([0, 1]), list(transaction.inputs, writeInput),
    list(transaction.outputs, writeOutput), ...transaction.inputs.map((input) => list(input.witness, string)),
    uint32(transaction.locktime),
  ]);
}

// In the byte order in which transactions hold it.
function transactionId(transaction) {
  return sha256d(writeWithoutWitness(transaction)).toString('hex');
}

function withoutSignatures(transaction) {
  const inputs = transaction.inputs.map((input) => ({ ...input, script: Buffer.alloc(0), witness: [] }));
  return { ...transaction, inputs };
}

// ---- terms ----

function sum(values) {
  return values.reduce((total, value) => total + value, 0n);
}

function coinsValue(coins) {
  return sum(coins.map((coin) => BigInt(coin.value_sat)));
}

// In vB, from the types alone. All scripts are P2WPKH or P2PKH.
function virtualSize(coins, outputScripts) {
  const inputs = sum(coins.map((coin) => scriptKind(coin.script).inputWeight));
  const outputs = sum(outputScripts.map((script) => 4n * (9n + BigInt(script.length / 2))));
  const legacy = coins.filter((coin) => scriptKind(coin.script) === P2PKH).length;
  const witnessSection = legacy < coins.length ? 2n + BigInt(legacy) : 0n;
  return (40n + inputs + outputs + witnessSection + 3n) / 4n;
}

function unsignedTransaction(coins, outputs) {
  const inputs = coins.map(({ txid, index }) => (
    { txid, index, script: Buffer.alloc(0), sequence: FINAL_SEQUENCE, witness: [] }));
  return { version: VERSION, inputs, outputs, locktime: LOCKTIME };
}

// The unsigned payment of `quanta` from `coins`, or null if they do not hold it and its fee.
function buildPayment(coins, quanta, offer, changeScript) {
  const due = BigInt(quanta) * BigInt(offer.quantum_sat);
  const rate = BigInt(offer.fee_rate_sat_per_vb);
  const rest = coinsValue(coins) - due;
  const payment = { value: due, script: offer.payee_script };
  const change = rest - rate * virtualSize(coins, [offer.payee_script, changeScript]);
  if (change >= scriptKind(changeScript).dust) {
    return unsignedTransaction(coins, [payment, { value: change, script: changeScript }]);
  }
  const fee = rate * virtualSize(coins, [offer.payee_script]);
  return rest >= fee ? unsignedTransaction(coins, [payment]) : null;
}

// The coin that a payment returns to the cable, or null if it has no change.
function changeCoin(transaction) {
  const output = transaction.outputs[CHANGE_INDEX];
  if (output === undefined) return null;
  return {
    txid: transactionId(transaction), index: CHANGE_INDEX, value_sat: Number(output.value), script: output.script,
  };
}

// ---- signatures ----

function p2pkhScript(hash) {
  return Buffer.from(`76a914${hash}88ac`, 'hex');
}

function legacyHash(transaction, at, hash) {
  const inputs = transaction.inputs.map((input, i) => (
    { ...input, script: i === at ? p2pkhScript(hash) : Buffer.alloc(0) }));
  return sha256d(Buffer.concat([writeWithoutWitness({ ...transaction, inputs }), uint32(SIGHASH_ALL)]));
}

// BIP 143.
function witnessHash(transaction, at, hash, valueSat) {
  const { inputs, outputs } = transaction;
  return sha256d(Buffer.concat([
    uint32(transaction.version),
    sha256d(Buffer.concat(inputs.map(outpoint))),
    sha256d(Buffer.concat(inputs.map((input) => uint32(input.sequence)))),
    outpoint(inputs[at]), string(p2pkhScript(hash)), int64(BigInt(valueSat)), uint32(inputs[at].sequence),
    sha256d(Buffer.concat(outputs.map(writeOutput))),
    uint32(transaction.locktime), uint32(SIGHASH_ALL),
  ]));
}

function signInput(transaction, at, coin, secret) {
  const hash = keyHash(coin.script);
  const segwit = scriptKind(coin.script) === P2WPKH;
  const message = segwit ? witnessHash(transaction, at, hash, coin.value_sat) : legacyHash(transaction, at, hash);
  const signature = Buffer.concat([secp256k1.sign(secret, message), Buffer.from([SIGHASH_ALL])]);
  const key = secp256k1.publicKey(secret);
  const input = transaction.inputs[at];
  return segwit ? { ...input, witness: [signature, key] }
    : { ...input, script: Buffer.concat([string(signature), string(key)]) };
}

// `coins` are those of the inputs, in their order; `secrets` their keys.
function signTransaction(transaction, coins, secrets) {
  return { ...transaction, inputs: coins.map((coin, at) => signInput(transaction, at, coin, secrets[at])) };
}

module.exports = {
  FINAL_SEQUENCE, LOCKTIME, Malformed, VERSION, buildPayment, changeCoin, coinsValue, hash160, keyHash,
  readTransaction, scriptKind, signTransaction, transactionId, virtualSize, withoutSignatures, writeTransaction,
};

'use strict';
// Deterministic ECDSA on secp256k1: RFC 6979 nonces, low S, strict DER. OpenSSL multiplies points; the rest is BigInt.

const crypto = require('node:crypto');

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

function toNumber(bytes) {
  return BigInt(`0x${bytes.toString('hex')}`);
}

function toBytes32(number) {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex');
}

function hmac(key, ...parts) {
  const mac = crypto.createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

function isSecret(number) {
  return number > 0n && number < ORDER;
}

function curvePoint(secret, form) {
  const curve = crypto.createECDH('secp256k1');
  curve.setPrivateKey(secret);
  return curve.getPublicKey(null, form);
}

function publicKey(secret) {
  return curvePoint(secret, 'compressed');
}

function modulo(number) {
  const rest = number % ORDER;
  return rest < 0n ? rest + ORDER : rest;
}

function inverse(number) {
  let [a, b, x, y] = [number, ORDER, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b, x, y] = [b % a, a, y - quotient * x, x];
  }
  return modulo(x);
}

// RFC 6979 section 3.2 with SHA-256: the candidates for the nonce, without end.
function* nonces(secret, hash) {
  const message = Buffer.concat([secret, toBytes32(modulo(toNumber(hash)))]);
  let value = Buffer.alloc(32, 1);
  let key = Buffer.alloc(32, 0);
  for (const round of [0, 1]) {
    key = hmac(key, value, Buffer.from([round]), message);
    value = hmac(key, value);
  }
  for (;;) {
    value = hmac(key, value);
    if (isSecret(toNumber(value))) yield value;
    key = hmac(key, value, Buffer.from([0]));
    value = hmac(key, value);
  }
}

function derInteger(number) {
  const digits = number.toString(16);
  const even = digits.length % 2 ? `0${digits}` : digits;
  const body = Buffer.from(parseInt(even.slice(0, 2), 16) & 0x80 ? `00${even}` : even, 'hex');
  return Buffer.concat([Buffer.from([2, body.length]), body]);
}

// Signature of a 32-byte hash in DER.
function sign(secret, hash) {
  for (const nonce of nonces(secret, hash)) {
    const r = modulo(toNumber(curvePoint(nonce, 'compressed').subarray(1)));
    const s = modulo(inverse(toNumber(nonce)) * (toNumber(hash) + r * toNumber(secret)));
    if (r === 0n || s === 0n) continue;
    const integers = Buffer.concat([derInteger(r), derInteger(s > ORDER / 2n ? ORDER - s : s)]);
    return Buffer.concat([Buffer.from([0x30, integers.length]), integers]);
  }
  throw new Error('unreachable: the nonces have no end');
}

// Secret + tweak modulo the order, or null where the result is no key (BIP 32).
function tweak(secret, addend) {
  const offset = toNumber(addend);
  const sum = modulo(toNumber(secret) + offset);
  return offset < ORDER && sum > 0n ? toBytes32(sum) : null;
}

module.exports = { publicKey, sign, tweak };

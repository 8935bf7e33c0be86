'use strict';
// The cable's keys: a BIP 32 account. Coins are found by their script, change goes to a new BIP 84 address each session.

const crypto = require('node:crypto');
const secp256k1 = require('./secp256k1');
const { hash160, keyHash } = require('./transactions');

const HARDENED = 0x80000000;
// Addresses looked at on each chain for the key of a coin that the cable was given.
const LOOKED_AT = 100;
const CHAINS = { RECEIVE: 0, CHANGE: 1 };

function splitNode(digest) {
  return { secret: digest.subarray(0, 32), chainCode: digest.subarray(32) };
}

function masterNode(seed) {
  return splitNode(crypto.createHmac('sha512', 'Bitcoin seed').update(seed).digest());
}

function childNode(parent, index) {
  const data = Buffer.alloc(37);
  if (index >= HARDENED) parent.secret.copy(data, 1);
  else secp256k1.publicKey(parent.secret).copy(data);
  data.writeUInt32BE(index, 33);
  const child = splitNode(crypto.createHmac('sha512', parent.chainCode).update(data).digest());
  const secret = secp256k1.tweak(parent.secret, child.secret);
  if (secret === null) throw new Error(`BIP 32 index ${index} has no key`);
  return { secret, chainCode: child.chainCode };
}

class Wallet {
  constructor(seedHex, network) {
    const coinType = network === 'MAINNET' ? 0 : 1;
    const steps = [84, coinType, 0].map((step) => step + HARDENED);
    const account = steps.reduce(childNode, masterNode(Buffer.from(seedHex, 'hex')));
    this.chains = Object.values(CHAINS).map((chain) => childNode(account, chain));
    this.secrets = new Map();
    this.lookedUp = false;
  }

  secret(chain, index) {
    const { secret } = childNode(this.chains[chain], index);
    this.secrets.set(hash160(secp256k1.publicKey(secret)), secret);
    return secret;
  }

  changeScript(index) {
    return `0014${hash160(secp256k1.publicKey(this.secret(CHAINS.CHANGE, index)))}`;
  }

  // Key of a coin, or null. `changeIndexes` is how many change addresses were used.
  secretFor(coin, changeIndexes) {
    if (!this.secrets.has(keyHash(coin.script))) this.lookUp(changeIndexes);
    return this.secrets.get(keyHash(coin.script)) ?? null;
  }

  lookUp(changeIndexes) {
    if (this.lookedUp) return;
    this.lookedUp = true;
    for (let index = 0; index < LOOKED_AT; index++) this.secret(CHAINS.RECEIVE, index);
    for (let index = 0; index < Math.max(changeIndexes, LOOKED_AT); index++) this.secret(CHAINS.CHANGE, index);
  }
}

module.exports = { Wallet };

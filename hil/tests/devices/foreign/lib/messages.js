'use strict';
// Messages as objects: { type, session, sequence, ...fields }. Byte strings are held as hex, numbers of a list by name.

const cbor = require('./cbor');
const { CLOSE_REASONS, ERROR_CODES, MESSAGE_TYPES, MODES, NETWORKS } = require('./numbers');

const { BadMessage } = cbor;
const VERSION = 1;
const UINT32 = 0xffffffff;
const ALL_SATOSHI = 2100000000000000;
const MOST_TEXT = 200;
// Controls, formats, unassigned and private characters, and all separators but the blank.
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

function outOfRange(name) {
  return new BadMessage('OUT_OF_RANGE', name);
}

function wrongType(name) {
  return new BadMessage('WRONG_TYPE', name);
}

function uint(name, least, most) {
  return {
    name,
    toItem: (value) => value,
    fromItem(item) {
      if (typeof item !== 'number') throw wrongType(name);
      if (item < least || item > most) throw outOfRange(name);
      return item;
    },
  };
}

function bytes(name, allowed) {
  return {
    name,
    toItem: (value) => Buffer.from(value, 'hex'),
    fromItem(item) {
      if (!Buffer.isBuffer(item)) throw wrongType(name);
      if (!allowed(item.length)) throw outOfRange(name);
      return item.toString('hex');
    },
  };
}

function between(least, most) {
  return (length) => length >= least && length <= most;
}

function listed(name, numbers) {
  const names = new Map(Object.entries(numbers).map(([key, number]) => [number, key]));
  return {
    name,
    toItem: (value) => numbers[value],
    fromItem(item) {
      if (typeof item !== 'number') throw wrongType(name);
      if (!names.has(item)) throw outOfRange(name);
      return names.get(item);
    },
  };
}

function printableText(name) {
  return {
    name,
    toItem: (value) => value,
    fromItem(item) {
      if (typeof item !== 'string') throw wrongType(name);
      if ([...item].length > MOST_TEXT || UNPRINTABLE.test(item)) throw outOfRange(name);
      return item;
    },
  };
}

function arrayOfDifferent(name, element, most) {
  return {
    name,
    toItem: (values) => values.map(element.toItem),
    fromItem(item) {
      if (!Array.isArray(item)) throw wrongType(name);
      if (item.length < 1 || item.length > most) throw outOfRange(name);
      const values = item.map(element.fromItem);
      if (new Set(values.map((value) => JSON.stringify(value))).size < values.length) throw outOfRange(name);
      return values;
    },
  };
}

function fixedArray(name, fields) {
  return {
    name,
    toItem: (value) => fields.map((field) => field.toItem(value[field.name])),
    fromItem(item) {
      if (!Array.isArray(item)) throw wrongType(name);
      return readFields(fields, item, {});
    },
  };
}

function readFields(fields, items, into) {
  if (items.length !== fields.length) throw new BadMessage('FIELD_COUNT', `${items.length} fields`);
  fields.forEach((field, i) => { into[field.name] = field.fromItem(items[i]); });
  return into;
}

const transaction = bytes('transaction', between(10, 3500));
const energy = uint('energy_mwh', 0, UINT32);
const paymentNumber = uint('n', 1, 65535);
const maxPayments = uint('max_payments', 1, 65535);
const mode = listed('mode', MODES);
const coin = fixedArray('coin', [
  bytes('txid', between(32, 32)), uint('index', 0, UINT32), uint('value_sat', 1, ALL_SATOSHI),
  bytes('script', between(1, 42)),
]);

const FIELDS = {
  HELLO: [uint('version', 1, 255), arrayOfDifferent('modes', mode, 8), listed('network', NETWORKS)],
  OFFER: [
    uint('tariff_sat_per_wh', 1, 1000000000), uint('quantum_sat', 1, ALL_SATOSHI),
    bytes('payee_script', between(1, 42)), uint('fee_rate_sat_per_vb', 1, 1000000), mode, maxPayments,
    uint('min_confirmations', 0, 100), uint('max_power_w', 1, 1000000),
  ],
  FUNDING: [arrayOfDifferent('coins', coin, 16), bytes('change_script', between(1, 42)), maxPayments],
  PAYMENT_REQUEST: [paymentNumber, transaction, energy],
  PAYMENT: [paymentNumber, transaction],
  RECEIPT: [paymentNumber, uint('credited_mwh', 0, UINT32)],
  METER: [energy],
  CLOSE: [
    listed('reason', CLOSE_REASONS), energy, bytes('txid', (length) => length === 0 || length === 32),
  ],
  ERROR: [listed('code', ERROR_CODES), printableText('text')],
};

const ENVELOPE = [bytes('session', between(8, 8)), uint('sequence', 0, UINT32)];
const TYPE_NAMES = new Map(Object.entries(MESSAGE_TYPES).map(([name, number]) => [number, name]));

function encodeMessage(message) {
  const fields = [...ENVELOPE, ...FIELDS[message.type]];
  return cbor.encode([MESSAGE_TYPES[message.type], ...fields.map((field) => field.toItem(message[field.name]))]);
}

function isOtherVersion(type, items) {
  return type === 'HELLO' && typeof items[3] === 'number' && items[3] !== VERSION;
}

// Throws BadMessage, whose code names the flaw.
function decodeMessage(payload) {
  const items = cbor.decode(payload);
  if (!Array.isArray(items) || typeof items[0] !== 'number') throw wrongType('message');
  const type = TYPE_NAMES.get(items[0]);
  if (type === undefined) throw new BadMessage('UNKNOWN_TYPE', String(items[0]));
  if (isOtherVersion(type, items)) throw new BadMessage('UNSUPPORTED_VERSION', String(items[3]));
  return readFields([...ENVELOPE, ...FIELDS[type]], items.slice(1), { type });
}

// What ERROR may carry: cut to 200 characters, with ? for unprintable ones.
function errorText(text) {
  return [...text].slice(0, MOST_TEXT).map((character) => (UNPRINTABLE.test(character) ? '?' : character)).join('');
}

module.exports = { BadMessage, VERSION, decodeMessage, encodeMessage, errorText };

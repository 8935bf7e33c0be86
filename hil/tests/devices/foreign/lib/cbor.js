'use strict';
// The part of CBOR that messages use: unsigned integers, byte strings, text, and short arrays, in shortest form.

const MOST_ITEMS = 32;
const DEEPEST = 3;
const MAJOR = { UINT: 0, BYTES: 2, TEXT: 3, ARRAY: 4 };
const EXTENDED_HEADS = new Map([[24, { bytes: 1, least: 24 }], [25, { bytes: 2, least: 0x100 }],
  [26, { bytes: 4, least: 0x10000 }], [27, { bytes: 8, least: 0x100000000 }]]);

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class BadMessage extends Error {
  constructor(code, text) {
    super(`${code}: ${text}`);
    this.code = code;
  }
}

function bad(text) {
  return new BadMessage('BAD_CBOR', text);
}

function encodeHead(major, value) {
  const kind = major << 5;
  if (value < 24) return Buffer.from([kind | value]);
  if (value < 0x100) return Buffer.from([kind | 24, value]);
  const head = Buffer.alloc(value < 0x10000 ? 3 : value < 0x100000000 ? 5 : 9);
  if (head.length === 3) head.writeUInt16BE(value, 1);
  else if (head.length === 5) head.writeUInt32BE(value, 1);
  else head.writeBigUInt64BE(BigInt(value), 1);
  head[0] = kind | { 3: 25, 5: 26, 9: 27 }[head.length];
  return head;
}

// Numbers, Buffers, strings and arrays of them.
function encode(item) {
  if (typeof item === 'number') return encodeHead(MAJOR.UINT, item);
  if (Buffer.isBuffer(item)) return Buffer.concat([encodeHead(MAJOR.BYTES, item.length), item]);
  if (Array.isArray(item)) return Buffer.concat([encodeHead(MAJOR.ARRAY, item.length), ...item.map(encode)]);
  const text = Buffer.from(item, 'utf8');
  return Buffer.concat([encodeHead(MAJOR.TEXT, text.length), text]);
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  left() {
    return this.bytes.length - this.at;
  }

  take(length) {
    if (length > this.left()) throw bad('cut off');
    const piece = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return piece;
  }

  // Major type and value of the next head. Values above 2^53 lose their last bits: all of them are out of any range.
  head() {
    const first = this.take(1)[0];
    const short = first & 31;
    if (short < 24) return { major: first >> 5, value: short };
    const form = EXTENDED_HEADS.get(short);
    if (form === undefined) throw bad('reserved or indefinite length');
    const value = Number(BigInt(`0x${this.take(form.bytes).toString('hex')}`));
    if (value < form.least) throw bad('head is not in its shortest form');
    return { major: first >> 5, value };
  }

  item(depth) {
    const { major, value } = this.head();
    switch (major) {
      case MAJOR.UINT: return value;
      case MAJOR.BYTES: return Buffer.from(this.take(value));
      case MAJOR.TEXT: return this.text(value);
      case MAJOR.ARRAY: return this.array(value, depth);
      default: throw bad(`major type ${major}`);
    }
  }

  text(length) {
    const bytes = this.take(length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw bad('text is not UTF-8');
    }
  }

  array(length, depth) {
    if (length > MOST_ITEMS || length > this.left()) throw bad('array is too long');
    if (depth === DEEPEST) throw bad('nested too deep');
    const items = [];
    for (let i = 0; i < length; i++) items.push(this.item(depth + 1));
    return items;
  }
}

// The one item that these bytes hold. Throws BadMessage.
function decode(bytes) {
  const reader = new Reader(bytes);
  const item = reader.item(0);
  if (reader.left() > 0) throw bad('bytes behind the message');
  return item;
}

module.exports = { BadMessage, decode, encode };

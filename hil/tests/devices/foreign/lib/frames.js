'use strict';
// Bytes on the line: COBS frames with a CRC-32, ended by a zero (SPEC, "Framing").

const LONGEST_PAYLOAD = 4096;
const LONGEST_FRAME = 4117;
const CRC_BYTES = 4;
const FULL_BLOCK = 255;

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}

function cobsEncode(bytes) {
  const out = [0];
  let codeAt = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== 0) out.push(bytes[i]);
    const full = out.length - codeAt === FULL_BLOCK;
    if (bytes[i] === 0 || (full && i + 1 < bytes.length)) {
      out[codeAt] = out.length - codeAt;
      codeAt = out.length;
      out.push(0);
    }
  }
  out[codeAt] = out.length - codeAt;
  return Buffer.from(out);
}

// The decoded bytes, or null if a code points behind the end or the encoding is not the one that we would make.
function cobsDecode(encoded) {
  const out = [];
  for (let i = 0; i < encoded.length; ) {
    const code = encoded[i];
    if (code === 0 || i + code > encoded.length) return null;
    for (let k = i + 1; k < i + code; k++) out.push(encoded[k]);
    i += code;
    if (code < FULL_BLOCK && i < encoded.length) out.push(0);
  }
  const bytes = Buffer.from(out);
  return cobsEncode(bytes).equals(encoded) ? bytes : null;
}

function encodeFrame(payload) {
  const crc = Buffer.alloc(CRC_BYTES);
  crc.writeUInt32BE(crc32(payload));
  return Buffer.concat([cobsEncode(Buffer.concat([payload, crc])), Buffer.from([0])]);
}

// One frame without its zero: { payload } or { error }.
function decodeFrame(encoded) {
  if (encoded.length === 0) return { error: 'EMPTY' };
  const bytes = cobsDecode(encoded);
  if (bytes === null) return { error: 'BAD_COBS' };
  const length = bytes.length - CRC_BYTES;
  if (length < 1) return { error: 'TOO_SHORT' };
  if (length > LONGEST_PAYLOAD) return { error: 'TOO_LONG' };
  const payload = bytes.subarray(0, length);
  return bytes.readUInt32BE(length) === crc32(payload) ? { payload } : { error: 'BAD_CRC' };
}

// Takes the line's bytes in any pieces and keeps no more than the longest frame.
class FrameReader {
  constructor() {
    this.held = Buffer.alloc(LONGEST_FRAME);
    this.length = 0;
  }

  // The frames that these bytes complete, in their order: { payload } or { error }.
  push(bytes) {
    const frames = [];
    for (const byte of bytes) {
      if (byte === 0) frames.push(this.finish());
      else this.keep(byte);
    }
    return frames;
  }

  keep(byte) {
    if (this.length < LONGEST_FRAME) this.held[this.length] = byte;
    if (this.length <= LONGEST_FRAME) this.length++;
  }

  finish() {
    const length = this.length;
    this.length = 0;
    return length > LONGEST_FRAME ? { error: 'TOO_LONG' } : decodeFrame(this.held.subarray(0, length));
  }
}

module.exports = { FrameReader, encodeFrame };

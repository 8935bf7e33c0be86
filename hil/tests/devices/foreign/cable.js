#!/usr/bin/env node
'use strict';
// A smart cable in lockstep time: lines of events on standard input, blocks of answers on standard output.

const crypto = require('node:crypto');
const readline = require('node:readline');
const { FrameReader, encodeFrame } = require('./lib/frames');
const { BadMessage, decodeMessage, encodeMessage } = require('./lib/messages');
const { Machine } = require('./lib/machine');
const { Purse } = require('./lib/purse');
const { StorageFailed, Store } = require('./lib/store');
const { Wallet } = require('./lib/wallet');
const { coinOfProfile, limitsOfProfile } = require('./lib/profile');

// Version of the program and of its record: `node cable.js 2` runs a newer one.
const FIRMWARE = Number(process.argv[2] ?? 1);
const IDENTITY = `clean-cable-js ${FIRMWARE}.0`;
const LOCKSTEP_VERSION = '1';
const MAINS_PRESENT_MV = 85000;
const NO_READING = '-';

// Session ids and nothing else are random here; all come from the seed.
function sessionIds(seedHex) {
  let drawn = 0;
  return () => crypto.createHmac('sha256', Buffer.from(seedHex, 'hex')).update(`session ${drawn++}`).digest('hex')
    .slice(0, 16);
}

function readingOf([voltage, , power, energy]) {
  if (energy === NO_READING) return null;
  return { power_mw: Number(power), energy_uwh: Number(energy), live: Number(voltage) >= MAINS_PRESENT_MV };
}

class Device {
  constructor({ seed, storage, profile }) {
    this.answer = [];
    this.frames = new FrameReader();
    this.dropped = 0;
    this.store = new Store(storage, FIRMWARE);
    this.record = this.store.load();
    const limits = limitsOfProfile(profile);
    const wallet = new Wallet(profile.account, limits.network);
    const purse = new Purse(this.record?.purse);
    this.receiveCoins(profile, purse, wallet);
    this.machine = new Machine({
      limits, wallet, purse, newSessionId: sessionIds(seed), save: (record) => this.store.save(record),
      port: { send: (message) => this.send(message), note: (text) => this.say(text) },
    });
  }

  receiveCoins(profile, purse, wallet) {
    const coins = (profile.coins ?? []).map((coin) => coinOfProfile(coin));
    const own = coins.filter((coin) => coin !== null && wallet.secretFor(coin, purse.changeIndex) !== null);
    if (own.length < coins.length) this.say(`${coins.length - own.length} coins of the profile are not this account's`);
    purse.receive(own);
  }

  // The block of lines that answers one event.
  react(words) {
    const [, time, ...rest] = words;
    const now = Number(time);
    const [event, data] = rest.slice(6);
    this.machine.read(now, readingOf(rest));
    if (event === 'power-on') this.start(now);
    if (event === 'link') this.hear(now, Buffer.from(data ?? '', 'hex'));
    this.machine.tick(now);
    const lines = [...this.answer, `until ${this.machine.deadline() ?? 'never'}`];
    this.answer = [];
    return lines;
  }

  start(now) {
    this.answer.push(`identity ${IDENTITY}`);
    this.say(IDENTITY);
    this.machine.powerOn(now, this.record);
  }

  hear(now, bytes) {
    for (const frame of this.frames.push(bytes)) {
      const message = frame.error ? null : this.understand(frame.payload);
      if (message) this.machine.receive(now, message);
      else this.dropped++;
    }
  }

  understand(payload) {
    try {
      return decodeMessage(payload);
    } catch (error) {
      if (error instanceof BadMessage) return null;
      throw error;
    }
  }

  send(message) {
    this.answer.push(`link ${encodeFrame(encodeMessage(message)).toString('hex')}`);
  }

  say(text) {
    this.answer.push(`console ${text}`);
  }
}

// The five lines before the first event, by their first word.
function readSetup(setup) {
  if (setup.lockstep !== LOCKSTEP_VERSION || setup.role !== 'cable') throw new Error('this is a cable for lockstep 1');
  const profile = JSON.parse(setup.profile);
  if (typeof profile.account !== 'string') throw new Error('the profile names no account');
  return new Device({ seed: setup.seed, storage: setup.storage, profile });
}

async function main() {
  const setup = {};
  let device = null;
  let stopped = false;

  // What the event leads to. Over a storage that fails the device stops: nothing of the event is said, nothing later.
  function answer(line) {
    if (stopped) return ['until never'];
    try {
      device ??= readSetup(setup);
      return device.react(line.split(' '));
    } catch (error) {
      if (!(error instanceof StorageFailed)) throw error;
      stopped = true;
      return [`console stopped: ${error.message}`, 'until never'];
    }
  }

  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const at = line.indexOf(' ');
    if (!line.startsWith('at ')) {
      setup[line.slice(0, at)] = line.slice(at + 1);
      continue;
    }
    process.stdout.write(`${answer(line).join('\n')}\n`);
  }
}

main();

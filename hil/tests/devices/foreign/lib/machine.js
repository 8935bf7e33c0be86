'use strict';
// The cable's states and timers (SPEC, "States and timers"). Instants are in microseconds.
//
// The machine is told what happens (powerOn, read, receive, tick) and acts through `port`: send(message), note(text).

const checks = require('./checks');
const transactions = require('./transactions');
const { VERSION, errorText } = require('./messages');

const SECOND = 1000000;
const HELLO = 1 * SECOND;
const REPLY = 2 * SECOND;
const SILENT_PEER = 60 * SECOND;
const CALL_AGAIN = 10 * SECOND;
const CABLE_METER = 10 * SECOND;
const APPLIANCE_IDLE = 10 * SECOND;
const SAMPLE = 0.5 * SECOND;
const IDLE_POWER_MW = 1000;
const HOUR_PER_SECOND = 3600;
const METER_END_UWH = 1e13; // where the register of the meter goes on from 0
const LAST_SEQUENCE = 0xffffffff;
const RESTART_STEP = 65536;
const MOST_TOLD_MWH = 0xffffffff;

const STATE = {
  UNPLUGGED: 'unplugged', CALLING: 'calling', FUNDED: 'funded', PAYING: 'paying', SUPPLIED: 'supplied', ENDED: 'ended',
};
const IN_SESSION = [STATE.FUNDED, STATE.PAYING, STATE.SUPPLIED];
const TERMS = [
  'tariff_sat_per_wh', 'quantum_sat', 'payee_script', 'fee_rate_sat_per_vb', 'mode', 'max_payments',
  'min_confirmations', 'max_power_w',
];
const HARMLESS_ERRORS = ['MALFORMED', 'UNEXPECTED'];
const ANOTHER_MAY_BEGIN = {
  errors: ['UNKNOWN_SESSION', 'SESSION_REUSED', 'LEDGER_UNAVAILABLE', 'COIN_UNCONFIRMED'],
  reasons: ['CREDIT_SPENT', 'PEER_SILENT', 'PEER_RESTARTED', 'UNPLUGGED', 'FAULT'],
};

function termsOf(offer) {
  return Object.fromEntries(TERMS.map((name) => [name, offer[name]]));
}

function newSession(id) {
  return {
    id, sent: 0, received: 0, offer: null, funding: null, n: 0, acknowledged: 0, newest: null, previous: null,
    counted_uwh: 0, unseen_mwh: 0, drew: false,
  };
}

// µWh from one reading of the meter's register to the next; one that went back counts for none.
function countedBetween(earlier, later) {
  const passedItsEnd = later < earlier - METER_END_UWH / 2;
  return Math.max(0, later - earlier + (passedItsEnd ? METER_END_UWH : 0));
}

class Machine {
  // `limits`: max_payments, max_tariff_sat_per_wh, max_quantum_sat, max_fee_rate_sat_per_vb, network.
  // `wallet`: changeScript(index), secretFor(coin, changeIndexes). `save(record)` outlives power cuts.
  constructor({ limits, wallet, purse, newSessionId, port, save }) {
    Object.assign(this, { limits, wallet, purse, newSessionId, port, save });
    this.state = STATE.UNPLUGGED;
    this.session = null;
    this.past = null;
    this.savedSent = 0;
    this.resumes = false;
    this.timers = {};
    this.meter = { energy_uwh: null, at: 0, alive: false, idle: false };
    this.idleSince = null;
  }

  // ---- what is kept ----

  keep() {
    const session = this.session && this.session.n > 0 ? this.session : null;
    this.savedSent = session ? session.sent : 0;
    this.save({ purse: this.purse, visiting: this.state !== STATE.ENDED, session, past: this.past });
  }

  // ---- inputs ----

  // `record` is what was kept before this start, or null.
  powerOn(now, record) {
    this.now = now;
    this.past = record?.past ?? null;
    if (record?.session) this.resumeCalling(record.session);
    else if (!record?.visiting) this.purse.beginVisit();
    this.state = STATE.CALLING;
    if (!this.session && !this.purse.mayPayAgain(this.limits.max_payments)) this.fallSilent();
    else this.sendHello();
  }

  // What flowed while the cable was off it cannot know: at most all that was paid for.
  resumeCalling(session) {
    this.session = { ...session, drew: true, sent: Math.min(session.sent + RESTART_STEP, LAST_SEQUENCE) };
    const unclaimed = checks.boughtMwh(session.offer, session.n) - this.countedMwh();
    this.session.unseen_mwh = Math.max(session.unseen_mwh, unclaimed);
    this.resumes = true;
    this.keep();
  }

  // The cable's own meter: { power_mw, energy_uwh, live }; null if it does not answer. `live`: there is mains voltage.
  read(now, reading) {
    this.now = now;
    if (reading === null) return this.loseMeter();
    const last = this.meter;
    const used = last.energy_uwh === null ? 0 : countedBetween(last.energy_uwh, reading.energy_uwh);
    const drew = used * HOUR_PER_SECOND > now - last.at;
    const draws = reading.power_mw >= IDLE_POWER_MW;
    const idle = !draws && reading.live;
    this.meter = { energy_uwh: reading.energy_uwh, at: now, alive: true, idle };
    if (!idle) this.idleSince = null;
    else if (drew || this.idleSince === null) this.idleSince = now;
    if (IN_SESSION.includes(this.state)) this.count(used, drew || draws);
  }

  loseMeter() {
    this.meter = { ...this.meter, alive: false, idle: false };
    this.idleSince = null;
  }

  count(used, draws) {
    this.session.counted_uwh += used;
    if (!draws || this.session.drew) return;
    this.session.drew = true;
    this.keep();
  }

  receive(now, message) {
    this.now = now;
    if (message.session !== this.session?.id) this.receivePast(message);
    else if (this.isNew(message)) this.handle(message);
  }

  // Serves all timers that have come.
  tick(now) {
    this.now = now;
    for (let due = this.nextDue(); due !== null && due.at <= now; due = this.nextDue()) {
      if (due.name !== 'idle') delete this.timers[due.name];
      this.serve(due.name);
    }
  }

  // When tick must be called at the latest, or null.
  deadline() {
    return this.nextDue()?.at ?? null;
  }

  // ---- timers ----

  nextDue() {
    const due = Object.entries(this.timers).map(([name, at]) => ({ name, at }));
    if (this.mayFinish()) due.push({ name: 'idle', at: this.idleSince + APPLIANCE_IDLE });
    return due.reduce((first, other) => (first === null || other.at < first.at ? other : first), null);
  }

  mayFinish() {
    return this.state === STATE.SUPPLIED && this.session.drew && this.idleSince !== null;
  }

  serve(name) {
    switch (name) {
      case 'call': return this.sendHello();
      case 'patience':
      case 'silence': return this.giveUpPeer();
      case 'reply': return this.state === STATE.FUNDED ? this.sendFunding() : this.sendPayment();
      case 'meter': return this.sendMeter();
      case 'sample': return this.sampleLater();
      case 'idle': return this.close('APPLIANCE_FINISHED');
      default: throw new Error(`no such timer: ${name}`);
    }
  }

  start(name, duration) {
    this.timers[name] = this.now + duration;
  }

  enter(state) {
    this.state = state;
    delete this.timers.reply;
    delete this.timers.patience;
    if (state !== STATE.SUPPLIED) this.start('patience', SILENT_PEER);
  }

  beginTimers() {
    this.timers = {};
    this.start('silence', SILENT_PEER);
    this.start('meter', CABLE_METER);
    this.start('sample', SAMPLE);
  }

  // Each wake-up brings a reading of the meter; nothing else is to be done.
  sampleLater() {
    this.start('sample', SAMPLE);
  }

  // ---- what is said ----

  send(type, fields) {
    const { session } = this;
    session.sent = Math.min(session.sent + 1, LAST_SEQUENCE);
    if (session.n > 0 && session.sent - this.savedSent > RESTART_STEP / 2) this.keep();
    this.port.send({ type, session: session.id, sequence: session.sent, ...fields });
  }

  sendHello() {
    if (!this.session) {
      if (!this.purse.mayPayAgain(this.limits.max_payments)) return this.fallSilent();
      this.session = newSession(this.newSessionId());
    }
    this.send('HELLO', { version: VERSION, modes: checks.SPOKEN_MODES, network: this.limits.network });
    this.start('call', HELLO);
  }

  sendFunding() {
    this.send('FUNDING', this.session.funding);
    this.start('reply', REPLY);
  }

  sendPayment() {
    this.send('PAYMENT', { n: this.session.n, transaction: this.session.newest });
    if (this.state === STATE.PAYING) this.start('reply', REPLY);
  }

  sendMeter() {
    this.send('METER', { energy_mwh: this.toldMwh() });
    this.start('meter', CABLE_METER);
  }

  sendError({ code, text }) {
    this.port.note(`refused: ${text}`);
    this.send('ERROR', { code, text: errorText(text) });
  }

  sendClose(reason) {
    this.send('CLOSE', { reason, energy_mwh: this.toldMwh(), txid: '' });
  }

  // ---- energy ----

  countedMwh() {
    return Math.floor(this.session.counted_uwh / 1000);
  }

  toldMwh() {
    return Math.min(this.countedMwh(), MOST_TOLD_MWH);
  }

  // With what may have flowed while the cable was off.
  believedMwh() {
    return this.countedMwh() + this.session.unseen_mwh;
  }

  // ---- messages ----

  isNew(message) {
    const { session } = this;
    if (message.type === 'ERROR' && message.sequence === 0) return true;
    if (message.sequence <= session.received) return this.isOfferOfAnother(message);
    session.received = message.sequence;
    return true;
  }

  // Another socket counts from 1: its offer in the session that is to be resumed is told by its terms.
  isOfferOfAnother(message) {
    return this.resumes && message.type === 'OFFER' && !this.isSameOffer(message);
  }

  handle(message) {
    if (IN_SESSION.includes(this.state)) this.start('silence', SILENT_PEER);
    switch (message.type) {
      case 'OFFER': return this.onOffer(message);
      case 'PAYMENT_REQUEST': return this.onRequest(message);
      case 'RECEIPT': return this.onReceipt(message);
      case 'METER': return this.onMeter(message);
      case 'CLOSE': return this.onClose(message);
      case 'ERROR': return this.onError(message);
      default: return this.port.note(`${message.type} is not for a cable`);
    }
  }

  // A CLOSE that crossed the end of the last session still tells which payment settled it.
  receivePast(message) {
    const { past } = this;
    const late = past && message.type === 'CLOSE' && message.session === past.id && message.sequence > past.received;
    if (!late) return;
    this.purse.noteSettled(message.txid);
    this.past = null;
    const calls = this.state === STATE.CALLING && !this.resumes;
    if (calls && !this.purse.mayPayAgain(this.limits.max_payments)) this.fallSilent();
    else this.keep();
  }

  // ---- OFFER ----

  isSameOffer(message) {
    return TERMS.every((name) => message[name] === this.session.offer[name]);
  }

  onOffer(message) {
    if (this.state !== STATE.CALLING) return;
    if (this.resumes) this.judgeResumedOffer(message);
    else this.judgeOffer(message);
  }

  judgeOffer(message) {
    const refused = checks.checkOffer(message, this.limits);
    if (refused) this.refuseOffer(refused);
    else this.declareCoins(termsOf(message));
  }

  judgeResumedOffer(message) {
    if (this.isSameOffer(message)) this.resumeSession();
    else this.refuseOffer(checks.refusal('UNSUITABLE', 'these are not the terms of this session'));
  }

  refuseOffer(refused) {
    this.sendError(refused);
    this.callLater('', refused.code);
  }

  declareCoins(offer) {
    this.session.offer = offer;
    this.session.funding = {
      coins: this.purse.coinsToDeclare(),
      change_script: this.wallet.changeScript(this.purse.nextChangeIndex()),
      max_payments: this.purse.budgetLeft(this.limits.max_payments),
    };
    this.keep();
    this.beginTimers();
    this.enter(STATE.FUNDED);
    this.sendFunding();
  }

  resumeSession() {
    this.resumes = false;
    this.beginTimers();
    this.enter(STATE.PAYING);
    this.sendPayment();
  }

  // ---- PAYMENT_REQUEST ----

  onRequest(request) {
    if (!IN_SESSION.includes(this.state)) return;
    if (this.isRepeated(request)) this.sendPayment();
    else this.judgeRequest(request);
  }

  isRepeated(request) {
    const { n, newest } = this.session;
    if (request.n !== n) return false;
    const signed = transactions.readTransaction(Buffer.from(newest, 'hex'));
    const unsigned = transactions.writeTransaction(transactions.withoutSignatures(signed));
    return unsigned.toString('hex') === request.transaction;
  }

  // What the next payment must be.
  nextPayment() {
    const { session } = this;
    const n = session.n + 1;
    const single = session.offer.mode === 'SINGLE_FEE';
    const coins = single || n === 1 ? session.funding.coins : this.changeOfNewest();
    const own = transactions.buildPayment(coins, single ? n : 1, session.offer, session.funding.change_script);
    return { n, most: Math.min(session.offer.max_payments, session.funding.max_payments), coins, own };
  }

  changeOfNewest() {
    const coin = transactions.changeCoin(transactions.readTransaction(Buffer.from(this.session.newest, 'hex')));
    return coin ? [coin] : [];
  }

  judgeRequest(request) {
    const { session } = this;
    const due = this.nextPayment();
    if (request.n === due.n) session.acknowledged = session.n;
    const refused = checks.checkRequest(request, session.offer, this.believedMwh(), due);
    if (refused) this.refuse(refused);
    else if (this.mayPay(request)) this.signPayment(due);
    else this.declineRequest();
  }

  // A cable whose meter is out of order signs nothing.
  mayPay(request) {
    return this.meter.alive && checks.metersAllow(this.session.offer, request.n, request.energy_mwh, this.believedMwh());
  }

  declineRequest() {
    if (this.state === STATE.PAYING) this.takeReceipt();
  }

  signPayment(due) {
    const { session } = this;
    const secrets = due.coins.map((coin) => this.wallet.secretFor(coin, this.purse.changeIndex));
    if (secrets.includes(null)) return this.close('FAULT');
    const signed = transactions.signTransaction(due.own, due.coins, secrets);
    session.previous = session.newest;
    session.newest = transactions.writeTransaction(signed).toString('hex');
    session.n = due.n;
    this.enter(STATE.PAYING);
    this.keep();
    this.sendPayment();
  }

  // ---- RECEIPT, METER ----

  onReceipt(receipt) {
    const { session } = this;
    if (this.state !== STATE.PAYING || receipt.n < session.n) return;
    const refused = receipt.n > session.n
      ? checks.refusal('RECEIPT_SHORT', `payment ${receipt.n} was not signed`)
      : checks.checkReceipt(receipt, session.offer);
    if (refused) this.refuse(refused);
    else this.takeReceipt();
  }

  takeReceipt() {
    this.session.acknowledged = this.session.n;
    this.enter(STATE.SUPPLIED);
    this.keep();
  }

  onMeter(message) {
    if (!IN_SESSION.includes(this.state)) return;
    const refused = checks.checkClaim(this.session.offer, message.energy_mwh, this.believedMwh());
    if (refused) this.refuse(refused);
  }

  // ---- ends ----

  onError(message) {
    if (HARMLESS_ERRORS.includes(message.code)) return;
    this.port.note(`socket refused: ${message.code}`);
    const coinsMissing = message.code === 'COIN_UNKNOWN' && this.state === STATE.FUNDED;
    const another = coinsMissing ? this.purse.noteMissing() : ANOTHER_MAY_BEGIN.errors.includes(message.code);
    this.endOrCallLater(another, '', message.code);
  }

  onClose(message) {
    const another = ANOTHER_MAY_BEGIN.reasons.includes(message.reason);
    this.endOrCallLater(another, message.txid, message.reason);
  }

  endOrCallLater(anotherMayBegin, settledBy, why) {
    if (this.state === STATE.CALLING || anotherMayBegin) this.callLater(settledBy, why);
    else this.end(settledBy, why);
  }

  giveUpPeer() {
    this.sendClose('PEER_SILENT');
    this.callLater('', 'PEER_SILENT');
  }

  refuse(refused) {
    this.sendError(refused);
    this.close('REFUSED');
  }

  close(reason) {
    this.sendClose(reason);
    this.end('', reason);
  }

  // Another session begins after a pause, if there are coins, budget and trust for it.
  callLater(settledBy, why) {
    this.forgetSession(settledBy, why);
    if (!this.purse.mayPayAgain(this.limits.max_payments)) return this.fallSilent();
    this.state = STATE.CALLING;
    this.start('call', CALL_AGAIN);
    this.keep();
  }

  end(settledBy, why) {
    this.forgetSession(settledBy, why);
    this.state = STATE.ENDED;
    this.keep();
  }

  fallSilent() {
    this.port.note('no coins, budget or trust are left');
    this.session = null;
    this.timers = {};
    this.state = STATE.ENDED;
    this.keep();
  }

  forgetSession(settledBy, why) {
    const { session } = this;
    this.port.note(`session ${session.id} ended: ${why}, ${session.n} payments`);
    if (session.n > 0) {
      this.past = settledBy === '' ? { id: session.id, received: session.received } : null;
      this.purse.noteSession(session, this.believedMwh(), settledBy);
    }
    this.session = null;
    this.resumes = false;
    this.timers = {};
  }
}

module.exports = { Machine };

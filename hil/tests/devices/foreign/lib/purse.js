'use strict';
// What outlives a session: the coins, and what was spent since the cable was plugged in (SPEC, "Restarts and lost links").
//
// The cable sees no ledger. After a session its coins are one of several `options`, best first; the others are taken
// when the socket does not find those declared. `loose` coins were in no session yet.

const { READING_TOLERANCE_MWH, boughtMwh, mostBelievedMwh } = require('./checks');
const { changeCoin, readTransaction, transactionId } = require('./transactions');

const MOST_DECLARED = 16;
const MOST_OPTIONS = 8;

function outpoint(coin) {
  return `${coin.txid}:${coin.index}`;
}

function undelivered(offer, payments, counted) {
  return Math.max(0, boughtMwh(offer, payments) - mostBelievedMwh(offer, counted));
}

// A payment's change as an option: the coin exists only if that payment settled.
function changeOption(transaction) {
  const parsed = readTransaction(Buffer.from(transaction, 'hex'));
  const coin = changeCoin(parsed);
  return { settledBy: transactionId(parsed), coins: coin ? [coin] : [] };
}

class Purse {
  constructor(record) {
    Object.assign(this, record ?? {
      known: [], loose: [], options: [], tried: 0, newest: null, changeIndex: 0, doubt_mwh: 0,
      spent: { payments: 0, lost_mwh: 0, payment_mwh: 0 },
    });
  }

  // Coins that the owner gave; those that were known before may be spent by now.
  receive(coins) {
    for (const coin of coins) {
      if (this.known.includes(outpoint(coin))) continue;
      this.known.push(outpoint(coin));
      this.loose.push(coin);
    }
  }

  coinsToDeclare() {
    const expected = this.options.length > 0 ? this.options[0].coins : [];
    return [...expected, ...this.loose].slice(0, MOST_DECLARED);
  }

  nextChangeIndex() {
    return this.changeIndex++;
  }

  // Plugged in anew: budget and trust begin again, and what left no change gives way to what may have.
  beginVisit() {
    this.spent = { payments: 0, lost_mwh: 0, payment_mwh: 0 };
    this.tried = 0;
    this.doubt_mwh = 0;
    if (this.options.length > 1 && this.options[0].coins.length === 0) this.options.push(this.options.shift());
  }

  budgetLeft(maxPayments) {
    return Math.max(0, maxPayments - this.spent.payments);
  }

  mayPayAgain(maxPayments) {
    const { lost_mwh: lost, payment_mwh: payment } = this.spent;
    const trusted = lost === 0 || lost + READING_TOLERANCE_MWH < payment;
    return this.coinsToDeclare().length > 0 && this.budgetLeft(maxPayments) > 0 && trusted;
  }

  // A session is over. `counted`: energy that the cable believes; `settledBy`: the id that CLOSE named, or ''.
  // What was signed is gone from the budget; a payment that was never acknowledged may not be taken.
  noteSession(session, counted, settledBy) {
    if (session.n === 0) return;
    const { offer, n, acknowledged } = session;
    const lost = undelivered(offer, acknowledged, counted);
    this.spent.payments += n;
    this.spent.payment_mwh = boughtMwh(offer, 1);
    this.spent.lost_mwh += lost;
    this.doubt_mwh = undelivered(offer, n, counted) - lost;
    this.replaceOptions(session, acknowledged === n);
    this.noteSettled(settledBy);
  }

  replaceOptions(session, acknowledged) {
    const { coins } = session.funding;
    const declared = coins.map(outpoint);
    const newest = changeOption(session.newest);
    const before = session.n > 1 ? changeOption(session.previous) : { settledBy: null, coins };
    const older = acknowledged || session.n > 1 ? [] : this.options.slice(1);
    const known = acknowledged && session.n === 1 ? [newest] : [before, newest, ...older];
    this.options = (acknowledged ? known.reverse() : known).slice(0, MOST_OPTIONS);
    this.newest = newest.settledBy;
    this.loose = this.loose.filter((coin) => !declared.includes(outpoint(coin)));
    this.tried = 0;
  }

  // CLOSE named the transaction that settles the last session, perhaps after the session was given up.
  noteSettled(txid) {
    const at = this.options.findIndex((option) => option.settledBy === txid);
    if (txid === '' || at < 0) return;
    this.options.unshift(...this.options.splice(at, 1));
    if (txid === this.newest) this.acknowledgeNewest();
    else this.doubt_mwh = 0;
  }

  // The coins declared before a first payment that was taken are spent.
  acknowledgeNewest() {
    this.confirmDoubt();
    const wasFirst = this.options.some((option) => option.settledBy === null);
    if (wasFirst) this.options.length = 1;
  }

  // The payment that was never acknowledged was taken after all.
  confirmDoubt() {
    this.spent.lost_mwh += this.doubt_mwh;
    this.doubt_mwh = 0;
  }

  // The socket did not find the declared coins. Whether there are others that were not tried since.
  noteMissing() {
    if (this.options.length === 0) return false;
    const [missing] = this.options;
    if (missing.settledBy !== this.newest) this.confirmDoubt();
    this.options.push(this.options.shift());
    this.tried = (this.tried + 1) % this.options.length;
    return this.tried > 0;
  }
}

module.exports = { Purse };

'use strict';
// What the cable checks (SPEC, "What each side checks" and "Two meters"). A check answers null or { code, text }.

const transactions = require('./transactions');

const SPOKEN_MODES = ['SINGLE_FEE', 'PER_PAYMENT'];
const MOST_CREDIT_LEFT_MWH = 2100;
const READING_TOLERANCE_MWH = 100;
const METER_ERROR_PERCENT = 2;
const METERS_APART = 2 * METER_ERROR_PERCENT;
const SLOW_METER = 100 - METER_ERROR_PERCENT;
const FAST_METER = 100 + METER_ERROR_PERCENT;

function refusal(code, text) {
  return { code, text: `${code}: ${text}` };
}

// ---- energy, in whole mWh ----

// E(n): what n payments buy.
function boughtMwh(offer, n) {
  return Number(BigInt(n) * BigInt(offer.quantum_sat) * 1000n / BigInt(offer.tariff_sat_per_wh));
}

// The highest claim that the cable believes when it counted `counted`, (1).
function mostBelievedMwh(offer, counted) {
  const apart = Math.floor(counted * METERS_APART / SLOW_METER) + READING_TOLERANCE_MWH;
  return counted + Math.min(apart, boughtMwh(offer, 1));
}

// Whether honest meters stay less than a payment apart until payment n is used up, (2).
function metersAllow(offer, n, claimed, counted) {
  const toCome = boughtMwh(offer, n) + READING_TOLERANCE_MWH - claimed;
  const drift = Math.floor(toCome * METERS_APART / FAST_METER) + READING_TOLERANCE_MWH;
  return claimed - counted + drift <= boughtMwh(offer, 1);
}

function checkClaim(offer, claimed, counted) {
  if (claimed <= mostBelievedMwh(offer, counted)) return null;
  return refusal('ENERGY_OVERCLAIMED', `socket claims ${claimed} mWh, cable used ${counted} mWh`);
}

// ---- OFFER ----

function checkQuantum(offer) {
  const { dust } = transactions.scriptKind(offer.payee_script);
  const bought = boughtMwh(offer, 1);
  if (BigInt(offer.quantum_sat) < dust) return refusal('QUANTUM_TOO_LOW', `quantum ${offer.quantum_sat} sat is dust`);
  if (bought < 1 || !metersAllow(offer, 1, 0, 0)) return refusal('QUANTUM_TOO_LOW', `quantum buys ${bought} mWh`);
  return null;
}

function checkLimit(code, name, value, most, unit) {
  return value <= most ? null : refusal(code, `${name} ${value} ${unit}, at most ${most} ${unit}`);
}

function checkOffer(offer, limits) {
  if (!SPOKEN_MODES.includes(offer.mode)) return refusal('UNSUITABLE', `mode ${offer.mode} was not asked for`);
  return checkLimit('TARIFF_TOO_HIGH', 'tariff', offer.tariff_sat_per_wh, limits.max_tariff_sat_per_wh, 'sat/Wh')
    ?? checkLimit('QUANTUM_TOO_HIGH', 'quantum', offer.quantum_sat, limits.max_quantum_sat, 'sat')
    ?? checkLimit('FEE_RATE_TOO_HIGH', 'fee rate', offer.fee_rate_sat_per_vb, limits.max_fee_rate_sat_per_vb, 'sat/vB')
    ?? (transactions.scriptKind(offer.payee_script) ? checkQuantum(offer)
      : refusal('PAYEE_SCRIPT', 'payee script is neither P2WPKH nor P2PKH'));
}

// ---- the proposal against the cable's own build ----

function outpointsOf(transaction) {
  return transaction.inputs.map((input) => `${input.txid}:${input.index}`);
}

function checkInputs(proposal, own) {
  const agreed = outpointsOf(own);
  const spent = outpointsOf(proposal);
  const foreign = spent.find((outpoint) => !agreed.includes(outpoint));
  if (foreign !== undefined) return refusal('FOREIGN_INPUT', `${foreign} was not declared`);
  const missing = agreed.find((outpoint) => !spent.includes(outpoint));
  if (missing !== undefined) return refusal('MISSING_INPUT', `${missing} is not spent`);
  return spent.length === agreed.length ? null : refusal('DUPLICATE_INPUT', 'a coin is spent twice');
}

function valueTo(transaction, script) {
  return transaction.outputs.filter((output) => output.script === script)
    .reduce((total, output) => total + output.value, 0n);
}

function paysTo(transaction, script) {
  return transaction.outputs.some((output) => output.script === script);
}

function checkPayee(proposal, own) {
  const { script, value: due } = own.outputs[0];
  if (!paysTo(proposal, script)) return refusal('WRONG_PAYEE', 'no output pays the agreed payee');
  const paid = valueTo(proposal, script);
  const amounts = `${paid} sat instead of ${due} sat`;
  if (paid < due) return refusal('UNDERPAID', `underpaid by ${due - paid} sat: ${amounts}`);
  return paid > due ? refusal('OVERPAID', `overpaid by ${paid - due} sat: ${amounts}`) : null;
}

function checkChange(proposal, own) {
  const change = own.outputs[1];
  if (change === undefined || paysTo(proposal, change.script)) return null;
  const diverted = proposal.outputs.some((output) => output.script !== own.outputs[0].script);
  return diverted ? refusal('CHANGE_DIVERTED', 'change goes to a stranger') : refusal('CHANGE_MISSING', 'no change');
}

function totalOut(transaction) {
  return transaction.outputs.reduce((total, output) => total + output.value, 0n);
}

function checkFee(proposal, own, coins) {
  const held = transactions.coinsValue(coins);
  const fee = held - totalOut(proposal);
  const agreed = held - totalOut(own);
  if (fee > agreed) return refusal('FEE_TOO_HIGH', `fee ${fee} sat instead of ${agreed} sat`);
  return fee < agreed ? refusal('FEE_TOO_LOW', `fee ${fee} sat instead of ${agreed} sat`) : null;
}

function checkForm(proposal) {
  if (proposal.version !== transactions.VERSION) return refusal('VERSION', `version ${proposal.version}`);
  if (proposal.locktime !== transactions.LOCKTIME) return refusal('LOCKTIME', `locktime ${proposal.locktime}`);
  const final = proposal.inputs.every((input) => input.sequence === transactions.FINAL_SEQUENCE);
  return final ? null : refusal('SEQUENCE', 'a sequence is not final');
}

function checkSame(proposal, own) {
  const same = transactions.writeTransaction(proposal).equals(transactions.writeTransaction(own));
  return same ? null : refusal('ALTERED', 'differs from the own build');
}

function checkProposal(proposal, own, coins) {
  return checkInputs(proposal, own)
    ?? checkPayee(proposal, own)
    ?? checkChange(proposal, own)
    ?? (proposal.outputs.length > own.outputs.length ? refusal('EXTRA_OUTPUT', 'an output too many') : null)
    ?? checkFee(proposal, own, coins)
    ?? checkForm(proposal)
    ?? checkSame(proposal, own);
}

// ---- PAYMENT_REQUEST ----

function readProposal(hex) {
  try {
    return transactions.readTransaction(Buffer.from(hex, 'hex'));
  } catch (error) {
    if (error instanceof transactions.Malformed) return null;
    throw error;
  }
}

function checkTransaction(request, own, coins) {
  const proposal = readProposal(request.transaction);
  if (proposal === null) return refusal('TRANSACTION_MALFORMED', 'not one whole transaction');
  if (own === null) return refusal('FUNDS_EXHAUSTED', 'the coins do not hold the payment and its fee');
  return checkProposal(proposal, own, coins);
}

// `due` holds n, the most payments, the coins that pay and the cable's own build (null: the coins do not hold it).
function checkRequest(request, offer, counted, due) {
  if (request.n !== due.n) return refusal('NOT_NEXT', `payment ${request.n} instead of ${due.n}`);
  if (request.n > due.most) return refusal('TOO_MANY_PAYMENTS', `payment ${request.n}, at most ${due.most}`);
  const overclaimed = checkClaim(offer, request.energy_mwh, counted);
  if (overclaimed) return overclaimed;
  const left = boughtMwh(offer, due.n - 1) - request.energy_mwh;
  if (left > MOST_CREDIT_LEFT_MWH) return refusal('PREMATURE', `${left} mWh of credit are left`);
  return checkTransaction(request, due.own, due.coins);
}

// ---- RECEIPT, for the payment signed last ----

const MOST_TOLD_MWH = 0xffffffff;

function checkReceipt(receipt, offer) {
  const bought = Math.min(boughtMwh(offer, receipt.n), MOST_TOLD_MWH);
  if (receipt.credited_mwh >= bought) return null;
  return refusal('RECEIPT_SHORT', `${receipt.credited_mwh} mWh credited, ${bought} mWh bought`);
}

module.exports = {
  READING_TOLERANCE_MWH, SPOKEN_MODES, boughtMwh, checkClaim, checkOffer, checkReceipt, checkRequest,
  metersAllow, mostBelievedMwh, refusal,
};

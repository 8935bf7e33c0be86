'use strict';
// What the owner set: limits and coins, from the JSON profile.

const LIMITS = {
  max_payments: 100, max_tariff_sat_per_wh: 2000, max_quantum_sat: 20000, max_fee_rate_sat_per_vb: 100,
  network: 'REGTEST',
};

function limitsOfProfile(profile) {
  return Object.fromEntries(Object.entries(LIMITS).map(([name, value]) => [name, profile[name] ?? value]));
}

function reversed(hex) {
  return Buffer.from(hex, 'hex').reverse().toString('hex');
}

// The coin in the form of FUNDING, or null. People write transaction ids reversed.
function coinOfProfile({ txid, index, value_sat: value, script }) {
  const whole = /^[0-9a-f]{64}$/.test(txid) && Number.isInteger(index) && Number.isInteger(value) && script;
  return whole ? { txid: reversed(txid), index, value_sat: value, script } : null;
}

module.exports = { coinOfProfile, limitsOfProfile };

"""A socket keeps what it broadcast until blocks lie on it: evicted, reorganised or forgotten, it is sent again."""

from __future__ import annotations

import pytest

from hil.devices.firmware.rebroadcast import FINAL_CONFIRMATIONS, LOOK_S
from hil.ports import Acceptance
from hil.protocol.payment.coins import OutPoint
from hil.protocol.payment.transactions import parse_transaction, txid
from hil.protocol.policy import Mode
from hil.tests.devices.device_pair import DevicePair


def settled_pair(mode: Mode = Mode.SINGLE_FEE) -> DevicePair:
    """A session of two payments that has ended; its transactions have no block on them."""
    pair = DevicePair(socket={"mode": mode.label}, cable={"max_payments": 2}).start()
    pair.ledger.confirmations = 1
    pair.run(60.0)
    assert len(pair.ledger.sent) == (1 if mode is Mode.SINGLE_FEE else 2)
    return pair


def drop_from_mempool(pair: DevicePair) -> list[bytes]:
    """Let the ledger lose what it was sent last; the coins are unspent again."""
    lost = [pair.ledger.sent.pop()]
    parsed = parse_transaction(lost[0])
    for index in range(len(parsed.vout)):
        pair.ledger.coins.pop(OutPoint(txid(parsed), index), None)
    spent = {OutPoint(each.prevout.hash[::-1].hex(), each.prevout.n) for each in parsed.vin}
    for coin in pair.coins:
        if coin.outpoint in spent:
            pair.ledger.coins[coin.outpoint] = coin
    return lost


def test_a_transaction_that_the_mempool_dropped_is_sent_again() -> None:
    pair = settled_pair()
    lost = drop_from_mempool(pair)
    pair.run_for(LOOK_S + 1)
    assert pair.ledger.sent == lost
    assert "was no longer on the ledger: sent again" in pair.socket.console


def test_it_is_kept_across_a_power_cut() -> None:
    pair = settled_pair()
    pair.socket.supply(False)
    lost = drop_from_mempool(pair)
    pair.socket.supply(True)
    pair.run_for(LOOK_S + 1)
    assert pair.ledger.sent == lost


@pytest.mark.parametrize("mode", Mode)
def test_what_is_buried_is_forgotten_and_asked_for_no_more(mode: Mode) -> None:
    pair = settled_pair(mode)
    pair.ledger.confirmations = FINAL_CONFIRMATIONS - 1
    pair.run_for(LOOK_S + 1)
    assert pair.journal().unconfirmed() != []
    pair.ledger.confirmations = FINAL_CONFIRMATIONS
    pair.run_for(2 * LOOK_S + 1)
    assert pair.journal().unconfirmed() == []
    assert pair.socket.program.next_deadline() is None


def test_one_that_lost_against_another_spend_is_told_and_given_up() -> None:
    pair = settled_pair()
    drop_from_mempool(pair)
    pair.ledger.spend_elsewhere()
    pair.run_for(LOOK_S + 1)
    assert "lost: missing-inputs" in pair.socket.console
    assert pair.journal().unconfirmed() == []


@pytest.mark.parametrize("reason", ["insufficient fee", "txn-mempool-conflict"])
def test_one_that_another_spend_keeps_out_of_the_mempool_only_is_sent_again_when_that_is_gone(reason: str) -> None:
    pair = settled_pair()
    lost = drop_from_mempool(pair)
    pair.ledger.broadcast = lambda transaction: Acceptance(allowed=False, reason=reason)  # type: ignore[method-assign]
    pair.ledger.conflicting = "ab" * 32
    pair.run_for(LOOK_S + 1)
    assert "lost" not in pair.socket.console
    del pair.ledger.broadcast
    pair.ledger.conflicting = None
    pair.run_for(LOOK_S)
    assert pair.ledger.sent == lost


def test_one_whose_inputs_are_missing_is_kept_as_long_as_no_other_transaction_spends_them() -> None:
    pair = settled_pair()
    lost = drop_from_mempool(pair)
    coins, pair.ledger.coins = pair.ledger.coins, {}  # what made them was reorganised away
    pair.run_for(LOOK_S + 1)
    assert "lost" not in pair.socket.console
    pair.ledger.coins = coins
    pair.run_for(LOOK_S)
    assert pair.ledger.sent == lost


def test_one_that_is_lost_takes_those_with_it_that_spend_its_change() -> None:
    pair = settled_pair(Mode.PER_PAYMENT)
    first = txid(parse_transaction(pair.ledger.sent[0]))
    conflict = pair.ledger.conflict
    pair.ledger.conflict = lambda transaction: (  # type: ignore[method-assign]
        conflict(transaction) if txid(parse_transaction(transaction)) == first else None
    )
    pair.ledger.sent.clear()
    pair.ledger.spend_elsewhere()
    pair.run_for(LOOK_S + 1)
    assert pair.socket.console.count("lost: missing-inputs") == 2
    assert pair.journal().unconfirmed() == []


def test_a_full_mempool_or_a_lost_ledger_only_delays_it() -> None:
    pair = settled_pair()
    lost = drop_from_mempool(pair)
    pair.ledger.broadcast = lambda transaction: Acceptance(allowed=False, reason="mempool full")  # type: ignore[method-assign]
    pair.run_for(LOOK_S + 1)
    assert "is sent again later: mempool full" in pair.socket.console
    pair.ledger.available = False
    pair.run_for(LOOK_S)
    del pair.ledger.broadcast
    pair.ledger.available = True
    pair.run_for(LOOK_S)
    assert pair.ledger.sent == lost


def test_a_payment_that_its_owner_has_spent_is_done() -> None:
    pair = settled_pair()
    del pair.ledger.coins[OutPoint(txid(parse_transaction(pair.ledger.sent[0])), 0)]
    pair.run_for(LOOK_S + 1)
    assert pair.journal().unconfirmed() == []
    assert "lost" not in pair.socket.console

"""What was broadcast is looked after until six blocks lie on it."""

from __future__ import annotations

import pytest

from hil.second.money.transactions import txid_of
from hil.second.socket import Output
from hil.second.socket.keeper import Keeper
from hil.tests.second.vectors import coins, load
from hil.tests.second.world import MemoryLedger

CASE = load("transactions")["transactions"][0]
RAW = bytes.fromhex(CASE["signed"])
PAYEE_OUTPUT = (txid_of(RAW), 0)


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger(coins(CASE["coins"]))


@pytest.fixture
def notes() -> list[str]:
    return []


@pytest.fixture
def keeper(ledger: MemoryLedger, notes: list[str]) -> Keeper:
    keeper = Keeper(ledger, notes.append)
    ledger.spend(RAW)
    keeper.keep(RAW)
    keeper.look(0.0)
    return keeper


def test_a_transaction_that_the_mempool_dropped_is_sent_again_within_35_s(keeper: Keeper, ledger: MemoryLedger) -> None:
    ledger.forget()

    assert keeper.next_deadline() == 30.0
    keeper.look(30.0)

    assert ledger.sent == [RAW]
    assert keeper.next_deadline() == 60.0


@pytest.mark.parametrize(("blocks", "kept"), [(5, True), (6, False)])
def test_with_six_blocks_on_it_it_is_final(keeper: Keeper, ledger: MemoryLedger, blocks: int, kept: bool) -> None:
    ledger.unspent[PAYEE_OUTPUT] = Output(10_000, b"", blocks)

    keeper.look(30.0)

    assert (keeper.next_deadline() is not None) == kept


def test_one_whose_coins_another_transaction_spends_is_told_as_lost(
    keeper: Keeper, ledger: MemoryLedger, notes: list[str]
) -> None:
    ledger.forget()
    outpoint = coins(CASE["coins"])[0].outpoint
    del ledger.unspent[outpoint]
    ledger.spenders[outpoint] = "ab" * 32

    keeper.look(30.0)

    assert ["lost" in note for note in notes] == [True]
    assert keeper.next_deadline() is None


def test_a_silent_ledger_is_asked_again(keeper: Keeper, ledger: MemoryLedger) -> None:
    ledger.silent = True
    keeper.look(30.0)
    ledger.silent = False
    ledger.forget()

    keeper.look(60.0)

    assert ledger.sent == [RAW]

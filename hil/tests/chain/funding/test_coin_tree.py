"""Coins whose ids depend on a name only."""

from __future__ import annotations

import hashlib
import random

import pytest
from bitcoin.core import CTransaction, b2lx

from hil.chain.funding.coin_tree import BRANCHES, DEPTH, ROOTS, CoinTree, Drawn
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.signing import Key
from hil.units import Satoshi

KEY = Key(b"\x07" * 32)
SUBSIDY = Satoshi(50 * 100_000_000)
USUAL_SAT = 200_500
"""The funds of a scenario and the fee."""


def tree_of(count: int) -> CoinTree:
    roots = [Coin(OutPoint(f"{number:064x}", 0), SUBSIDY, KEY.p2wpkh_script) for number in range(count)]
    return CoinTree(roots, {KEY.p2wpkh_script: KEY})


@pytest.fixture
def tree() -> CoinTree:
    return tree_of(ROOTS)


def name(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def drawn(tree: CoinTree, text: str, value: int = USUAL_SAT) -> Drawn:
    found = tree.draw(name(text), value)
    assert found is not None
    return found


def test_the_coin_of_a_name_is_the_same_whatever_was_drawn_before(tree: CoinTree) -> None:
    names = [f"scenario {number}" for number in range(100)]
    first = {text: drawn(tree, text).coin for text in names}
    other = tree_of(ROOTS)
    random.Random(4).shuffle(names)  # noqa: S311 - another order

    assert {text: drawn(other, text).coin for text in names} == first
    assert len({coin.outpoint for coin in first.values()}) == 100


def test_a_coin_is_worth_what_a_scenario_needs_and_its_splits_lead_from_a_root_to_it(tree: CoinTree) -> None:
    found = drawn(tree, "a")

    assert USUAL_SAT <= found.coin.value < 2 * USUAL_SAT
    assert len(found.splits) == DEPTH
    spent, txids = [], []
    for raw in found.splits:
        transaction = CTransaction.deserialize(raw)
        assert len(transaction.vin) == 1
        assert len({(out.nValue, bytes(out.scriptPubKey)) for out in transaction.vout}) == 1
        assert len(transaction.vout) == BRANCHES
        spent.append(b2lx(transaction.vin[0].prevout.hash))
        txids.append(b2lx(transaction.GetTxid()))
    assert spent[1:] == txids[:-1]
    assert int(spent[0], 16) < ROOTS
    assert found.coin.outpoint.txid == txids[-1]
    assert tree.txids == set(txids)


def test_what_was_split_once_is_not_split_again(tree: CoinTree) -> None:
    everything = [
        raw for number in range(300) if (one := tree.draw(name(f"{number}"), USUAL_SAT)) for raw in one.splits
    ]
    spent = [(one.prevout.hash, one.prevout.n) for raw in everything for one in CTransaction.deserialize(raw).vin]

    assert len(set(spent)) == len(spent)


def test_nobody_gets_a_coin_twice(tree: CoinTree) -> None:
    drawn(tree, "a")
    assert tree.draw(name("a"), USUAL_SAT) is None


def test_a_larger_sum_gets_a_coin_nearer_to_a_root_and_cuts_nobody_off(tree: CoinTree) -> None:
    names = [f"scenario {number}" for number in range(200)]
    large = [found for text in names if (found := tree.draw(name(text), 300_000_000)) is not None]

    assert all(found.coin.value >= 300_000_000 for found in large)
    assert all(len(found.splits) < DEPTH for found in large)
    assert len(large) > 50
    assert not any(tree.is_taken(name(text)) for text in names)
    for text in names:
        drawn(tree, text)


def test_a_coin_is_taken_from_when_it_was_drawn_and_no_sooner() -> None:
    tree = tree_of(4)
    names = [f"scenario {number}" for number in range(700)]
    refused: list[str] = []
    for text in names:
        taken = tree.is_taken(name(text))
        if tree.draw(name(text), USUAL_SAT) is None:
            refused.append(text)
        assert taken == (text in refused[-1:])
    assert refused
    assert all(tree.is_taken(name(text)) for text in names)
    assert not CoinTree([], {}).is_taken(name("a"))


def test_more_than_a_root_is_worth_is_not_there(tree: CoinTree) -> None:
    assert tree.draw(name("a"), SUBSIDY + 1) is None
    assert CoinTree([], {}).draw(name("a"), 1) is None

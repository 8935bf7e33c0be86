"""Views of the ledger, held against their port on a real regtest node."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from hil.chain.client.rpc import LedgerUnavailable
from hil.chain.node.base import Node, free_port
from hil.chain.node.providers import choose
from hil.chain.views.factory import open_view, view_named
from hil.chain.views.servers import LedgerServer, OpenView
from hil.plugin_tests.laboratory import InLaboratory, laboratory_of
from hil.plugin_tests.ledger_bench import (
    ELSEWHERE,
    OWNER,
    VALUE,
    LedgerBench,
    gated,
    ledger_bench,
    spend,
    txid_of,
)
from hil.ports import Acceptance, CoinStatus
from hil.protocol.payment.coins import Coin, OutPoint
from hil.units import Satoshi

NOWHERE = OutPoint("ab" * 32, 0)
"""A coin that never was."""
ALLOWED = Acceptance(allowed=True)


class LedgerViewConformance(InLaboratory):
    """Holds a view of the ledger against all that a socket relies on, on a regtest node of its own.

    In a test module of your own::

        class TestOurView(LedgerViewConformance):
            ledger_view = "ours"

    The node is the provider's that ``NODE`` or ``[tool.hil]`` names, else ``auto``. A view that asks an Electrum server
    gets one on that node (``pip install 'micropay-hil[electrum]'``).
    """

    ledger_view: ClassVar[str]
    """Its name in ``hil.ledger_views``."""

    @pytest.fixture(scope="class")
    @classmethod
    def node(cls, request: pytest.FixtureRequest) -> Iterator[Node]:
        """A regtest node, running."""
        project = laboratory_of(request.config)
        with choose(os.environ.get("NODE") if project is None else project.provider(None)) as node:
            yield node

    @pytest.fixture(scope="class")
    @classmethod
    def running(cls, node: Node, request: pytest.FixtureRequest) -> Iterator[LedgerBench]:
        """The bench's hand on the node, and the server that the view asks."""
        laboratory_of(request.config)
        with ledger_bench(node, view_named(cls.ledger_view).asks) as bench:
            yield bench

    @pytest.fixture
    def bench(self, running: LedgerBench) -> LedgerBench:
        """The same at the beginning of a scenario."""
        running.ledger.begin()
        return running

    @pytest.fixture
    def view(self, bench: LedgerBench) -> Iterator[OpenView]:
        """The view, which is ready."""
        bench.settled()
        with contextlib.closing(open_view(self.ledger_view, bench.server)) as view:
            _is("ready", view.ready(), True)
            yield view

    def test_a_confirmed_coin_is_seen_as_it_is(self, view: OpenView, bench: LedgerBench) -> None:
        """Value, script and confirmations; no coin where there is none."""
        coin = bench.fund()
        _is("the coin", view.coin(coin.outpoint), CoinStatus(VALUE, OWNER.p2wpkh_script, 1))
        bench.mine(2)
        _is("the coin two blocks later", view.coin(coin.outpoint), CoinStatus(VALUE, OWNER.p2wpkh_script, 3))
        _is("another output of its transaction", view.coin(OutPoint(coin.outpoint.txid, 7)), None)
        _is("a coin that never was", view.coin(NOWHERE), None)

    def test_a_spend_in_the_mempool_takes_the_coin_and_what_it_made_is_unconfirmed(
        self, view: OpenView, bench: LedgerBench
    ) -> None:
        """A coin that a transaction of the mempool spends is no coin any more."""
        coin = bench.fund()
        raw = spend(coin)
        made = OutPoint(txid_of(raw), 0)
        _is("sent", view.broadcast(raw), ALLOWED)
        bench.settled()
        _is("the coin that was spent", view.coin(coin.outpoint), None)
        _is("what that made", view.coin(made), CoinStatus(Satoshi(VALUE - 500), ELSEWHERE, 0))
        bench.mine()
        _is("the coin that was spent in a block", view.coin(coin.outpoint), None)
        _is("what that made in a block", view.coin(made), CoinStatus(Satoshi(VALUE - 500), ELSEWHERE, 1))

    def test_a_coin_whose_block_is_reorganised_away_is_unconfirmed_again(
        self, view: OpenView, bench: LedgerBench
    ) -> None:
        """A chain with more work takes its confirmation away; the next block gives it one again."""
        coin = bench.fund()
        _is("confirmations before", _confirmations(view, coin), 1)
        bench.reorganise()
        _is("confirmations after the reorganisation", _confirmations(view, coin), 0)
        bench.mine()
        _is("confirmations in a new block", _confirmations(view, coin), 1)

    def test_a_spend_whose_block_is_reorganised_away_is_no_conflict_of_itself(
        self, view: OpenView, bench: LedgerBench
    ) -> None:
        """The payment is in the mempool again, its coin is still spent, and a rival still meets it."""
        coin = bench.fund()
        payment, rival = spend(coin), spend(coin, OWNER.p2wpkh_script, fee=900)
        view.broadcast(payment)
        bench.mine()
        bench.reorganise()
        _is("the coin", view.coin(coin.outpoint), None)
        _is("conflict of the payment", view.conflict(payment), None)
        _is("conflict of its rival", view.conflict(rival), txid_of(payment))
        bench.mine()

    def test_a_good_transaction_is_accepted_and_not_sent_by_that(self, view: OpenView, bench: LedgerBench) -> None:
        """``accepts`` only asks."""
        raw = spend(bench.fund())
        _is("accepted", view.accepts(raw), ALLOWED)
        _is("at the node", bench.ledger.transaction(txid_of(raw)), None)

    def test_a_transaction_that_is_refused_is_told_with_the_node_s_reason(
        self, view: OpenView, bench: LedgerBench
    ) -> None:
        """In the words of :func:`hil.chain.views.full_node.normalised`: verdicts and features name them."""
        coin = bench.fund()
        refused = {
            "min relay fee not met": spend(coin, fee=1),
            "dust": spend(coin, fee=VALUE - 200),
            "missing-inputs": spend(Coin(NOWHERE, VALUE, OWNER.p2wpkh_script)),
            "bad-txns-in-belowout": spend(Coin(coin.outpoint, Satoshi(VALUE + 1000), coin.script)),
            "TX decode failed": b"\x01",
            "version": spend(coin, version=77),
            "non-final": spend(coin, locktime=2_000_000_000),
            "scriptpubkey": spend(coin, b"\x51\x87"),
        }
        _is("reasons", {reason: view.accepts(raw) for reason, raw in refused.items()}, _refusals(refused))

    def test_a_forged_signature_is_refused(self, view: OpenView, bench: LedgerBench) -> None:
        """One bit of it is another."""
        forged = bytearray(spend(bench.fund()))
        forged[-60] ^= 1
        answer = view.accepts(bytes(forged))
        if answer.allowed or not answer.reason:
            pytest.fail(f"a forged signature: a refusal with a reason was expected, {answer} was told", pytrace=False)

    def test_what_the_ledger_does_not_take_is_told_with_the_node_s_reason(
        self, view: OpenView, bench: LedgerBench
    ) -> None:
        """``broadcast`` tells it in the same words as ``accepts``."""
        coin, other = bench.fund(), bench.fund()
        _is("sent", view.broadcast(spend(other, fee=3000)), ALLOWED)
        bench.settled()
        refused = {
            "min relay fee not met": spend(coin, fee=1),
            "dust": spend(coin, fee=VALUE - 200),
            "insufficient fee": spend(other, fee=501),
            "TX decode failed": b"\x01",
        }
        _is("reasons", {reason: view.broadcast(raw) for reason, raw in refused.items()}, _refusals(refused))
        bench.mine()

    def test_what_the_ledger_has_already_counts_as_sent_and_is_not_accepted_again(
        self, view: OpenView, bench: LedgerBench
    ) -> None:
        """In the mempool, in a block, and when its outputs are spent."""
        raw = spend(bench.fund(), OWNER.p2wpkh_script)
        _is("sent", view.broadcast(raw), ALLOWED)
        bench.settled()
        _is("sent again, in the mempool", view.broadcast(raw), ALLOWED)
        _is("asked again, in the mempool", view.accepts(raw).reason, "txn-already-in-mempool")
        bench.mine()
        _is("sent again, in a block", view.broadcast(raw), ALLOWED)
        _is("asked again, in a block", view.accepts(raw).reason, "txn-already-known")
        child = spend(Coin(OutPoint(txid_of(raw), 0), Satoshi(VALUE - 500), OWNER.p2wpkh_script))
        _is("its child was sent", view.broadcast(child), ALLOWED)
        bench.mine()
        _is("sent again, in a block and spent", view.broadcast(raw), ALLOWED)

    def test_a_conflict_is_found_in_the_mempool_and_in_blocks(self, view: OpenView, bench: LedgerBench) -> None:
        """The id of the other transaction; a transaction is in no conflict with itself."""
        coin = bench.fund()
        payment, theft = spend(coin), spend(coin, OWNER.p2wpkh_script, fee=2500)
        _is("conflict before anything is sent", view.conflict(payment), None)
        view.broadcast(payment)
        bench.settled()
        _is("conflict with itself", view.conflict(payment), None)
        _is("conflict of the other", view.conflict(theft), txid_of(payment))
        view.broadcast(theft)
        bench.settled()
        _is("conflict in the mempool", view.conflict(payment), txid_of(theft))
        bench.mine(2)
        _is("conflict in a block", view.conflict(payment), txid_of(theft))
        _is("conflict of what is in the block", view.conflict(theft), None)

    def test_coins_that_never_were_are_in_no_conflict(self, view: OpenView) -> None:
        """Nothing spends them; bytes that are no transaction are a ValueError."""
        _is("conflict", view.conflict(spend(Coin(NOWHERE, VALUE, OWNER.p2wpkh_script))), None)
        try:
            told = view.conflict(b"\x01")
        except ValueError:
            return
        pytest.fail(f"conflict of what is no transaction: ValueError was expected, {told!r} was told", pytrace=False)

    def test_a_view_without_its_server_is_not_ready_and_says_that_it_cannot_answer(self) -> None:
        """``ready`` is false, and every question raises LedgerUnavailable."""
        server = LedgerServer("127.0.0.1", free_port(), "user", "password", timeout=2.0)
        with contextlib.closing(open_view(self.ledger_view, server)) as view:
            _is("ready", view.ready(), False)
            _answers_nothing(view, spend(Coin(NOWHERE, VALUE, OWNER.p2wpkh_script)))

    def test_a_view_whose_server_is_lost_invents_nothing_and_answers_again_when_it_is_back(
        self, bench: LedgerBench
    ) -> None:
        """What it knew before is no answer now: a silent server is told as one."""
        coin = bench.fund()
        payment = spend(coin)
        with gated(bench.server) as (gate, server), contextlib.closing(open_view(self.ledger_view, server)) as view:
            _is("ready", view.ready(), True)
            _is("confirmations", _confirmations(view, coin), 1)
            _is("conflict", view.conflict(payment), None)
            gate.shut()
            _is("ready without its server", view.ready(), False)
            _answers_nothing(view, payment)
            gate.open()
            _is("ready again", view.ready(), True)
            _is("confirmations again", _confirmations(view, coin), 1)

    def test_a_view_can_be_closed_twice(self, bench: LedgerBench) -> None:
        """The bench closes it when the next scenario wants another."""
        view = open_view(self.ledger_view, bench.server)
        view.ready()
        view.close()
        view.close()


def _answers_nothing(view: OpenView, transaction: bytes) -> None:
    """Fail unless every question raises LedgerUnavailable."""
    questions: dict[str, Callable[[], object]] = {
        "coin": lambda: view.coin(NOWHERE),
        "accepts": lambda: view.accepts(transaction),
        "broadcast": lambda: view.broadcast(transaction),
        "conflict": lambda: view.conflict(transaction),
    }
    for name, ask in questions.items():
        try:
            answer = ask()
        except LedgerUnavailable:
            continue
        except Exception as error:  # whatever the author's code does
            pytest.fail(f"{name} without a server: LedgerUnavailable was expected, {error!r} was raised")
        pytest.fail(f"{name} without a server: LedgerUnavailable was expected, {answer!r} was told", pytrace=False)


def _confirmations(view: OpenView, coin: Coin) -> int | None:
    status = view.coin(coin.outpoint)
    return None if status is None else status.confirmations


def _refusals(refused: dict[str, bytes]) -> dict[str, Acceptance]:
    return {reason: Acceptance(allowed=False, reason=reason) for reason in refused}


def _is(what: str, found: object, expected: object) -> None:
    if found != expected:
        pytest.fail(f"{what}: {expected!r} was expected, {found!r} was told", pytrace=False)

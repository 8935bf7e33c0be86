"""Views of the ledger that a laboratory adds: found by name, and their authors' mistakes are told as such."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hil.chain.client.rpc import LedgerUnavailable
from hil.chain.views.factory import open_view, view_named
from hil.chain.views.servers import LedgerServer, OpenView
from hil.errors import ConfigurationError
from hil.plugin_tests import LedgerViewConformance
from hil.plugin_tests.ledger_bench import LedgerBench, ledger_bench
from hil.plugins.laboratory import VARIABLE, Declared, declare
from hil.protocol.payment.coins import OutPoint
from hil.tests.chain.conftest import AnyNode

VIEWS = """\
from hil.chain.client.rpc import LedgerUnavailable
from hil.chain.views.full_node import NodeView


class Inventive(NodeView):
    known = None

    def coin(self, outpoint):
        try:
            self.known = super().coin(outpoint)
        except LedgerUnavailable:
            pass
        return self.known


class Clumsy(NodeView):
    def coin(self, outpoint):
        raise KeyError("height")


class Unborn(NodeView):
    @classmethod
    def opened(cls, server):
        return cls()


class Elsewhere(NodeView):
    asks = "electron"
"""
NOWHERE = OutPoint("ab" * 32, 0)
SERVER = LedgerServer("127.0.0.1", 1)
PLACE = "pyproject.toml:2:1"


@pytest.fixture(autouse=True)
def _laboratory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "added_views.py").write_text(VIEWS, encoding="utf-8")
    names = ("Inventive", "Clumsy", "Unborn", "Elsewhere")
    declare(Declared("ledger_views", name.lower(), f"added_views:{name}", PLACE, str(tmp_path)) for name in names)
    yield
    sys.modules.pop("added_views", None)


@pytest.fixture
def bench(node: AnyNode) -> Iterator[LedgerBench]:
    with ledger_bench(node, "node") as bench:
        yield bench


def test_a_view_of_a_laboratory_is_opened_by_its_name_in_any_case(bench: LedgerBench) -> None:
    view = open_view("INVENTIVE", bench.server)
    assert view.ready()
    view.close()


def test_a_view_that_tells_what_it_knew_before_is_found_out(bench: LedgerBench) -> None:
    class OfInventive(LedgerViewConformance):
        ledger_view = "inventive"

    found = r"coin without a server: LedgerUnavailable was expected, .* was told"
    with pytest.raises(pytest.fail.Exception, match=found):
        OfInventive().test_a_view_whose_server_is_lost_invents_nothing_and_answers_again_when_it_is_back(bench)


def test_an_error_in_the_code_of_a_view_is_its_authors_with_file_and_line() -> None:
    view: OpenView = open_view("clumsy", SERVER)
    with pytest.raises(ConfigurationError) as caught:
        view.coin(NOWHERE)
    told = str(caught.value)
    assert told.startswith(f"{PLACE}: the plug-in 'clumsy' of hil.ledger_views failed: KeyError: 'height' (")
    assert "added_views.py:18)" in told
    with pytest.raises(LedgerUnavailable):
        view.broadcast(b"")


@pytest.mark.parametrize(
    ("name", "ask", "told"),
    [
        ("unborn", lambda: open_view("unborn", SERVER), "the plug-in 'unborn' of hil.ledger_views failed: TypeError"),
        ("elsewhere", lambda: view_named("elsewhere"), "asks 'electron', which is no server; known: electrum, node."),
    ],
)
def test_a_view_that_cannot_be_opened_is_its_authors_mistake(name: str, ask: Callable[[], object], told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        ask()
    assert told in str(caught.value)
    assert str(caught.value).startswith(PLACE)

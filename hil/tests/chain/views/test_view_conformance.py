"""The suite of a plug-in's tests, for the framework's own views of the ledger: real nodes, a real Electrum server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.chain.views.factory import open_view
from hil.chain.views.servers import LedgerServer
from hil.errors import ConfigurationError
from hil.plugin_tests import LedgerViewConformance

if TYPE_CHECKING:
    from hil.tests.chain.conftest import AnyNode


class _OnEachProvider(LedgerViewConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def node(cls, node: AnyNode) -> AnyNode:
        return node


class TestNode(_OnEachProvider):
    ledger_view = "node"


class TestSpv(_OnEachProvider):
    ledger_view = "spv"


class TestApi(_OnEachProvider):
    ledger_view = "api"


def test_an_unknown_view_is_told_with_the_known_ones_and_where_all_are_listed() -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_view("svp", LedgerServer("127.0.0.1", 1))
    told = "'svp' is not a view of the ledger; known: api, node, spv. Did you mean 'spv'? hil plugins lists all."
    assert str(caught.value) == told

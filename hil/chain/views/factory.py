"""Which view of the ledger a device gets: ``node``, ``spv`` or ``api`` (docs/system.md), from plain data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from hil.chain.client.rpc import RpcClient, RpcEndpoint
from hil.chain.electrum.client import ElectrumClient, ElectrumEndpoint
from hil.chain.views.api import ApiView
from hil.chain.views.full_node import NodeView
from hil.chain.views.header_store import FileHeaders, RecordHeaders
from hil.chain.views.headers import network_named
from hil.chain.views.spv import SpvView
from hil.errors import ConfigurationError, nearest

if TYPE_CHECKING:
    from types import TracebackType

    from hil.chain.views.header_store import HeaderStore, Records
    from hil.ports import LedgerView

KINDS: Final = ("node", "spv", "api")


class OpenView:
    """A view with the connection under it; ``close`` drops that. Use ``view`` as the ledger of a device."""

    def __init__(self, kind: str, view: LedgerView, client: RpcClient | ElectrumClient) -> None:
        self.kind = kind
        self.view = view
        self._client = client

    def __enter__(self) -> LedgerView:
        return self.view

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection to the server or node."""
        self._client.close()


def open_view(
    kind: str,
    host: str,
    port: int,
    *,
    user: str = "",
    password: str = "",
    timeout: float = 10.0,
    network: str = "regtest",
    headers: Path | Records | None = None,
    minimum_work: int = 0,
) -> OpenView:
    """Return a view of that kind; nothing is asked yet.

    :param kind: ``node``, ``spv`` or ``api``.
    :param host: of the bitcoind for ``node``, of the Electrum server else; ``port`` likewise.
    :param user: of the bitcoind's RPC, with ``password``; Electrum servers know no users.
    :param timeout: seconds for one answer.
    :param headers: where ``spv`` keeps its headers: a file, a device's storage, or (None) its memory.
    :param minimum_work: see :class:`SpvView`.

    Raises ConfigurationError for an unknown kind or network.
    """
    if kind not in KINDS:
        raise ConfigurationError(f"'{kind}' is no view of the ledger{nearest(kind, KINDS)}", place="ledger")
    if kind == "node":
        node = RpcClient(RpcEndpoint(host, port, user, password), timeout=timeout)
        return OpenView(kind, NodeView(node), node)
    client = ElectrumClient(ElectrumEndpoint(host, port), timeout=timeout)
    if kind == "api":
        return OpenView(kind, ApiView(client), client)
    store: HeaderStore | None = None
    if headers is not None:
        store = FileHeaders(headers) if isinstance(headers, Path) else RecordHeaders(headers)
    return OpenView(
        kind, SpvView(client, network=network_named(network), store=store, minimum_work=minimum_work), client
    )

"""The Electrum server of a run, for devices that see the ledger by SPV or an API.

It is started when first asked for, and stands still while the scenarios look at the node itself.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from hil.chain.attacks.electrum_faults import Truth
from hil.chain.attacks.electrum_proxy import FaultyElectrumProxy
from hil.chain.electrum.client import ElectrumClient
from hil.chain.electrum.server import ElectrumServer
from hil.chain.electrum.sync import ServerFollower
from hil.chain.views.factory import view_named
from hil.chain.views.servers import ELECTRUM

if TYPE_CHECKING:
    from hil.chain.attacks.electrum_faults import ServerFault
    from hil.chain.client.rpc import RpcClient
    from hil.chain.electrum.client import ElectrumEndpoint

POLL_MS = 20
"""How often the server looks at its node; virtual time waits for it after each change of the chain."""


class LedgerViews:
    """Gives the facts that a device needs for its view, and keeps the server level with the node.

    :param node: for questions about what the server must show.
    """

    def __init__(self, node: RpcClient) -> None:
        self._node = node
        self._closing = contextlib.ExitStack()
        self._server: ElectrumServer | None = None
        self._follower: ServerFollower | None = None
        self._proxy: FaultyElectrumProxy | None = None
        self._seen = -1
        self._in_use = False

    def access(self, name: str, fault: ServerFault | None = None) -> dict[str, Any]:
        """Return what a reset of the virtual bench says of the view ``name``: its server, unless it asks the node.

        Raises ConfigurationError if there is no such view or it cannot be loaded.

        :param fault: what the server does wrong; None: nothing.
        """
        self._in_use = view_named(name).asks == ELECTRUM
        if not self._in_use:
            if self._server is not None:
                self._server.rest()
            return {"kind": name}
        endpoint = self._endpoint() if fault is None else self._faulty_endpoint(fault)
        return {"kind": name, "host": endpoint.host, "port": endpoint.port}

    def tell_truth(self) -> None:
        """Have the server lie no more."""
        if self._proxy is not None:
            self._proxy.fault = Truth()

    def follow(self, changes: int) -> int:
        """Return ``changes``, the count of changes to the node; wait first until the server shows the newest.

        Raises LedgerUnavailable if it does not in time.
        """
        if self._in_use and changes != self._seen and self._follower is not None:
            self._follower.catch_up()
        self._seen = changes
        return changes

    def check(self) -> None:
        """Raise LedgerUnavailable if a server that the device under test depends on does not show the ledger."""
        if self._in_use and self._follower is not None:
            self._follower.catch_up()

    def close(self) -> None:
        """End the Electrum server, the proxy and their connections."""
        self._closing.close()

    def _faulty_endpoint(self, fault: ServerFault) -> ElectrumEndpoint:
        honest = self._endpoint()
        if self._proxy is None:
            self._proxy = FaultyElectrumProxy(honest)
            self._closing.callback(self._proxy.stop)
            self._proxy.start()
        self._proxy.fault = fault
        return self._proxy.endpoint

    def _endpoint(self) -> ElectrumEndpoint:
        if self._server is None:
            server = ElectrumServer(self._node.endpoint, poll_ms=POLL_MS)
            self._closing.callback(server.stop)
            server.start()
            client = ElectrumClient(server.endpoint)
            self._closing.callback(client.close)
            self._server, self._follower = server, ServerFollower(self._node, client)
        self._server.wake()
        self._seen = -1
        return self._server.endpoint

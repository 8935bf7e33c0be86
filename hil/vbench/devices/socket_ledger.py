"""How a socket on the bench sees the ledger, and what the test side says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.chain.views.factory import open_view
from hil.chain.views.servers import LedgerServer
from hil.devices.defects import view_of
from hil.endpoints.cached_ledger import CachingLedgerView

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.chain.views.servers import OpenView
    from hil.errors import RigFault
    from hil.ports import LedgerView
    from hil.vbench.model_request import ModelRequest

RPC_TIMEOUT = 2.0
"""Seconds of wall time that a device's ledger may take for one answer while virtual time stands still."""


@dataclass(frozen=True)
class LedgerAccess:
    """By which view the socket sees the ledger, and what that asks."""

    view: str
    server: LedgerServer


def ledger_access(request: ModelRequest) -> LedgerAccess | None:
    """Return how the socket of ``request`` sees the ledger; None if it has none."""
    node, view = request.node, request.view
    if node is None:
        return None
    if view.server is None:
        return LedgerAccess(view.kind, LedgerServer(node.host, node.port, node.user, node.password, RPC_TIMEOUT))
    profile = request.devices.get("socket") or {}
    return LedgerAccess(view_of(view.kind, profile.get("defects")), LedgerServer(*view.server, timeout=RPC_TIMEOUT))


class SocketLedger:
    """Stays from model to model, and with it the connection, as long as the access is the same."""

    def __init__(self) -> None:
        self.touched = 0
        """How often the test side has changed the chain, as it last said."""
        self.late_s = 0.0
        """How late the ledger's answers reach the socket, in seconds of virtual time."""
        self.silence = ""
        """Why the newest question of the socket to its ledger got no answer in this model; empty if all did."""
        self._open: tuple[LedgerAccess, OpenView] | None = None

    def begin(self) -> None:
        """Begin a model: answers come at once, and none was missed."""
        self.late_s, self.silence = 0.0, ""

    def view(self, request: ModelRequest, now: Callable[[], float]) -> LedgerView | None:
        """Return the ledger as the socket of ``request`` sees it; None if it has none.

        :param now: virtual time in seconds.
        """
        access = ledger_access(request)
        if access is None:
            return None
        if self._open is None or self._open[0] != access:
            if self._open is not None:
                self._open[1].close()
            self._open = access, open_view(access.view, access.server)
        return CachingLedgerView(self._open[1], lambda: self.touched, now, self._note_silence)

    def _note_silence(self, fault: RigFault) -> None:
        self.silence = str(fault)

"""How a socket on the bench sees the ledger, and what the test side says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hil.chain.views.factory import OpenView, open_view
from hil.devices.defects import view_of
from hil.endpoints.cached_ledger import CachingLedgerView
from hil.vbench.model_request import ModelRequest, NodeAccess, ViewAccess

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.errors import RigFault
    from hil.ports import LedgerView

RPC_TIMEOUT = 2.0
"""Seconds of wall time that a device's ledger may take for one answer while virtual time stands still."""


class SocketLedger:
    """Stays from model to model, and with it the connection, as long as the access is the same."""

    def __init__(self) -> None:
        self.touched = 0
        """How often the test side has changed the chain, as it last said."""
        self.late_s = 0.0
        """How late the ledger's answers reach the socket, in seconds of virtual time."""
        self.silence = ""
        """Why the newest question of the socket to its ledger got no answer in this model; empty if all did."""
        self._open: tuple[NodeAccess | ViewAccess, OpenView] | None = None

    def begin(self) -> None:
        """Begin a model: answers come at once, and none was missed."""
        self.late_s, self.silence = 0.0, ""

    def view(self, request: ModelRequest, now: Callable[[], float]) -> LedgerView | None:
        """Return the ledger as the socket of ``request`` sees it; None if it has none.

        :param now: virtual time in seconds.
        """
        access = request.view or request.node
        if request.node is None or access is None:
            return None
        if isinstance(access, ViewAccess):
            profile = request.devices["socket"] or {}
            access = replace(access, kind=view_of(access.kind, profile.get("defects")))
        if self._open is None or self._open[0] != access:
            if self._open is not None:
                self._open[1].close()
            self._open = access, _opened(access)
        return CachingLedgerView(self._open[1].view, lambda: self.touched, now, self._note_silence)

    def _note_silence(self, fault: RigFault) -> None:
        self.silence = str(fault)


def _opened(access: NodeAccess | ViewAccess) -> OpenView:
    match access:
        case NodeAccess(host, port, user, password):
            return open_view("node", host, port, user=user, password=password, timeout=RPC_TIMEOUT)
        case ViewAccess(kind, host, port):
            return open_view(kind, host, port, timeout=RPC_TIMEOUT)

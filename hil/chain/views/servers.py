"""What a view of the ledger is opened with, and what a plug-in of ``hil.ledger_views`` is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from hil.ports import LedgerView

if TYPE_CHECKING:
    from pathlib import Path

    from hil.chain.views.header_store import Records

NODE: Final = "node"
ELECTRUM: Final = "electrum"
SERVERS: Final = (NODE, ELECTRUM)
"""What a view can ask: the RPC of a bitcoind, or an Electrum server."""


@dataclass(frozen=True)
class LedgerServer:
    """The server that a view asks; the password never shows in a repr.

    :param host: of the bitcoind or of the Electrum server; ``port`` likewise.
    :param user: of the bitcoind's RPC, with ``password``; Electrum servers know no users.
    :param timeout: seconds for one answer.
    :param network: whose rules the headers of ``spv`` follow.
    :param headers: where ``spv`` keeps its headers: a file, a device's storage, or (None) its memory.
    :param minimum_work: see :class:`hil.chain.views.spv.SpvView`.
    """

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = 10.0
    network: str = "regtest"
    headers: Path | Records | None = None
    minimum_work: int = 0


class OpenView(LedgerView, Protocol):
    """A view with the connection under it. Every verb raises LedgerUnavailable while its server does not answer."""

    def close(self) -> None:
        """Close the connection; a second time changes nothing."""


class ViewClass(Protocol):
    """What a plug-in of ``hil.ledger_views`` is.

    :ivar asks: which server it needs, one of ``SERVERS``.
    """

    asks: str

    def opened(self, server: LedgerServer, /) -> OpenView:
        """Return a view that asks ``server``; nothing is asked yet."""

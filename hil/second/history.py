"""What a test may ask for afterwards: signed transactions, and how sessions ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil.second.codes import CloseReason


@dataclass(frozen=True)
class EndedSession:
    """A session that is over.

    :param session: its id.
    :param reason: what CLOSE told, or would have told.
    :param payments: how many payments were signed (cable) or accepted (socket) in it.
    """

    session: bytes
    reason: CloseReason
    payments: int


@dataclass
class History:
    """All sessions of one side.

    :param signed: for each session the newest signed transaction of each payment.
    :param ended: the sessions that are over, in the order of their ends.
    """

    signed: dict[bytes, dict[int, bytes]] = field(default_factory=dict)
    ended: list[EndedSession] = field(default_factory=list)

    def keep(self, session: bytes, n: int, raw: bytes) -> None:
        """Keep the signed transaction of payment ``n``."""
        self.signed.setdefault(session, {})[n] = raw

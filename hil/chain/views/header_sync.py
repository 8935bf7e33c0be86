"""Loading a header chain from an Electrum server, and noticing what a server can do wrong about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

from hil.chain.client.rpc import LedgerUnavailable
from hil.chain.electrum.client import ElectrumClient, ElectrumError, LedgerLied
from hil.chain.views.headers import SIZE, HeaderChain, HeaderRefused, hash_of, work_of_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

CHUNK: Final = 2016
"""Headers in one answer: what Electrum servers give at most."""
_FIRST_STEP_BACK: Final = 10
_ATTEMPTS: Final = 5
"""How often the tip may move while it is being loaded."""


class HeaderSync:
    """Brings ``chain`` up to what the server announces."""

    def __init__(self, client: ElectrumClient, chain: HeaderChain) -> None:
        self._client = client
        self._chain = chain

    def follow(self, most_chunks: int) -> bool:
        """Load up to ``most_chunks`` times 2016 headers; tell whether the chain then ends at the server's tip.

        Raises LedgerLied for headers that break a rule, that are announced and not given, or that make a chain of
        less work than the one known; LedgerUnavailable if the server is behind what is known already, which a
        server that was restarted may be in good faith.
        """
        for _ in range(_ATTEMPTS):
            height, tip = self._announced()
            while most_chunks > 0 and self._chain.height < height and self._extend(height):
                most_chunks -= 1
            if self._chain.height < height and most_chunks == 0:
                return False
            if self._chain.height == height and self._chain.header(height) == tip:
                return True
            if height < self._chain.height and self._chain.header(height) == tip:
                raise LedgerUnavailable(
                    f"its chain ends at height {height}, though blocks up to {self._chain.height} are known: it is "
                    "behind, or withholds them",
                    place=self._place,
                )
            self._take_branch(height)
        raise LedgerUnavailable(f"its tip moved {_ATTEMPTS} times while headers were loaded", place=self._place)

    def _extend(self, height: int) -> bool:
        """Append the next headers; tell whether they continue our chain. If not, the server is on another branch."""
        start = self._chain.height + 1
        headers = self._headers(start, min(CHUNK, height - start + 1))
        if start and headers[4:36] != bytes.fromhex(hash_of(self._chain.header(start - 1)))[::-1]:
            return False
        self._offer(start, headers)
        return True

    def _take_branch(self, height: int) -> None:
        """Load the server's branch from the last block that it shares with ours, and take it if it has more work."""
        step, top = _FIRST_STEP_BACK, min(height, self._chain.height)
        start = max(0, top - step)
        while start and self._headers(start, 1) != self._chain.header(start):
            step *= 2
            start = max(0, top - step)
        # a branch that needs more than a chunk above our tip to gain on it is not worth waiting for; it has an end
        end = min(height, self._chain.height + CHUNK) + 1
        branch = b""
        while (at := start + len(branch) // SIZE) < end:
            branch += self._headers(at, min(CHUNK, end - at))
        if self._offer(start, branch) or branch[-SIZE:] == self._chain.header(self._chain.height):
            return
        what = f"its chain parts from the one known above height {start}"
        if work_of_headers(branch) < self._chain.work_from(start):
            self._lied(f"{what} and has less work")
        raise LedgerUnavailable(f"{what} and has the same work: the next block will decide", place=self._place)

    def _offer(self, start: int, headers: bytes) -> bool:
        try:
            return self._chain.offer(start, headers)
        except HeaderRefused as refused:
            self._lied(str(refused), refused)

    def _announced(self) -> tuple[int, bytes]:
        answer = self._ask("blockchain.headers.subscribe")
        try:
            height, header = int(answer["height"]), bytes.fromhex(answer["hex"])
        except (TypeError, KeyError, ValueError) as error:
            self._nonsense("blockchain.headers.subscribe", error)
        if height < 0 or len(header) != SIZE:
            self._lied(f"announced a tip at height {height} with a header of {len(header)} bytes")
        return height, header

    def _headers(self, start: int, count: int) -> bytes:
        answer = self._ask("blockchain.block.headers", start, count)
        try:
            headers = bytes.fromhex(answer["hex"])
        except (TypeError, KeyError, ValueError) as error:
            self._nonsense("blockchain.block.headers", error)
        if not headers or len(headers) % SIZE or len(headers) > count * SIZE:
            self._lied(f"announced a header at height {start} and gave {len(headers)} bytes for it: it withholds them")
        return headers

    def _ask(self, method: str, *params: object) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = self._client.call(method, *params)
        except ElectrumError as error:
            raise LedgerUnavailable(error.what, place=error.place) from error
        return answer

    @property
    def _place(self) -> str:
        return self._client.endpoint.place

    def _nonsense(self, method: str, cause: Exception) -> NoReturn:
        raise LedgerUnavailable(f"gave no proper answer to {method} ({cause})", place=self._place) from cause

    def _lied(self, what: str, cause: Exception | None = None) -> NoReturn:
        raise LedgerLied(what, place=self._place, certain=False) from cause

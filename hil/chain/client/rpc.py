"""JSON-RPC to a bitcoind: one kept connection, exact numbers, and errors that say who failed.

Own code because the well-known clients each lack something that this bench needs: python-bitcoinlib's proxy breaks
for good after an idle time-out and is not thread-safe, the others are several times slower or turn amounts into
floats. A call takes about 0.14 ms, a batch of 100 about 0.4 ms (research/bitcoin.md).
"""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn, TypeAlias

from hil.chain.client.http import HttpConnection, NotHttp
from hil.clock import WallClock, stopwatch
from hil.errors import RigFault
from hil.units import Satoshi

Request: TypeAlias = Sequence[Any]
"""``(method, *params)``."""

IN_WARMUP: Final = -28
METHOD_NOT_FOUND: Final = -32601

COIN = 100_000_000
_POLL = 0.002
_PROBE_TIMEOUT = 0.5
_AUTHORISATION_HINT = "Check the user and password or the cookie file"

_READING_PREFIXES = ("get", "list", "test", "decode", "validate", "verify", "scan", "estimate")
_REPEATABLE = frozenset({"sendrawtransaction", "setmocktime", "invalidateblock", "reconsiderblock", "uptime", "help"})
_DROPPED = (ConnectionResetError, BrokenPipeError)
_NOT_READING = frozenset({"getnewaddress", "getrawchangeaddress"})


@dataclass(frozen=True)
class RpcEndpoint:
    """Where a node answers and as whom to ask; the password never shows in a repr."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)

    @property
    def place(self) -> str:
        """Name of the node in messages."""
        return f"bitcoind at {self.host}:{self.port}"


class LedgerUnavailable(RigFault):
    """The node does not answer: refused, silent, still warming up, or it does not know our credentials."""


class RpcError(RigFault):
    """The node answered and said no.

    :param code: the number of Bitcoin Core's RPC error (``src/rpc/protocol.h``), e.g. -26 for a refused transaction.
    :param message: the node's own words.
    """

    def __init__(self, code: int, message: str, *, method: str, place: str) -> None:
        super().__init__(f"{method}: {message} (RPC error {code})", place=place)
        self.code = code
        self.message = message
        self.method = method


def to_satoshi(amount: Decimal | int) -> Satoshi:
    """Return an amount in BTC, as the node speaks of it, in satoshi; raises ValueError if it is not a whole number."""
    satoshi = Decimal(amount) * COIN
    if satoshi != satoshi.to_integral_value():
        raise ValueError(f"{amount} BTC is not a whole number of satoshi")
    return Satoshi(int(satoshi))


def is_repeatable(method: str) -> bool:
    """Tell whether a call does no harm if the node carries it out twice; ``generate…`` and ``send…`` do."""
    return method in _REPEATABLE or only_reads(method)


def only_reads(method: str) -> bool:
    """Tell whether a call leaves chain, mempool and wallet of the node as they are."""
    return method.startswith(_READING_PREFIXES) and method not in _NOT_READING


class RpcClient:
    """Calls a node over one kept connection, which is opened at the first call and again when it was dropped.

    A request that may have been carried out is sent again only if that does no harm. Calls from several threads
    take turns.

    :param timeout: seconds to wait for the connection and for each answer.
    """

    def __init__(self, endpoint: RpcEndpoint, timeout: float = 30.0) -> None:
        self.endpoint = endpoint
        self.timeout = timeout
        token = base64.b64encode(f"{endpoint.user}:{endpoint.password}".encode()).decode()
        self._headers = f"Authorization: Basic {token}\r\nContent-Type: application/json\r\n"
        self._connection: HttpConnection | None = None
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._date = ""
        self.changes = 0
        """How many exchanges may have changed something at the node: those with a call that does not only read."""

    def __repr__(self) -> str:
        return f"RpcClient({self.endpoint!r}, timeout={self.timeout:g})"

    def call(self, method: str, *params: Any) -> Any:
        """Return the result of one call, fractional numbers as Decimal.

        Raises RpcError if the node says no, LedgerUnavailable if it does not answer.
        """
        number = next(self._ids)
        reply = self._exchange(
            {"id": number, "method": method, "params": params}, method, is_repeatable(method), not only_reads(method)
        )
        return self._result(reply, method)

    def batch(self, requests: Sequence[Request]) -> list[Any]:
        """Return the results of several calls, carried out in this order, in one exchange.

        All of them are carried out; then the first error, if any, is raised as in ``call``.
        """
        if not requests:
            return []
        body = [{"id": next(self._ids), "method": method, "params": params} for method, *params in requests]
        what = f"a batch of {len(body)} calls from {body[0]['method']}"
        methods = [str(one["method"]) for one in body]
        replies = self._exchange(body, what, all(map(is_repeatable, methods)), not all(map(only_reads, methods)))
        if isinstance(replies, Mapping):
            self._result(replies, what)  # an error about the batch as a whole
        if not isinstance(replies, list) or len(replies) != len(body):
            self._unavailable(f"answered {what} with something else than a list of that length")
        by_id = {reply.get("id"): reply for reply in replies if isinstance(reply, Mapping)}
        return [self._result(by_id.get(one["id"]), str(one["method"])) for one in body]

    def wait_until_ready(self, timeout: float, check: Callable[[], None] = lambda: None) -> None:
        """Ask until the node answers and has warmed up; wrong credentials end the wait at once.

        :param timeout: seconds; LedgerUnavailable then tells what was seen last.
        :param check: called before each attempt; raises if there is no point in waiting on.
        """
        elapsed = stopwatch()
        pause = WallClock()
        # short, because whoever else took the port may accept a connection and never answer
        probe = RpcClient(self.endpoint, min(self.timeout, _PROBE_TIMEOUT))
        try:
            while True:
                check()
                try:
                    probe.call("getblockcount")
                except WrongCredentials:
                    raise
                except LedgerUnavailable as error:
                    if elapsed() >= timeout:
                        raise LedgerUnavailable(
                            f"waited {timeout:g} s for the node to be ready in vain; last seen: {error.what}",
                            place=error.place,
                            remedy=error.remedy,
                        ) from error
                else:
                    return
                pause.sleep(_POLL)
        finally:
            probe.close()

    @property
    def server_time(self) -> datetime | None:
        """The node's own clock at the last answer, in whole seconds (HTTP's ``Date``); None if it did not tell it.

        Mocktime does not change it.
        """
        try:
            return parsedate_to_datetime(self._date) if self._date else None
        except ValueError:
            return None

    def close(self) -> None:
        """Drop the connection; the next call opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _exchange(self, request: object, what: str, repeatable: bool, changes: bool) -> Any:
        body = json.dumps(request, default=_encode, separators=(",", ":")).encode()
        self.changes += changes
        with self._lock:
            while True:  # at most twice: the second round has no kept connection
                kept = self._drop_if_closed_by_peer()
                try:
                    return self._send(body, what)
                except _DROPPED as error:
                    self.close()
                    if not (kept and repeatable):
                        doubt = "" if repeatable else "; whether it was carried out is not known"
                        self._unavailable(f"dropped the connection during {what}{doubt}", error)
                except BaseException:
                    self.close()  # also after Ctrl-C: an answer still on its way must not meet the next question
                    raise

    def _drop_if_closed_by_peer(self) -> bool:
        """Forget a kept connection that the node has closed meanwhile; tell whether one is still there.

        Seen before anything is sent, it can be replaced for any call.
        """
        if self._connection is None:
            return False
        if self._connection.has_ended():
            self.close()
            return False
        return True

    def _send(self, body: bytes, what: str) -> Any:
        """Send one request and return the parsed answer; lets errors of a dropped connection through."""
        endpoint = self.endpoint
        try:
            if self._connection is None:
                self._connection = HttpConnection(endpoint.host, endpoint.port, self._headers, self.timeout)
        except OSError as error:
            self._unavailable(f"refused the connection ({error.strerror or error})", error)
        try:
            answer = self._connection.post(body)
        except TimeoutError as error:
            self._unavailable(f"gave no answer to {what} within {self.timeout:g} s", error)
        except _DROPPED:
            raise
        except (OSError, NotHttp) as error:
            self._unavailable(f"gave no answer to {what} ({error!r})", error)
        self._date = answer.date
        return self._parse(answer.status, answer.body, what)

    def _parse(self, status: int, content: bytes | bytearray, what: str) -> Any:
        if status in {401, 403}:
            reason = "refused our credentials" if status == 401 else "does not allow calls from this address"
            raise WrongCredentials(
                f"{reason} (HTTP {status}, user '{self.endpoint.user}')",
                place=self.endpoint.place,
                remedy=_AUTHORISATION_HINT if status == 401 else "Check its option -rpcallowip",
            )
        try:
            return json.loads(content, parse_float=Decimal)
        except ValueError as error:
            text = content[:80].decode(errors="replace")
            self._unavailable(f"answered {what} with HTTP {status} and no JSON: {text!r}", error)

    def _result(self, reply: object, method: str) -> Any:
        if not isinstance(reply, Mapping):
            self._unavailable(f"gave no proper answer to {method}")
        error = reply.get("error")
        if error is None:
            return reply.get("result")
        code, message = (error.get("code"), error.get("message")) if isinstance(error, Mapping) else (0, error)
        if code == IN_WARMUP:
            self._unavailable(f"is still warming up: {message}")
        raise RpcError(int(code or 0), str(message), method=method, place=self.endpoint.place)

    def _unavailable(self, what: str, cause: Exception | None = None) -> NoReturn:
        raise LedgerUnavailable(
            what, place=self.endpoint.place, remedy="Check that the node runs and listens there"
        ) from cause


class WrongCredentials(LedgerUnavailable):
    """The node runs but does not let us in; waiting does not help."""


def _encode(value: object) -> object:
    """Amounts go out as decimal strings, which the node reads exactly."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    raise TypeError(f"{type(value).__name__} has no place in an RPC call")

"""What an Electrum server can lie about.

:class:`hil.chain.attacks.electrum_proxy.FaultyElectrumProxy` answers with the one that it is given.

Which of them a view notices is in docs/ledger-views.md and in hil/tests/chain/attacks/test_electrum_faults.py.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final, Protocol

from hil.chain.electrum.client import ElectrumError, script_hash
from hil.chain.views.header_sync import CHUNK
from hil.chain.views.headers import REGTEST, SIZE, double_sha256, target_of, time_of
from hil.chain.views.proofs import parse, txid_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hil.protocol.payment.coins import Coin

    Honest = Callable[..., Any]
    """Asks the true server: ``honest(method, *params)``."""

HISTORY: Final = "blockchain.scripthash.get_history"
UNSPENT: Final = "blockchain.scripthash.listunspent"
TIP: Final = "blockchain.headers.subscribe"
HEADERS: Final = "blockchain.block.headers"
TRANSACTION: Final = "blockchain.transaction.get"
PROOF: Final = "blockchain.transaction.get_merkle"
BROADCAST: Final = "blockchain.transaction.broadcast"

REFUSED: Final = 1
"""Code of an ElectrumX server for a request that it understands and refuses (``BAD_REQUEST``)."""


class ServerFault(Protocol):
    """Turns a question into an answer, with the help of the true server."""

    def answer(self, method: str, params: Sequence[Any], honest: Honest) -> Any:
        """Return the answer to a question; ``honest`` asks the honest server."""


class Truth:
    """No lie."""

    def answer(self, method: str, params: Sequence[Any], honest: Honest) -> Any:
        """See :class:`ServerFault`."""
        return honest(method, *params)


class ForgedConfirmations(Truth):
    """What is in the mempool was confirmed long ago.

    :param confirmations: how many it is said to have; at most the height of the chain.
    :param proof: also invents Merkle proofs.
    """

    def __init__(self, confirmations: int = 6, *, proof: bool = False) -> None:
        self._confirmations = confirmations
        self._proof = proof

    def answer(self, method: str, params: Sequence[Any], honest: Honest) -> Any:
        """See :class:`ServerFault`."""
        if method == PROOF and self._proof:
            return {"block_height": params[1], "merkle": [double_sha256(b"invented").hex()], "pos": 1}
        told = honest(method, *params)
        if method in {HISTORY, UNSPENT}:
            height = honest(TIP)["height"] - self._confirmations + 1
            return [{**one, "height": one["height"] if one["height"] > 0 else height} for one in told]
        return told


class HiddenSpend(Truth):
    """A coin was never spent.

    :param height: of the block of the coin.
    :param careless: leaves the spender in the history of the script.
    """

    def __init__(self, coin: Coin, spender: str, height: int, *, careless: bool = False) -> None:
        self._coin = coin
        self._spender = spender
        self._height = height
        self._careless = careless

    def answer(self, method: str, params: Sequence[Any], honest: Honest) -> Any:
        """See :class:`ServerFault`."""
        told = honest(method, *params)
        if method == HISTORY and not self._careless:
            return [one for one in told if one["tx_hash"] != self._spender]
        if method == UNSPENT and params[0] == script_hash(self._coin.script):
            outpoint = self._coin.outpoint
            unspent = {"tx_hash": outpoint.txid, "tx_pos": outpoint.index, "value": self._coin.value}
            return [{**unspent, "height": self._height}, *told]
        return told


class WithheldHeaders(Truth):
    """Blocks are announced, their headers not given."""

    def answer(self, method: str, params: Sequence[Any], honest: Honest) -> Any:
        """See :class:`ServerFault`."""
        return {"hex": "", "count": 0, "max": CHUNK} if method == HEADERS else honest(method, *params)


class StaleTip(Truth):
    """The chain ended at ``height``.

    :param careless: still tells the true heights of transactions.
    """

    def __init__(self, height: int, *, careless: bool = False) -> None:
        self._height = height
        self._careless = careless

    def answer(self, method: str, params: Sequence[Any], honest: Honest) -> Any:
        """See :class:`ServerFault`."""
        if method == TIP:
            return {"height": self._height, "hex": honest("blockchain.block.header", self._height)}
        if method == HEADERS:
            return honest(HEADERS, params[0], max(0, min(params[1], self._height - params[0] + 1)))
        told = honest(method, *params)
        if method in {HISTORY, UNSPENT} and not self._careless:
            return [{**one, "height": 0 if one["height"] > self._height else one["height"]} for one in told]
        return told


class OtherChain(Truth):
    """Another chain from ``fork`` on, and what it holds.

    :param headers: those from height ``fork`` on.
    :param payment: a transaction that is the only one in the block at ``fork``; its outputs are unspent there.
    """

    def __init__(self, fork: int, headers: Sequence[bytes], payment: bytes | None = None) -> None:
        self._fork = fork
        self._headers = list(headers)
        self._payment = payment
        self._txid = txid_of(parse(payment)) if payment is not None else ""
        outputs = parse(payment).vout if payment is not None else ()
        self._paid = {script_hash(bytes(one.scriptPubKey)): (index, one.nValue) for index, one in enumerate(outputs)}

    def answer(self, method: str, params: Sequence[Any], honest: Honest) -> Any:
        """See :class:`ServerFault`."""
        if method == TIP:
            return {"height": self._fork + len(self._headers) - 1, "hex": self._headers[-1].hex()}
        if method == HEADERS:
            start, count = params
            below = honest(HEADERS, start, min(count, self._fork - start))["hex"] if start < self._fork else ""
            own = self._headers[max(0, start - self._fork) : max(0, start + count - self._fork)]
            told = below + b"".join(own).hex()
            return {"hex": told, "count": len(told) // (2 * SIZE), "max": CHUNK}
        if self._payment is not None and params and params[0] == self._txid:
            if method == TRANSACTION:
                return self._payment.hex()
            if method == PROOF:
                return {"block_height": self._fork, "merkle": [], "pos": 0}
        if method in {HISTORY, UNSPENT} and params[0] in self._paid:
            index, value = self._paid[params[0]]
            return [{"tx_hash": self._txid, "height": self._fork, "tx_pos": index, "value": value}]
        return honest(method, *params)


class DroppedBroadcast(Truth):
    """A transaction is taken and thrown away.

    :param careless: admits, if asked, that it is not there.
    """

    def __init__(self, *, careless: bool = False) -> None:
        self._careless = careless
        self._dropped: dict[str, str] = {}

    def answer(self, method: str, params: Sequence[Any], honest: Honest) -> Any:
        """See :class:`ServerFault`."""
        if method == BROADCAST:
            txid = txid_of(parse(bytes.fromhex(params[0])))
            self._dropped[txid] = params[0]
            return txid
        if method == TRANSACTION and params[0] in self._dropped and not self._careless:
            return self._dropped[params[0]]
        return honest(method, *params)


class RefusedBroadcast(Truth):
    """No transaction is taken, for a reason that passes.

    :param reason: in a node's words, e.g. ``mempool full``.
    """

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def answer(self, method: str, params: Sequence[Any], honest: Honest) -> Any:
        """See :class:`ServerFault`."""
        if method == BROADCAST:
            words = f"the transaction was rejected by network rules.\n\n{self._reason}\n[{params[0]}]"
            raise ElectrumError(REFUSED, words, method=method, place="lying server")
        return honest(method, *params)


class InventedTransaction(Truth):
    """A transaction that was never sent is in the mempool and touches ``script``."""

    def __init__(self, raw: bytes, script: bytes) -> None:
        self._raw = raw
        self._script = script_hash(script)
        self._txid = txid_of(parse(raw))

    def answer(self, method: str, params: Sequence[Any], honest: Honest) -> Any:
        """See :class:`ServerFault`."""
        if method == TRANSACTION and params[0] == self._txid:
            return self._raw.hex()
        told = honest(method, *params)
        if method == HISTORY and params[0] == self._script:
            return [*told, {"tx_hash": self._txid, "height": 0, "fee": 500}]
        return told


class SwappedTransaction(Truth):
    """Another transaction is shown under the id of a true one, e.g. with a larger amount."""

    def __init__(self, txid: str, raw: bytes) -> None:
        self._txid = txid
        self._raw = raw

    def answer(self, method: str, params: Sequence[Any], honest: Honest) -> Any:
        """See :class:`ServerFault`."""
        if method == TRANSACTION and params[0] == self._txid:
            return self._raw.hex()
        return honest(method, *params)


def mine_headers(below: bytes, count: int, *, root: bytes = bytes(32), work: bool = True) -> list[bytes]:
    """Return ``count`` regtest headers on top of the header ``below``; the first has the Merkle root ``root``.

    :param work: with proof of work, which costs two attempts each on regtest; else certainly without.
    """
    headers = []
    for _ in range(count):
        head = struct.pack("<I32s32sII", 4, double_sha256(below), root, time_of(below) + 600, REGTEST.limit_bits)
        nonce = 0
        while (_meets(below := head + struct.pack("<I", nonce))) is not work:
            nonce += 1
        headers.append(below)
        root = bytes(32)
    return headers


def _meets(header: bytes) -> bool:
    return int.from_bytes(double_sha256(header), "little") <= target_of(REGTEST.limit_bits)

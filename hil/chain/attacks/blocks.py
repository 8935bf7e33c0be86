"""Attacks by a miner: blocks past policy, blocks without a payment, reorganisations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from hil.chain.attacks.spends import txid_of
from hil.chain.client.rpc import RpcClient
from hil.chain.funding.wallet import derive
from hil.errors import AuthorError
from hil.protocol.payment.signing import Key

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST: Final = 100


class Miner:
    """Somebody with enough work of his own: on a node of his, or in league with the owner of the bench's.

    Each block pays another key of the seed, so no block is one that the node has refused before.

    :param name: tells two miners of one seed apart.
    """

    def __init__(self, client: RpcClient, seed: int, name: str = "colluding") -> None:
        self._client = client
        self._seed = seed
        self._name = name
        self._mined = 0

    def mine(self, transactions: Sequence[bytes | str] = ()) -> str:
        """Mine one block with exactly ``transactions`` (bytes, or txids of the mempool), past any policy.

        The node checks consensus only: fee, dust, replacement and standard form don't matter, so a rival that no
        mempool would take confirms, and the payment in conflict leaves the mempool (ZeroMQ ``R``). An honest socket
        takes the conflict as it takes one in the mempool: power off within 500 ms. With no transactions, nothing
        confirms: the honest socket goes on waiting, and gives no credit that its offer ties to a confirmation.

        Raises RpcError if the block breaks consensus.
        """
        self._mined += 1
        script = Key(derive(self._seed, f"{self._name} miner/{self._mined}")).p2wpkh_script
        listed = [one if isinstance(one, str) else one.hex() for one in transactions]
        return str(self._client.call("generateblock", f"raw({script.hex()})", listed)["hash"])

    def censor(self, payment: str, blocks: int = 1) -> list[str]:
        """Mine ``blocks`` with all of the mempool but the transaction ``payment`` and its descendants.

        The payment stays unconfirmed, however high its fee.
        """
        hashes = []
        for _ in range(blocks):
            pool: dict[str, Any] = self._client.call("getrawmempool", True)
            left_out = {payment}
            if payment in pool:
                left_out |= set(self._client.call("getmempooldescendants", payment))
            # parents before children, as consensus demands
            rest = sorted(set(pool) - left_out, key=lambda txid: (pool[txid]["ancestorcount"], txid))
            hashes.append(self.mine(rest))
        return hashes

    def reorganise(self, depth: int, instead: Sequence[bytes] = ()) -> list[str]:
        """Replace the last ``depth`` blocks by ``depth`` + 1 others; return the hashes of the new ones.

        The first new block holds ``instead``, the others nothing. What was confirmed returns to the mempool
        (confirmations 1 -> 0, ZeroMQ ``D`` and ``A``), unless it conflicts with ``instead``: then it is gone for good
        (a double spend after release). An honest socket sees its payment's confirmations fall and the conflict; it
        cuts the power and has lost at most what the depth in its offer allows.

        Between the two chains the node is ``depth`` blocks short for an instant; a watcher sees both.
        """
        height = int(self._client.call("getblockcount"))
        if not 1 <= depth <= min(_MOST, height):
            raise AuthorError(f"a reorganisation of depth {depth}; the chain has {height} blocks, at most {_MOST} go")
        fork = self._client.call("getblockhash", height - depth + 1)
        self._client.call("invalidateblock", fork)
        return [self.mine(instead), *(self.mine() for _ in range(depth))]

    def overtake(self, depth: int, instead: Sequence[bytes] = ()) -> list[str]:
        """On the far side of a partition: mine ``depth`` + 1 blocks, the first with ``instead``.

        When the two nodes meet again (``TwoNodes.connect``) the other one, if it mined no more than ``depth`` blocks
        meanwhile, takes this chain with more work: the same reorganisation, without any call at that node. It changes
        over in one go, so a payment that was in its blocks and conflicts with ``instead`` is gone without ZeroMQ ``R``.
        """
        if not 0 <= depth <= _MOST:
            raise AuthorError(f"a chain of {depth} blocks more; at most {_MOST}")
        return [self.mine(instead), *(self.mine() for _ in range(depth))]


def confirmations(client: RpcClient, raw: bytes) -> int | None:
    """Return how deep a transaction is: 0 in the mempool, None if the node does not have it (needs ``-txindex``)."""
    txid = txid_of(raw)
    if txid in client.call("getrawmempool"):
        return 0
    output = client.call("gettxout", txid, 0, False)
    return None if output is None else int(output["confirmations"])

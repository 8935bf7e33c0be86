"""Fee pressure: fill a small mempool with large transactions, so that cheap ones fall out and the floor rises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hil.chain.attacks.spends import DUST, spend
from hil.chain.client.rpc import RpcClient, RpcError, to_satoshi
from hil.chain.funding.wallet import derive
from hil.errors import AuthorError, RigFault
from hil.protocol.payment.signing import Key
from hil.units import Satoshi

if TYPE_CHECKING:
    from hil.ports import Ledger
    from hil.protocol.payment.coins import Coin

SMALL_MEMPOOL: Final = ("-maxmempool=5",)
"""Options of a node whose mempool holds 5 MB, the least that it allows: about 40 of our large transactions."""

_OUTPUTS: Final = 3000
_SIZE: Final = 11 + 68 + 31 * _OUTPUTS
"""Of a bulk transaction in vB: one P2WPKH input, 3000 P2WPKH outputs."""
_FULL: Final = 60


class FeePressure:
    """Somebody with money who bids for the room in the mempool. For a node with :data:`SMALL_MEMPOOL`.

    :param most_rate: the highest fee rate in sat/vB that it must be able to pay.
    :param transactions: how many large transactions it may send.
    """

    def __init__(
        self, client: RpcClient, ledger: Ledger, seed: int, *, most_rate: int = 50, transactions: int = _FULL
    ) -> None:
        self._client = client
        self._most_rate = most_rate
        self._key = Key(derive(seed, "fee pressure"))
        self._value = Satoshi(_OUTPUTS * DUST + _SIZE * most_rate)
        # funding mines the mempool, so it must come before there is anything in it to put under pressure
        self._coins = ledger.fund(self._key.p2wpkh_script, self._value, outputs=transactions)

    def push(self, rate: int) -> str | None:
        """Send one large transaction (93 kvB) at ``rate`` sat/vB.

        Returns its txid, None if it fell out itself again with those that it pushed out (``mempool full``).
        Raises RpcError (``mempool min fee not met``) if the floor is higher already.
        """
        if rate > self._most_rate:
            raise AuthorError(f"a fee rate of {rate} sat/vB; the money is for at most {self._most_rate}")
        if not self._coins:
            raise AuthorError("all large transactions were sent", remedy="Give FeePressure more of them")
        coin: Coin = self._coins.pop(0)
        script = self._key.p2wpkh_script
        rest = coin.value - _SIZE * rate - DUST * (_OUTPUTS - 1)
        raw = spend([coin], {script: self._key}, [(script, DUST)] * (_OUTPUTS - 1) + [(script, rest)])
        try:
            return str(self._client.call("sendrawtransaction", raw.hex()))
        except RpcError as error:
            if error.message.startswith("mempool full"):
                return None
            raise

    def evict(self, txid: str, rate: int) -> int:
        """Send large transactions at ``rate`` until ``txid`` has fallen out; return how many it took.

        The node drops the transaction with the lowest fee rate (ZeroMQ ``R``) and takes it back only above the new
        floor (``mempool min fee not met``). An honest socket sees its payment gone, gives no further credit, cuts the
        power when credit ends, and broadcasts again when the floor has fallen; nothing is lost if it does so in time.
        """
        for count in range(len(self._coins) + 1):
            if txid not in self._client.call("getrawmempool"):
                return count
            self.push(rate)
        raise RigFault(f"{txid} is still in the mempool after all large transactions at {rate} sat/vB")

    def raise_floor(self, rate: int) -> int:
        """Fill the mempool at ``rate`` until it demands more than 1 sat/vB; return the new floor in sat/vB.

        A move of the fee market in mid-session: what was agreed in the offer may no longer be relayed. An honest
        socket offers the next session at a higher rate, and ends one whose payments are refused.
        The floor falls again when blocks have emptied the mempool (``Ledger.mine``) and hours of the chain's time
        have gone by after them (``RegtestLedger.follow_time``): it halves every 3 to 12 h. Until then the bench's own
        wallet cannot pay either, so fund first.
        """
        while (floor := fee_floor(self._client)) <= 1:
            self.push(rate)
        return floor


def fee_floor(client: RpcClient) -> int:
    """Return the lowest fee rate in sat/vB, rounded up, that the node takes just now."""
    info = client.call("getmempoolinfo")
    least = max(to_satoshi(info["mempoolminfee"]), to_satoshi(info["minrelaytxfee"]))
    return -(-least // 1000)

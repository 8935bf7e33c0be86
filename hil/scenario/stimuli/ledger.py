"""Events on the ledger that a scenario causes: double spends, miners, eviction, a node that is gone."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hil.chain.attacks import node as attacks_node
from hil.chain.attacks.blocks import Miner
from hil.chain.attacks.electrum_faults import DroppedBroadcast, ForgedConfirmations, RefusedBroadcast, WithheldHeaders
from hil.chain.attacks.mempool import FeePressure
from hil.chain.attacks.spends import Adversary
from hil.chain.client.rpc import LedgerUnavailable, RpcError
from hil.chain.views.factory import view_named
from hil.chain.views.servers import ELECTRUM
from hil.errors import AuthorError
from hil.evidence.documents import Kind
from hil.protocol.payment.coins import Coin, OutPoint
from hil.protocol.payment.transactions import change_coin, parse_transaction, txid
from hil.units import Satoshi

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.chain.attacks.electrum_faults import ServerFault
    from hil.chain.attacks.partition import TwoNodes
    from hil.chain.node.snapshot import OwnNode
    from hil.scenario.scenario import ScenarioRun


LIES: dict[str, Callable[[], ServerFault]] = {
    "forges-confirmations": ForgedConfirmations,
    "forges-confirmations-and-proofs": lambda: ForgedConfirmations(proof=True),
    "withholds-headers": WithheldHeaders,
    "drops-broadcasts": lambda: DroppedBroadcast(careless=True),
    "refuses-for-the-mempool-fee": lambda: RefusedBroadcast("mempool min fee not met"),
    "refuses-for-the-relay-fee": lambda: RefusedBroadcast("min relay fee not met"),
    "refuses-for-a-full-mempool": lambda: RefusedBroadcast("mempool full"),
    "refuses-for-a-long-chain": lambda: RefusedBroadcast("too-long-mempool-chain"),
}
"""What the server of an SPV client or an API can lie about in a scenario (docs/ledger-views.md)."""


def let_server_lie(scenario: ScenarioRun, name: str) -> None:
    """Let the server between the socket and the ledger tell one of ``LIES``; raises AuthorError for a node's view."""
    view = scenario.plan.ledger_view
    if view is None or view_named(view).asks != ELECTRUM:
        raise AuthorError("a node of the socket's own tells no lies", remedy="Given the socket sees the ledger by spv")
    scenario.plan.server_fault = LIES[name]()


def let_server_tell_the_truth(scenario: ScenarioRun) -> None:
    """End the lie."""
    scenario.rig.chain.views.tell_truth()
    scenario.rig.chain.poke()
    _note(scenario, "the server tells the truth again")


def double_spend(scenario: ScenarioRun) -> None:
    """Send a transaction with a higher fee that spends the coins of the newest payment elsewhere."""
    payment = scenario.observer.newest_valid_payment().transaction
    _note(
        scenario,
        f"the cable spends its coins elsewhere: {_adversary(scenario).double_spend(payment, _spent(scenario))}",
    )


def replace(scenario: ScenarioRun, less: int) -> None:
    """Replace the newest payment by one that pays the socket ``less`` satoshi less, and a higher fee."""
    payment = parse_transaction(scenario.observer.newest_valid_payment().transaction)
    to_socket, change = payment.vout
    if not 0 < less < to_socket.nValue or change.nValue <= _REPLACEMENT_FEE_SAT:
        raise AuthorError(f"a payment of {to_socket.nValue} sat, {change.nValue} sat of change, cannot pay {less} less")
    outputs = [
        (bytes(to_socket.scriptPubKey), to_socket.nValue - less),
        (bytes(change.scriptPubKey), change.nValue + less - _REPLACEMENT_FEE_SAT),
    ]
    name = _adversary(scenario).replace(payment.serialize(), _spent(scenario), outputs)
    _note(scenario, f"the cable replaced its payment by one that pays {less} sat less: {name}")


def mine_rival(scenario: ScenarioRun) -> None:
    """Have a miner put such a transaction into a block, past every mempool."""
    rival = _adversary(scenario).rival(scenario.observer.newest_valid_payment().transaction, _spent(scenario))
    _miner(scenario).mine([rival])
    _note(scenario, "a miner in league with the cable mined a spend of its coins to itself")


def reorganise(scenario: ScenarioRun, depth: int, *, double_spent: bool) -> None:
    """Replace the last ``depth`` blocks, with or without another spend of the payment's coins in them."""
    rival = (
        [_adversary(scenario).rival(scenario.observer.newest_valid_payment().transaction, _spent(scenario))]
        if double_spent
        else []
    )
    _miner(scenario).reorganise(depth, rival)
    _note(scenario, f"the last {depth} blocks were replaced{' by a chain with a double spend' if double_spent else ''}")


def evict(scenario: ScenarioRun) -> None:
    """Bid for the room in the mempool until the newest payment has fallen out of it."""
    if scenario.fee_pressure is None:
        raise AuthorError("nobody has the money to do that", remedy="Given somebody has the money to fill the mempool")
    name = txid(parse_transaction(scenario.observer.newest_valid_payment().transaction))
    count = scenario.fee_pressure.evict(name, _CROWDING_RATE)
    _note(scenario, f"{count} large transactions pushed the payment out of the mempool")


def prepare_fee_pressure(scenario: ScenarioRun) -> None:
    """Give somebody the money to fill the mempool; before there is anything in it."""
    chain = scenario.rig.chain
    scenario.fee_pressure = FeePressure(chain.rpc, chain.ledger, chain.seed)


def raise_floor(scenario: ScenarioRun) -> None:
    """Fill the mempool until it demands more than the fee rate of the session."""
    if scenario.fee_pressure is None:
        raise AuthorError("nobody has the money to do that", remedy="Given somebody has the money to fill the mempool")
    floor = scenario.fee_pressure.raise_floor(_CROWDING_RATE)
    _note(scenario, f"the mempool takes nothing below {floor} sat/vB")


def relieve(scenario: ScenarioRun) -> None:
    """Mine what fills the mempool, and let a day pass on the chain: its floor halves every three hours at most."""
    chain = scenario.rig.chain
    for _ in range(_MOST_RELIEF_BLOCKS):
        if not chain.rpc.call("getrawmempool"):
            break
        scenario.observer.mine()
    chain.rewind(_RELIEF_S)
    chain.ledger.follow_time()
    chain.poke()
    _note(scenario, "the mempool was mined empty, and its floor has fallen")


def cut_network(scenario: ScenarioRun) -> None:
    """Part the bench's node and the one on the far side: each goes on by itself."""
    _two(scenario).part()
    _note(scenario, "the network was cut in two")


def mine_on_far_side(scenario: ScenarioRun, blocks: int) -> None:
    """Have the far side mine ``blocks`` and one more, the first with another spend of the payment's coins."""
    rival = _adversary(scenario).rival(scenario.observer.newest_valid_payment().transaction, _spent(scenario))
    Miner(_two(scenario).second, scenario.rig.chain.seed, "far").overtake(blocks, [rival])


def heal_network(scenario: ScenarioRun) -> None:
    """Let the two nodes meet again; the chain with more work wins."""
    _two(scenario).connect()
    scenario.rig.chain.poke()
    _note(scenario, "the network is whole again")


def pin(scenario: ScenarioRun) -> None:
    """Hang a large, cheap transaction on the change of the newest payment, at the cable's cost."""
    chain, adversary = scenario.rig.chain, _adversary(scenario)
    (own,) = chain.ledger.fund(adversary.script, Satoshi(_PIN_SAT))
    payment = scenario.observer.newest_valid_payment().transaction
    change = change_coin(parse_transaction(payment), bytes(parse_transaction(payment).vout[1].scriptPubKey))
    if change is None:
        raise AuthorError("the newest payment has no change to hang anything on")
    _note(scenario, f"the payment is pinned by {adversary.pin(payment, change, own)}")


def pause_node(scenario: ScenarioRun) -> None:
    """Freeze the node: it takes connections and answers nothing."""
    _take_away(scenario, "the node was frozen")
    attacks_node.pause(_own(scenario))


def resume_node(scenario: ScenarioRun) -> None:
    """Let a frozen node go on."""
    attacks_node.resume(_own(scenario))
    _give_back(scenario, "the node goes on")


def slow_node(scenario: ScenarioRun, seconds: float) -> None:
    """Let the node's answers reach the socket so many seconds after its questions; 0: at once again."""
    scenario.rig.delay_ledger(seconds)
    _note(scenario, f"the node takes {seconds:g} s to answer" if seconds else "the node answers at once again")


def kill_node(scenario: ScenarioRun) -> None:
    """End the node as a power cut does; the blocks it has were written long ago, its mempool never."""
    scenario.rig.chain.rpc.call("gettxoutsetinfo")  # it writes them first
    _take_away(scenario, "the node was killed")
    attacks_node.kill(_own(scenario))


def restart_node(scenario: ScenarioRun) -> None:
    """Start a killed node again on its data."""
    attacks_node.restart(_own(scenario))
    scenario.rig.chain.restarted()
    _give_back(scenario, "the node was started again")
    scenario.rig.chain.ledger.follow_time()


def fill_disk(scenario: ScenarioRun) -> None:
    """Let the node write nothing more: it ends at the next block, which it cannot store."""
    attacks_node.fill_disk(_own(scenario))
    _take_away(scenario, "the node's disk is full, and it ends at the next block")
    with contextlib.suppress(LedgerUnavailable, RpcError):
        scenario.rig.chain.ledger.mine()
    _own(scenario).wait_ended(_END_TIMEOUT_S)


_END_TIMEOUT_S = 10.0
_REPLACEMENT_FEE_SAT = 2_000
"""By how much a replacement's fee exceeds the payment's; the node asks for at least 1 sat/vB more, some 150 sat."""
_PIN_SAT = 2_000_000
"""What the large child costs its owner, with room for its 90 000 vB of outputs."""
_CROWDING_RATE = 50
"""Fee rate of the crowd in sat/vB; the reference socket offers 10."""
_MOST_RELIEF_BLOCKS = 40
"""Blocks that surely hold the 5 MB of a small mempool, also where a node makes them small (Knots: 0.3 MB)."""
_RELIEF_S = 24 * 3600.0
"""Eight half-lives of the floor of an empty mempool, counted from the last block (``CTxMemPool::GetMinFee``)."""


def _own(scenario: ScenarioRun) -> OwnNode:
    node = scenario.rig.own_node
    if node is None:
        raise AuthorError("the run's node serves every scenario and must not be broken", remedy="Tag it @fresh_node")
    return node


def _two(scenario: ScenarioRun) -> TwoNodes:
    two = scenario.rig.chain.two
    if two is None:
        raise AuthorError("there is one node only", remedy="Tag the scenario @partition")
    return two


def _take_away(scenario: ScenarioRun, what: str) -> None:
    scenario.rig.chain.take_away()
    _note(scenario, what)


def _give_back(scenario: ScenarioRun, what: str) -> None:
    scenario.rig.chain.give_back()
    _note(scenario, what)


def _note(scenario: ScenarioRun, what: str) -> None:
    scenario.recorder.observe(Kind.FAULT, "ledger", {"what": what, "who": "ledger"})


def _miner(scenario: ScenarioRun) -> Miner:
    if scenario.miner is None:
        scenario.miner = Miner(scenario.rig.chain.rpc, scenario.rig.chain.seed)
    return scenario.miner


def _adversary(scenario: ScenarioRun) -> Adversary:
    chain = scenario.rig.chain
    return Adversary(chain.rpc, chain.seed, scenario.cable_keys())


def _spent(scenario: ScenarioRun) -> list[Coin]:
    """Return the coins that the newest payment spends: the declared ones, or the change of the payment before."""
    known = {coin.outpoint: coin for coin in scenario.observer.coins}
    for payment in scenario.observer.signed_payments():
        parsed = parse_transaction(payment.transaction)
        for index, output in enumerate(parsed.vout):
            outpoint = OutPoint(txid(parsed), index)
            known[outpoint] = Coin(outpoint, output.nValue, bytes(output.scriptPubKey))
    newest = parse_transaction(scenario.observer.newest_valid_payment().transaction)
    return [known[OutPoint(each.prevout.hash[::-1].hex(), each.prevout.n)] for each in newest.vin]

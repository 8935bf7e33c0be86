"""Events on the ledger during a scenario, and how the socket must react. Tags give the scenario a node of its own:
``@fresh_node``, ``@small_mempool``, ``@still_downloading``.
"""

from __future__ import annotations

from hil.testing import (
    Cause,
    Check,
    Limit,
    Satoshi,
    ScenarioRun,
    Second,
    Source,
    brings,
    decides,
    ends,
    follows,
    given,
    needs,
    once,
    sampled,
    sensible,
    tells,
    then,
    unsure,
    when,
    within_time,
)
from hil.testing.feasibility import RigFile, doubtful_edge, doubts, undecidable_edge, zero_too
from hil.testing.measurements import ledger as measured
from hil.testing.measurements import payments
from hil.testing.stimuli import ledger as ledger_attacks


@given("somebody has the money to fill the mempool")
@brings(Cause.MEMPOOL_MONEY)
def money_for_the_mempool(scenario: ScenarioRun) -> None:
    """Coins for some sixty large transactions; for a node with a small mempool."""
    ledger_attacks.prepare_fee_pressure(scenario)


@given("the server of the ledger {lie}")
@once("what the server of the ledger lies about")
@brings(Cause.SERVER_LIES)
def lying_server(name: str, /, scenario: ScenarioRun) -> None:
    """Between the socket and a server that others run; a node of the socket's own needs none."""
    ledger_attacks.let_server_lie(scenario, name)


@when("the server of the ledger tells the truth again")
@ends(Cause.SERVER_LIES)
@brings(Cause.LEDGER_EVENT)
def truthful_server(scenario: ScenarioRun) -> None:
    """From now on it answers what the node knows."""
    ledger_attacks.let_server_tell_the_truth(scenario)


@when("the cable spends its coins elsewhere with a higher fee")
@brings(Cause.LEDGER_EVENT)
def double_spend(scenario: ScenarioRun) -> None:
    """A transaction to the cable itself that every mempool prefers to the socket's."""
    ledger_attacks.double_spend(scenario)


@when("the cable replaces its newest payment by one that pays {amount} less")
@brings(Cause.LEDGER_EVENT)
def replacement(less: Satoshi, /, scenario: ScenarioRun) -> None:
    """A newer version of the same payment with a higher fee, taken from the socket's share and the change."""
    ledger_attacks.replace(scenario, int(less))


@when("a miner in league with the cable mines a spend of its coins to itself")
@brings(Cause.LEDGER_EVENT)
def mined_rival(scenario: ScenarioRun) -> None:
    """The same in a block, past every mempool."""
    ledger_attacks.mine_rival(scenario)


MOST_BLOCKS = 100
"""In one step: a reorganisation of so many has never been seen, and coins of miners are as deep."""


def _too_deep(blocks: int) -> str:
    return "" if 0 <= blocks <= MOST_BLOCKS else f"{blocks} blocks are too many; at most {MOST_BLOCKS}"


@when("the last {int} block/blocks of the chain are replaced")
@sensible(_too_deep)
@brings(Cause.LEDGER_EVENT)
def reorganisation(depth: int, /, scenario: ScenarioRun) -> None:
    """A longer chain without the transactions of the blocks that it replaces; they return to the mempool."""
    ledger_attacks.reorganise(scenario, depth, double_spent=False)


@when("the last {int} block/blocks of the chain are replaced by ones with a double spend")
@sensible(_too_deep)
@brings(Cause.LEDGER_EVENT)
def reorganisation_with_rival(depth: int, /, scenario: ScenarioRun) -> None:
    """The same, and the new chain spends the cable's coins elsewhere: the payment is gone for good."""
    ledger_attacks.reorganise(scenario, depth, double_spent=True)


@when("the newest payment is crowded out of the mempool")
@follows(Cause.MEMPOOL_MONEY)
@brings(Cause.LEDGER_EVENT)
def crowded_out(scenario: ScenarioRun) -> None:
    """Large transactions with a high fee take all the room."""
    ledger_attacks.evict(scenario)


@when("the mempool is mined empty")
@brings(Cause.LEDGER_EVENT)
def mined_empty(scenario: ScenarioRun) -> None:
    """Three blocks, as many as a small mempool fills."""
    ledger_attacks.relieve(scenario)


@when("the mempool fills up with dearer transactions")
@follows(Cause.MEMPOOL_MONEY)
@brings(Cause.LEDGER_EVENT)
def fills_up(scenario: ScenarioRun) -> None:
    """Its floor rises above the fee rate that the session agreed."""
    ledger_attacks.raise_floor(scenario)


@when("the network between the nodes is cut")
@brings(Cause.NETWORK_CUT, Cause.LEDGER_EVENT)
def network_cut(scenario: ScenarioRun) -> None:
    """The bench's node and the one on the far side (``@partition``) go on by themselves."""
    ledger_attacks.cut_network(scenario)


@when("the far side mines a double spend and {int} more block/blocks")
@sensible(_too_deep)
@zero_too
@follows(Cause.NETWORK_CUT)
def far_side_mines(blocks: int, /, scenario: ScenarioRun) -> None:
    """Another spend of the coins of the newest payment, and so many blocks on it."""
    ledger_attacks.mine_on_far_side(scenario, blocks)


@when("the network is whole again")
@ends(Cause.NETWORK_CUT)
@brings(Cause.LEDGER_EVENT)
def network_whole(scenario: ScenarioRun) -> None:
    """The nodes meet, and the chain with more work wins."""
    ledger_attacks.heal_network(scenario)


@when("the cable pins its payment with a large, cheap child")
@brings(Cause.LEDGER_EVENT)
def pinned(scenario: ScenarioRun) -> None:
    """The change of the newest payment is spent by 90 000 vB at 1 sat/vB, too large to be replaced cheaply."""
    ledger_attacks.pin(scenario)


@when("the disk of the node is full")
@brings(Cause.NODE_DOWN, Cause.LEDGER_EVENT)
def disk_full(scenario: ScenarioRun) -> None:
    """It can write no more, and ends at the next block."""
    ledger_attacks.fill_disk(scenario)


@when("the node is frozen")
@brings(Cause.NODE_FROZEN, Cause.LEDGER_EVENT)
def node_frozen(scenario: ScenarioRun) -> None:
    """It takes connections and answers nothing."""
    ledger_attacks.pause_node(scenario)


@when("the node goes on")
@ends(Cause.NODE_FROZEN)
@brings(Cause.LEDGER_EVENT)
def node_goes_on(scenario: ScenarioRun) -> None:
    """A frozen node answers again."""
    ledger_attacks.resume_node(scenario)


def _can_be_late(rig: RigFile, *_: object) -> str:
    return "" if rig.virtual else f"rig '{rig.options.name}' has no gate between the socket and its node"


@when("the node takes {duration} to answer")
@needs(_can_be_late)
@brings(Cause.NODE_SLOW, Cause.LEDGER_EVENT)
def node_slow(duration: Second, /, scenario: ScenarioRun) -> None:
    """Its answers reach the socket this much later than asked for; on the wall clock each single call takes so long."""
    ledger_attacks.slow_node(scenario, float(duration))


@when("the node answers at once again")
@needs(_can_be_late)
@ends(Cause.NODE_SLOW)
@brings(Cause.LEDGER_EVENT)
def node_prompt(scenario: ScenarioRun) -> None:
    """Its answers are held up no more."""
    ledger_attacks.slow_node(scenario, 0.0)


@when("the node is killed")
@brings(Cause.NODE_DOWN, Cause.LEDGER_EVENT)
def node_killed(scenario: ScenarioRun) -> None:
    """As in a power cut: its mempool is lost."""
    ledger_attacks.kill_node(scenario)


@when("the node is started again")
@ends(Cause.NODE_DOWN)
@brings(Cause.LEDGER_EVENT)
def node_started(scenario: ScenarioRun) -> None:
    """On the data that it had written."""
    ledger_attacks.restart_node(scenario)


@then("the socket reports {error_code} within {duration} of the attack")
@follows(Cause.LEDGER_EVENT)
def reported_in_time(code: str, limit: Second, /) -> Check:
    """From the newest event on the ledger to the socket's ERROR with this code."""
    payments.refuse_unknown_code(code)
    name = f"attack to ERROR {code}"
    return within_time(
        name,
        limit,
        lambda observer, limit_s: measured.attack_to_report(observer, code, limit_s),
        Source.LEDGER,
        Source.LINE,
    )


@then("the power was cut within {duration} of the attack")
@decides(undecidable_edge)
@unsure(doubtful_edge)
@follows(Cause.LEDGER_EVENT)
def cut_in_time(limit: Second, /) -> Check:
    """From the newest event on the ledger to the first reading without power."""
    return within_time("attack to zero power", limit, measured.attack_to_cut, Source.LEDGER, Source.LAB_METER)


@then("the console of the {device} says {string} within {duration} of the attack")
@follows(Cause.LEDGER_EVENT)
def said_in_time(device: str, words: str, limit: Second, /) -> Check:
    """From the newest event on the ledger to the first line of the console that holds these words."""
    return within_time(
        f"attack to '{words}' on the console",
        limit,
        lambda observer, limit_s: measured.attack_to_console(observer, device, words, limit_s),
        Source.LEDGER,
        Source.DEVICE,
    )


@then("the socket lost at most {amount}")
@tells(doubts.lost)
def lost_at_most(limit: Satoshi, /) -> Check:
    """The price of the energy delivered less what confirmed transactions pay to the offered payees."""
    return sampled("lost by the socket", Limit("sat", high=limit), payments.loss, Source.LAB_METER, Source.LEDGER)


@then("the socket had its payment on the ledger again within {duration} of the relief")
@follows(Cause.LEDGER_EVENT)
def on_ledger_again(limit: Second, /) -> Check:
    """From the newest event on the ledger until the ledger has the newest valid transaction; looked up every second."""
    check = within_time("relief to the payment on the ledger", limit, measured.relief_to_ledger, Source.LEDGER)
    return check.explained(measured.settlement_told)

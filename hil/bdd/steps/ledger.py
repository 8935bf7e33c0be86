"""What befalls the ledger in the middle of a scenario, and what the socket must make of it. Tags give it a node of its
own: ``@fresh_node``, ``@small_mempool``, ``@still_downloading``.
"""

from __future__ import annotations

from hil.bdd.check.values import zero_too
from hil.bdd.language.applicability import decides, needs
from hil.bdd.language.catalogue import given, then, when
from hil.evidence.limits import Limit
from hil.evidence.observations import Source
from hil.rig.check.capabilities import undecidable_edge
from hil.rig.config.rig_file import RigFile
from hil.scenario.check import Check, sampled, within_time
from hil.scenario.measurements import ledger as measured
from hil.scenario.measurements import payments
from hil.scenario.scenario import Trial
from hil.scenario.stimuli import ledger as ledger_attacks
from hil.units import Satoshi, Second


@given("somebody has the money to fill the mempool")
def money_for_the_mempool(trial: Trial) -> None:
    """Coins for some sixty large transactions; for a node with a small mempool."""
    ledger_attacks.prepare_fee_pressure(trial)


@given("the server of the ledger {lie}")
def lying_server(name: str, /, trial: Trial) -> None:
    """Between the socket and a server that others run; what each view notices is in docs/ledger-views.md."""
    ledger_attacks.let_server_lie(trial, name)


@when("the server of the ledger tells the truth again")
def truthful_server(trial: Trial) -> None:
    """From now on it answers what the node knows."""
    ledger_attacks.let_server_tell_the_truth(trial)


@when("the cable spends its coins elsewhere with a higher fee")
def double_spend(trial: Trial) -> None:
    """A transaction to the cable itself that every mempool prefers to the socket's."""
    ledger_attacks.double_spend(trial)


@when("the cable replaces its newest payment by one that pays {amount} less")
def replacement(less: Satoshi, /, trial: Trial) -> None:
    """A newer version of the same payment with a higher fee, taken from the socket's share and the change."""
    ledger_attacks.replace(trial, int(less))


@when("a miner in league with the cable mines a spend of its coins to itself")
def mined_rival(trial: Trial) -> None:
    """The same in a block, past every mempool."""
    ledger_attacks.mine_rival(trial)


@when("the last {int} block/blocks of the chain are replaced")
def reorganisation(depth: int, /, trial: Trial) -> None:
    """A longer chain without the transactions of the blocks that it replaces; they return to the mempool."""
    ledger_attacks.reorganise(trial, depth, double_spent=False)


@when("the last {int} block/blocks of the chain are replaced by ones with a double spend")
def reorganisation_with_rival(depth: int, /, trial: Trial) -> None:
    """The same, and the new chain spends the cable's coins elsewhere: the payment is gone for good."""
    ledger_attacks.reorganise(trial, depth, double_spent=True)


@when("the newest payment is crowded out of the mempool")
def crowded_out(trial: Trial) -> None:
    """Large transactions with a high fee take all the room."""
    ledger_attacks.evict(trial)


@when("the mempool is mined empty")
def mined_empty(trial: Trial) -> None:
    """Three blocks, as many as a small mempool fills."""
    ledger_attacks.relieve(trial)


@when("the mempool fills up with dearer transactions")
def fills_up(trial: Trial) -> None:
    """Its floor rises above the fee rate that the session agreed."""
    ledger_attacks.raise_floor(trial)


@when("the network between the nodes is cut")
def network_cut(trial: Trial) -> None:
    """The bench's node and the one on the far side (``@partition``) go on by themselves."""
    ledger_attacks.cut_network(trial)


@when("the far side mines a double spend and {int} more block/blocks")
@zero_too
def far_side_mines(blocks: int, /, trial: Trial) -> None:
    """Another spend of the coins of the newest payment, and so many blocks on it."""
    ledger_attacks.mine_on_far_side(trial, blocks)


@when("the network is whole again")
def network_whole(trial: Trial) -> None:
    """The nodes meet, and the chain with more work wins."""
    ledger_attacks.heal_network(trial)


@when("the cable pins its payment with a large, cheap child")
def pinned(trial: Trial) -> None:
    """The change of the newest payment is spent by 90 000 vB at 1 sat/vB, which nobody wants to replace."""
    ledger_attacks.pin(trial)


@when("the disk of the node is full")
def disk_full(trial: Trial) -> None:
    """It can write no more, and ends at the next block."""
    ledger_attacks.fill_disk(trial)


@when("the node is frozen")
def node_frozen(trial: Trial) -> None:
    """It takes connections and answers nothing."""
    ledger_attacks.pause_node(trial)


@when("the node goes on")
def node_goes_on(trial: Trial) -> None:
    """A frozen node answers again."""
    ledger_attacks.resume_node(trial)


def _can_be_late(rig: RigFile, *_: object) -> str:
    return "" if rig.virtual else f"rig '{rig.options.name}' has no gate between the socket and its node"


@when("the node takes {duration} to answer")
@needs(_can_be_late)
def node_slow(duration: Second, /, trial: Trial) -> None:
    """Its answers reach the socket this much later than asked for; on the wall clock each single call takes so long."""
    ledger_attacks.slow_node(trial, float(duration))


@when("the node answers at once again")
@needs(_can_be_late)
def node_prompt(trial: Trial) -> None:
    """Its answers are held up no more."""
    ledger_attacks.slow_node(trial, 0.0)


@when("the node is killed")
def node_killed(trial: Trial) -> None:
    """As in a power cut: its mempool is lost."""
    ledger_attacks.kill_node(trial)


@when("the node is started again")
def node_started(trial: Trial) -> None:
    """On the data that it had written."""
    ledger_attacks.restart_node(trial)


@then("the socket reports {error_code} within {duration} of the attack")
def reported_in_time(code: str, limit: Second, /) -> Check:
    """From the last thing that befell the ledger to the socket's ERROR with this code."""
    payments.refuse_unknown_code(code)
    name = f"attack to ERROR {code}"
    return within_time(
        name, limit, lambda trial, limit_s: measured.attack_to_report(trial, code, limit_s), Source.LEDGER, Source.LINE
    )


@then("the power was cut within {duration} of the attack")
@decides(undecidable_edge)
def cut_in_time(limit: Second, /) -> Check:
    """From the last thing that befell the ledger to the first reading without power."""
    return within_time("attack to zero power", limit, measured.attack_to_cut, Source.LEDGER, Source.LAB_METER)


@then("the console of the {device} says {string} within {duration} of the attack")
def said_in_time(device: str, words: str, limit: Second, /) -> Check:
    """From the last thing that befell the ledger to the first line of the console that holds these words."""
    return within_time(
        f"attack to '{words}' on the console",
        limit,
        lambda trial, limit_s: measured.attack_to_console(trial, device, words, limit_s),
        Source.LEDGER,
        Source.DEVICE,
    )


@then("the socket lost at most {amount}")
def lost_at_most(limit: Satoshi, /) -> Check:
    """The price of the energy delivered less what confirmed transactions pay to the offered payees."""
    return sampled("lost by the socket", Limit("sat", high=limit), payments.loss, Source.LAB_METER, Source.LEDGER)


@then("the socket had its payment on the ledger again within {duration} of the relief")
def on_ledger_again(limit: Second, /) -> Check:
    """From the last thing that befell the ledger until it has the newest valid transaction; looked for each second."""
    return within_time("relief to payment", limit, measured.relief_to_ledger, Source.LEDGER)

"""What fails or changes in a session: supply, firmware, link; whether it goes on, and what its program takes."""

from __future__ import annotations

from hil.testing import (
    Cause,
    Check,
    Mebibyte,
    Observer,
    ScenarioRun,
    Second,
    Source,
    brings,
    decides,
    follows,
    needs,
    not_while,
    number,
    sensible,
    tells,
    then,
    unsure,
    when,
    within_time,
)
from hil.testing.feasibility import (
    Course,
    agreement,
    demanded,
    doubtful_edge,
    no_other_firmware,
    no_program,
    undecidable_edge,
)
from hil.testing.measurements import cuts, payments, program
from hil.testing.stimuli import program as watching
from hil.testing.stimuli import supply_and_link as interruptions


@when("the supply of the {device} fails for {duration}")
@tells(Course.supply_fails)
@brings(Cause.SUPPLY_BACK)
def supply_fails(device: str, duration: Second, /, scenario: ScenarioRun) -> None:
    """The electronics of the device under test lose their supply (K3 or K4) and get it back; it boots anew."""
    interruptions.interrupt_supply(scenario, device, float(duration))


@when("the {device} is given its other firmware")
@needs(no_other_firmware)
@tells(Course.firmware_changes)
@brings(Cause.SUPPLY_BACK)
def other_firmware(device: str, /, scenario: ScenarioRun) -> None:
    """Its supply is taken away for 3 s; then the program of ``other_firmware`` starts on what the first one stored."""
    interruptions.change_firmware(scenario, device, other=True)


@when("the {device} is given its first firmware again")
@needs(no_other_firmware)
@tells(Course.firmware_changes)
@brings(Cause.SUPPLY_BACK)
def first_firmware(device: str, /, scenario: ScenarioRun) -> None:
    """Its supply is taken away for 3 s; then the program of ``command`` starts on what the other one stored."""
    interruptions.change_firmware(scenario, device, other=False)


@when("the link is interrupted for {duration}")
@tells(Course.interrupts)
@brings(Cause.LINK_FAILS)
def link_interrupted(duration: Second, /, scenario: ScenarioRun) -> None:
    """No byte passes between socket and cable, in either direction; both stay powered."""
    interruptions.interrupt_link(scenario, float(duration))


@when("a block is mined")
@tells(agreement.blocks_mined)
def block_mined(observer: Observer) -> None:
    """The bench's miner finds a block with what is in the mempool."""
    observer.mine()


MOST_BLOCKS = 1000
"""Mined in one step: a week of the main network's, and some seconds of the node's work."""


def _none_to_mine(count: int) -> str:
    return "" if 1 <= count <= MOST_BLOCKS else f"{count} blocks cannot be mined; 1 to {MOST_BLOCKS}"


@when("{int} block/blocks are mined")
@sensible(_none_to_mine)
@tells(agreement.blocks_mined)
def blocks_mined(count: int, /, observer: Observer) -> None:
    """The first with what is in the mempool, the others on it."""
    observer.mine(count)


@when("the program of the {device} is watched from now on")
@needs(no_program)
@tells(Course.watches)
def program_watched(device: str, /, scenario: ScenarioRun) -> None:
    """Looks once a minute how much memory, how many descriptors and threads it has, with all that it started."""
    watching.watch(scenario, device)


def _no_growth(_: str, *most: float) -> str:
    return "" if min(most) >= 0 else "a program may grow by 0 or more"


@then("the program of the {device} grew by at most {memory}, {int} descriptors and {int} threads")
@needs(no_program)
@sensible(_no_growth)
@tells(Course.has_watched)
def program_grew(device: str, memory: Mebibyte, descriptors: int, threads: int, /) -> list[Check]:
    """Since it is watched: the least in the last third of that time, less the least in the first third.

    So what a program takes for a while and gives back, or takes once at its beginning, is no growth. Memory is that of
    its own, in RAM or swapped out, without files that it maps.
    """
    most = {"memory": memory, "descriptors": descriptors, "threads": threads}
    return [program.grew(device, what, limit) for what, limit in most.items()]


@when("power flows again")
@not_while(Cause.CABLE_OUT)
def power_flows_again(observer: Observer) -> None:
    """Waits for the first reading with power from now on, at most two minutes."""
    cuts.await_power(observer)


@then("{int} session/sessions began")
@tells(demanded.sessions)
def sessions_began(count: int, /) -> Check:
    """Counts the session ids for which the socket made an OFFER; a session that goes on keeps its id."""
    return number("sessions begun by an OFFER", count, payments.sessions, Source.LINE)


@then("power flowed again within {duration} of the restored supply")
@decides(undecidable_edge)
@unsure(doubtful_edge)
@follows(Cause.SUPPLY_BACK)
@tells(demanded.power)
def power_after_supply(limit: Second, /) -> Check:
    """From the last closing of the supply relay to the first reading with power after it."""
    return within_time("restored supply to power", limit, cuts.supply_to_power, Source.BENCH, Source.LAB_METER)

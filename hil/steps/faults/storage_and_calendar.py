"""A device's storage that fails (full, read-only, torn), and its calendar that is set back and forth."""

from __future__ import annotations

from hil.testing import (
    Cause,
    Check,
    ScenarioRun,
    Second,
    Source,
    brings,
    ends,
    feature,
    follows,
    given,
    needs,
    once,
    sensible,
    tells,
    then,
    when,
    within_time,
)
from hil.testing.feasibility import Course, no_calendar, no_slow_storage, no_storage_fault
from hil.testing.measurements import bench
from hil.testing.stimuli import bench as bench_faults

SEEDED = feature("seeded-faults")


@when("the storage of the {device} is {storage_fault}, as a seeded fault")
@needs(SEEDED)
@needs(no_storage_fault)
@tells(Course.must_be_under_test)
@brings(Cause.SEEDED_FAULT)
@brings(Cause.STORAGE_FAILS, of=0)
def storage_fails(device: str, fault: str, /, scenario: ScenarioRun) -> None:
    """``full``: no free block is left (ENOSPC). ``read-only``: nothing can be changed (EROFS). Both last until
    the storage works again. ``torn in its newest file``, ``torn in every file``: the file that was written last, or
    each, loses its second half, as in a write that was cut; that lasts.
    """
    bench_faults.seed(scenario, f"{device} storage", fault)


LONGEST_WRITE_S = 10.0
"""Longest that one write to a storage can be made to take."""


def _no_write(_: str, duration: Second) -> str:
    if 0 < duration <= LONGEST_WRITE_S:
        return ""
    return f"a write takes more than 0 s and at most {LONGEST_WRITE_S:g} s, not {duration:g} s"


@when("each write to the storage of the {device} takes {duration}, as a seeded fault")
@needs(SEEDED)
@needs(no_slow_storage)
@sensible(_no_write)
@tells(Course.must_be_under_test)
@brings(Cause.SEEDED_FAULT)
def storage_slow(device: str, duration: Second, /, scenario: ScenarioRun) -> None:
    """The device does nothing else meanwhile: what follows the write comes after it, what arrives waits."""
    bench_faults.seed(scenario, f"{device} storage", "slow", float(duration))


@when("the storage of the {device} works again")
@needs(SEEDED)
@needs(no_storage_fault)
@tells(Course.must_be_under_test)
@ends(Cause.STORAGE_FAILS, of=0)
def storage_works_again(device: str, /, scenario: ScenarioRun) -> None:
    """It can be written. A device that has stopped stays so until its supply fails; what is torn stays torn."""
    bench_faults.let_storage_work(scenario, device)


@then("the console of the {device} says {string} within {duration} of the seeded fault")
@follows(Cause.SEEDED_FAULT)
def said_after_fault(device: str, words: str, limit: Second, /) -> Check:
    """From the newest seeded fault to the first line of the console after it that holds these words."""
    return within_time(
        f"seeded fault to '{words}' on the console",
        limit,
        lambda observer, limit_s: bench.fault_to_console(observer, device, words, limit_s),
        Source.BENCH,
        Source.DEVICE,
    )


def _no_change(_: str, duration: Second) -> str:
    return "" if duration > 0 else f"a calendar is set by more than 0 s, not by {duration:g} s"


@given("the {device} has a calendar that can be set")
@needs(SEEDED)
@needs(no_calendar)
@tells(Course.must_be_under_test)
@once("that the calendar of the {0} can be set")
@brings(Cause.CALENDAR_SETTABLE, of=0)
def settable_calendar(device: str, /, scenario: ScenarioRun) -> None:
    """Its program runs with libfaketime. It begins at this machine's date; one linked statically reads that always."""
    scenario.plan.calendars.append(device)


@when("the calendar of the {device} is set forward by {duration}")
@needs(SEEDED)
@needs(no_calendar)
@sensible(_no_change)
@tells(Course.must_be_under_test)
@follows(Cause.CALENDAR_SETTABLE, of=0)
def calendar_forward(device: str, duration: Second, /, scenario: ScenarioRun) -> None:
    """From where it is; the clocks by which the program measures how long something takes go on."""
    bench_faults.move_calendar(scenario, device, float(duration))


@when("the calendar of the {device} is set back by {duration}")
@needs(SEEDED)
@needs(no_calendar)
@sensible(_no_change)
@tells(Course.must_be_under_test)
@follows(Cause.CALENDAR_SETTABLE, of=0)
def calendar_back(device: str, duration: Second, /, scenario: ScenarioRun) -> None:
    """From where it is; the clocks by which the program measures how long something takes go on."""
    bench_faults.move_calendar(scenario, device, -float(duration))

"""The fleet that a run takes its rigs from: which places it asks for, which rig files describe them, and which
scenarios each can run. Known before anything is acquired.

PYTEST_DONT_REWRITE: the run's plugin imports this module before pytest loads it, which pytest would warn of.
"""

from __future__ import annotations

import argparse
import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from hil.bdd.check import rig_problems
from hil.bdd.check.rig_file import read_rig
from hil.bdd.pytest_plugin import options
from hil.bdd.pytest_plugin.collection import ScenarioItem, catalogue_of
from hil.bdd.pytest_plugin.facts import facts_of
from hil.bdd.pytest_plugin.keys import KINDS
from hil.bdd.pytest_plugin.project import node_of, project_of
from hil.bdd.pytest_plugin.several_benches.place_of_worker import PlaceWish
from hil.bdd.pytest_plugin.several_benches.usable_places import usable_places
from hil.errors import ConfigurationError, HilError, RigFault
from hil.fleet.address import coordinator_address
from hil.fleet.errands import look
from hil.fleet.owner import Owner
from hil.fleet.safe_place import SafePlace, place_environment, write_record
from hil.fleet.selection import Selection
from hil.fleet.states import PlaceState
from hil.rig.check.calibration import refuse_expired
from hil.rig.config.mistakes import REMEDY
from hil.scenario.shared.durations import known_durations, title_of
from hil.units import Dimension, parse

if TYPE_CHECKING:
    from hil.rig.config.rig_file import RigFile

PLACES = pytest.StashKey["Places | None"]()
"""What the run asks a coordinator for; None: it has benches of its own."""

WAIT: Final = "1 h"
"""For which a process waits for its place."""


def add_bench_options(group: pytest.OptionGroup) -> None:
    """Add the options that say how many benches a run has, and where they come from."""
    group.addoption(
        "--benches",
        type=_benches,
        default=None,
        metavar="N",
        help="benches that share the scenarios (default: one a processor, or one for few scenarios; of places all)",
    )
    group.addoption(
        "--place",
        type=options.given,
        metavar="KEY=VALUE",
        help="take the rigs from places with this tag; * stands for any, a comma for 'and'. They are those of the"
        " labgrid coordinator that LG_COORDINATOR names, else of the virtual fleet of this laboratory",
    )
    group.addoption(
        "--acceptance", action="store_true", help="with --place: use no rig whose calibrations are not known to hold"
    )
    group.addoption(
        "--place-wait",
        default=WAIT,
        type=_duration,
        metavar="DURATION",
        help="longest time to wait for a place (default: %(default)s)",
    )


def _benches(text: str) -> int:
    """Return the number of ``--benches``; argparse.ArgumentTypeError if it is none."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of benches; 1 or more are allowed")
    return int(text)


def _duration(text: str) -> float:
    """Return the seconds of ``--place-wait``; argparse.ArgumentTypeError if it is no duration."""
    try:
        seconds = float(parse(text, Dimension.DURATION))
    except HilError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not longer than 0 s")
    return seconds


@dataclass
class Places:
    """What a run asks a coordinator for.

    :param rigs: the rig files of the places that fit, by the tag ``rig`` of these places; by ``""`` if ``--rig`` names
        one for all.
    :param numbers: how many places each describes.
    """

    owner: Owner
    selection: Selection
    wait_s: float
    safe: SafePlace
    rigs: Mapping[str, RigFile]
    numbers: Mapping[str, int]
    expected: dict[str, float] = field(default_factory=dict)
    """Seconds that items may take, by node id."""
    kinds_of_benches: list[str] = field(default_factory=list)
    """For each bench of the run, which of ``rigs`` describes it."""
    left_out: Sequence[str] = ()
    """Sentences that tell which places are not used, and why."""

    @property
    def first(self) -> RigFile:
        """The rig file that stands for the run: the one that describes most places."""
        return self.rigs[max(self.rigs, key=lambda kind: (self.numbers[kind], kind))]

    @property
    def words(self) -> str:
        """What pytest tells of it after the collection."""
        number = len(self.kinds_of_benches)
        return (
            f"places with {self.selection} at {self.safe.coordinator} share them, {number} at a time; job {self.owner}"
        )

    def wish(self, kind: str, number: int) -> PlaceWish:
        """Return what process ``number`` needs to get one of the places that this rig file describes."""
        selection = self.selection.with_rig(kind) if kind else self.selection
        selection = selection.with_parts(self.rigs[kind].parts_of_place)
        return PlaceWish(self.owner.part(number), selection, self.rigs[kind], self.safe, self.wait_s)

    def share(self, config: pytest.Config, items: Sequence[pytest.Item], asked: int | None) -> int:
        """Decide how many benches the run has, of which rig files, and what is to begin first.

        Raises ConfigurationError if they are too few for what the scenarios need.
        """
        self._expect(config, items)
        able = [item.stash.get(KINDS, frozenset(self.rigs)) for item in items]
        least = fewest(able, self.numbers)
        usable = Counter(kind for kinds in able for kind in kinds)
        benches = max(1, min(asked or len(items), len(items), sum(self.numbers[kind] for kind in usable)))
        if benches < len(least):
            raise ConfigurationError(
                f"{benches} benches: the scenarios need places of {len(least)} rig files ({', '.join(sorted(least))})",
                place="--benches",
            )
        if benches > 1 and node_of(config) == "external":
            raise ConfigurationError(
                f"{benches} benches: an external node has but one chain", place="--benches", remedy="Use another node."
            )
        self.kinds_of_benches = shares(least, usable, self.numbers, benches)
        return benches

    def _expect(self, config: pytest.Config, items: Sequence[pytest.Item]) -> None:
        root, catalogue = project_of(config).root, catalogue_of(config)
        known = known_durations(root, frozenset(rig.options.name for rig in self.rigs.values()))
        for item in items:
            seconds = known.get(title_of(facts_of(item)))
            if seconds is None and isinstance(item, ScenarioItem):
                seconds = rig_problems.expected_seconds(item.case, catalogue)
            self.expected[item.nodeid] = seconds or 0.0


def fewest(able: Sequence[frozenset[str]], numbers: Mapping[str, int]) -> set[str]:
    """Return few rig files that together can run everything.

    :param able: for each item the rig files that can run it. :param numbers: places by rig file.
    """
    chosen: set[str] = set()
    for kinds in sorted(able, key=len):
        if not kinds & chosen:
            chosen.add(max(kinds, key=lambda kind: (numbers[kind], kind)))
    return chosen


def shares(least: Iterable[str], usable: Mapping[str, int], numbers: Mapping[str, int], benches: int) -> list[str]:
    """Return the rig file of each bench, so that scenarios that only one of them can run do not have to wait.

    :param least: each of these gets one. :param usable: how many items each rig file can run.
    :param numbers: places by rig file.
    """
    chosen: Counter[str] = Counter(dict.fromkeys(least, 1))
    while chosen.total() < benches:
        free = [kind for kind in usable if chosen[kind] < numbers[kind]]
        chosen[max(free, key=lambda kind: (usable[kind] / (chosen[kind] + 1), kind))] += 1
    return sorted(chosen.elements())


def look_for_places(config: pytest.Config) -> Places | None:
    """Return what ``--place`` asks for; None if the run has benches of its own.

    Raises ConfigurationError if no place fits, or for a mistake in a rig file; RigFault if there is no coordinator.
    """
    asked = config.getoption("place")
    if asked is None:
        return None
    if why := options.one_bench_for(config):
        what = f"the places of a coordinator are used as several benches are, and {why}"
        raise ConfigurationError(what, place="--place", remedy="Leave one of them out.")
    selection, owner = Selection.parse(asked), Owner.new_job()
    project, told = project_of(config), config.getoption("rig")
    address = coordinator_address(project.root)
    safe = SafePlace(project.root, address, project.rigs, Path(told) if told else None)
    fitting = selection.among(look(address, owner))
    kinds, left_out = usable_places(fitting, selection, safe, partial(_rig, config, safe))
    rigs = {tag: kind.rig for tag, kind in kinds.items()}
    if config.getoption("acceptance"):
        rigs = calibrated(rigs)
    numbers = {tag: len(kinds[tag].places) for tag in rigs}
    return Places(owner, selection, config.getoption("place_wait"), safe, rigs, numbers, left_out=left_out)


def calibrated(rigs: Mapping[str, RigFile]) -> dict[str, RigFile]:
    """Return the rigs whose calibrations are known to hold today; raises RigFault if there is none."""
    found, problem = {}, None
    for kind, rig in rigs.items():
        try:
            refuse_expired(rig, virtual=rig.virtual)
            found[kind] = rig
        except RigFault as error:
            problem = problem or error
    if problem is not None and not found:
        raise problem
    return found


@contextlib.contextmanager
def _environment(added: Mapping[str, str]) -> Iterator[None]:
    """Let environment variables be as in ``added`` for a while."""
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _rig(config: pytest.Config, safe: SafePlace, path: Path, place: PlaceState) -> RigFile:
    record = write_record(safe.root, safe.coordinator, place, "")
    with _environment(place_environment(place.name, record)):  # what its places offer is part of the rig
        rig, wrong = read_rig(path, catalogue_of(config))
    if wrong or rig is None:
        raise ConfigurationError("\n".join(map(str, wrong)), remedy=REMEDY)
    return rig

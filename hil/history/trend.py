"""How a measurement behaves from run to run, in each scenario that takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby
from statistics import fmean

from hil.errors import ConfigurationError
from hil.history.statistics.capability import Capability, capability
from hil.history.statistics.control_chart import ControlLimits, Signal, control_limits, signals
from hil.history.statistics.yields import Attempt, Flaky, Yield, first_pass_yield, flaky_scenarios, known_commit
from hil.history.store import History, Point

FEWEST = 8
"""Values that a firmware version needs for limits of its own: the longest rule looks at so many."""

USUAL = 20
"""Values from which control limits usually come (NIST 6.3.2: 20 to 25 and more)."""

_NOT_STATED = "not stated"


@dataclass(frozen=True)
class Version:
    """The values of one firmware version."""

    firmware: str
    count: int
    mean: float
    capability: Capability | None
    first_pass: Yield | None


@dataclass(frozen=True)
class Trend:
    """A measurement in one scenario, oldest value first.

    :ivar baseline: in words, the values from which the control limits come.
    :ivar remarks: what a reader must know before believing the figures.
    """

    measurement: str
    scenario: str
    unit: str
    limit_low: float | None
    limit_high: float | None
    points: list[Point]
    limits: ControlLimits | None
    baseline: str
    signals: list[Signal]
    capability: Capability | None
    versions: list[Version]
    first_pass: Yield | None
    flaky: list[Flaky]
    remarks: list[str]

    @property
    def values(self) -> list[float]:
        """The values as numbers."""
        return numbers(self.points)


def trends_of(
    history: History, measurement: str, scenario: str | None = None, baseline: str | None = None
) -> list[Trend]:
    """Return the trend in each scenario that takes ``measurement``; the one with most signals first.

    :param scenario: only those with this in their title.
    :param baseline: the firmware version from which the control limits come; None: the first with enough values.
    Raises ConfigurationError for a name that is not in the history.
    """
    known = [name for name, _ in history.measurements()]
    if not known:
        raise ConfigurationError("the history is empty", remedy="Fill it from the run folders: hil history add.")
    if measurement not in known:
        raise ConfigurationError(
            f"'{measurement}' is no measurement of the history{closest(measurement, known)}",
            remedy="hil history measurements lists all.",
        )
    points = history.points(measurement)
    titles = list(dict.fromkeys(point.scenario for point in points))
    if scenario is not None:
        chosen = [title for title in titles if scenario.casefold() in title.casefold()]
        if not chosen:
            raise ConfigurationError(
                f"no scenario that takes it has '{scenario}' in its name{closest(scenario, titles)}"
            )
        titles = chosen
    attempts = history.attempts()
    trends = [
        _trend(
            measurement,
            title,
            [each for each in points if each.scenario == title],
            [each for each in attempts if each.scenario == title],
            baseline,
        )
        for title in titles
    ]
    return sorted(trends, key=lambda each: -len(each.signals))


def closest(read: str, known: Iterable[str]) -> str:
    """Return the few names that are nearest to one that is not known, for a message."""
    folded = {name.casefold(): name for name in known}
    near = get_close_matches(read.casefold(), folded, n=3, cutoff=0.4)
    return f"; nearest: {', '.join(repr(folded[each]) for each in near)}" if near else ""


def numbers(points: Iterable[Point]) -> list[float]:
    """Return the values of points as numbers; one that has none is left out."""
    return [point.number for point in points if point.number is not None]


def _trend(measurement: str, title: str, taken: list[Point], attempts: list[Attempt], asked: str | None) -> Trend:
    newest = taken[-1]
    remarks: list[str] = []
    points = _usable(taken, newest.unit, remarks)
    base, words = _baseline(points, asked)
    limits = control_limits(numbers(base))
    found = signals(numbers(points), limits) if limits is not None else []
    if limits is None:
        remarks.append("There are no control limits: they need values that differ.")
    elif limits.count < USUAL:
        remarks.append(f"The control limits come from {limits.count} values; {USUAL} and more are usual.")
    if found:
        remarks.append("The process is not in control, so its capability says little of what comes.")
    if len({(point.limit_low, point.limit_high) for point in points}) > 1:
        remarks.append("The required limit has changed; that of the newest run is used.")
    low, high = newest.limit_low, newest.limit_high
    return Trend(
        measurement=measurement,
        scenario=title,
        unit=newest.unit,
        limit_low=low,
        limit_high=high,
        points=points,
        limits=limits,
        baseline=words,
        signals=found,
        capability=capability(numbers(points), low, high),
        versions=_versions(points, attempts, low, high),
        first_pass=first_pass_yield(attempts),
        flaky=flaky_scenarios(attempts),
        remarks=remarks,
    )


def _usable(taken: Sequence[Point], unit: str, remarks: list[str]) -> list[Point]:
    """Return the points with a number in the unit of the newest, each replay of one seed once; remark the rest."""
    same = [point for point in taken if point.unit == unit]
    numbered = [point for point in same if point.number is not None]
    seen: set[tuple[object, ...]] = set()
    points = []
    for point in numbered:
        key = (point.seed, point.commit, point.firmware, point.number)
        # the virtual rig gives the same value for the same seed: to run it again tells nothing new
        if point.virtual and known_commit(point.commit) and key in seen:
            continue
        seen.add(key)
        points.append(point)
    for count, words in (
        (len(taken) - len(same), "in another unit"),
        (len(same) - len(numbered), "that were not taken, or have no upper bound"),
        (len(numbered) - len(points), "that repeat a run of the virtual rig with its seed and commit"),
    ):
        if count:
            remarks.append(f"{count} value{'' if count == 1 else 's'} {words} left out.")
    return points


def _baseline(points: list[Point], asked: str | None) -> tuple[list[Point], str]:
    """Return the points from which the limits come, and which these are in words."""
    versions = list(dict.fromkeys(point.firmware for point in points))
    if asked is not None and asked not in versions:
        raise ConfigurationError(f"no value was taken with firmware '{asked}'{closest(asked, versions)}")
    enough = [each for each in versions if sum(point.firmware == each for point in points) >= FEWEST]
    chosen = asked if asked is not None else enough[0] if enough else None
    if chosen is None or len(versions) == 1:
        return points, f"all {len(points)} values"
    base = [point for point in points if point.firmware == chosen]
    return base, f"the {len(base)} values of firmware {chosen or _NOT_STATED}"


def _versions(points: list[Point], attempts: list[Attempt], low: float | None, high: float | None) -> list[Version]:
    rows = []
    for firmware in dict.fromkeys(point.firmware for point in points):
        values = numbers(point for point in points if point.firmware == firmware)
        own = [each for each in attempts if each.unit[0] == firmware]
        name = firmware or _NOT_STATED
        rows.append(Version(name, len(values), fmean(values), capability(values, low, high), first_pass_yield(own)))
    return rows


def stretches(points: Sequence[Point]) -> list[tuple[str, int, int]]:
    """Return the stretches of one firmware version: its name, the first index and the one after the last."""
    found, start = [], 0
    for firmware, group in groupby(points, key=lambda point: point.firmware):
        end = start + sum(1 for _ in group)
        found.append((firmware or _NOT_STATED, start, end))
        start = end
    return found

"""The events of a run as lines that a person reads, or as the JSON lines of the evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hil.errors import ConfigurationError, nearest
from hil.evidence.documents import Event, Kind, Verdict, encode
from hil.evidence.record import RunRecord, ScenarioRecord, read_scenario
from hil.evidence.run_folder.files import scenario_files, scenario_name
from hil.report.text_format import MARKS, text_of, visible


@dataclass(frozen=True)
class Filter:
    """Which events are wanted; an empty collection means all.

    :param text: a regular expression that the line of the event must hold, in any case of letters.
    :param first: seconds of the bench's clock, ``last`` likewise; both are included.
    """

    text: re.Pattern[str] | None = None
    kinds: frozenset[Kind] = frozenset()
    sources: frozenset[str] = frozenset()
    first: float | None = None
    last: float | None = None

    def takes(self, event: Event) -> bool:
        """Tell whether the event is wanted."""
        return (
            (not self.kinds or event.kind in self.kinds)
            and (not self.sources or event.source in self.sources)
            and (self.first is None or event.t >= self.first)
            and (self.last is None or event.t <= self.last)
            and (self.text is None or self.text.search(line_of(event)) is not None)
        )


def pattern(text: str) -> re.Pattern[str]:
    """Return the regular expression of a search; raises ConfigurationError if it is none."""
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error as error:
        raise ConfigurationError(
            f"'{text}' is no regular expression ({error})", remedy="Write \\ before a character that stands for itself."
        ) from None


def line_of(event: Event) -> str:
    """Return an event as one line: time, kind, source, what it says."""
    told = "  ".join(f"{key}: {text_of(event.data, key) or '-'}" for key in event.data)
    return visible(f"{event.t:12.3f} s  {event.kind.value:<11}  {event.source:<14}  {told}".replace("\n", " ").rstrip())


def json_of(event: Event) -> str:
    """Return an event as the line that stands in the evidence."""
    canonical = event.canonical()
    return encode(canonical if event.host is None else {**canonical, "host": dict(event.host)}).decode()


def heading_of(scenario: ScenarioRecord) -> str:
    """Return the line above the events of a scenario."""
    verdict = scenario.verdict if scenario.verdict in MARKS else Verdict.NOT_RUN
    damage = f"; damaged: {scenario.damage}" if scenario.damage else ""
    return visible(f"{MARKS[verdict]} {scenario.name}: {verdict}, {len(scenario.events)} events{damage}")


def chosen(folder: Path, scenario: str | None) -> Sequence[Path]:
    """Return the files of the scenarios that are asked for: all, or those whose number or name begins with a text.

    Raises ConfigurationError if the folder holds no run, or none of that name.
    """
    try:
        RunRecord.load(folder)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"this is no run folder ({error})", place=str(folder)) from None
    files = scenario_files(folder)
    if scenario is None:
        return files
    number, name = scenario.lstrip("0"), scenario.casefold()
    found = []
    for path in files:
        own_number, _, own_name = scenario_name(path.name).partition("-")
        if number == own_number.lstrip("0") or scenario_name(path.name).startswith(name) or own_name.startswith(name):
            found.append(path)
    if not found:
        names = [scenario_name(path.name) for path in files]
        raise ConfigurationError(f"there is no scenario '{scenario}'{nearest(scenario, names)}", place=str(folder))
    return found


def event_lines(files: Sequence[Path], wanted: Filter, *, as_json: bool) -> Iterator[str]:
    """Yield the wanted events; as text under a heading for each scenario that has one."""
    for path in files:
        scenario = read_scenario(path)
        heading = not as_json
        for event in filter(wanted.takes, scenario.events):
            if heading:
                yield heading_of(scenario)
                heading = False
            yield json_of(event) if as_json else line_of(event)

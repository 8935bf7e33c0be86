"""What the page shows of one run, made of its folder by looking again and again; bounded, however long the run is.

Whatever changes is stamped with the number of the look. A viewer who has seen one look is told what changed since.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil.evidence.documents import Event, Kind, Verdict
from hil.evidence.repeated import repeated
from hil.evidence.run_folder.files import RUN_FILE
from hil.evidence.tail import ScenarioTail, first_and_stop
from hil.live.bench import Bench, shown
from hil.live.folder import REPORT_FILE, read_benches, read_object, read_queue, run_state, scenario_files
from hil.report.scenario.recent_events import tell
from hil.report.text_format import MARKS, date, number_of, rows_of, section_of, text_of

LOG_LINES = 200
"""That are kept; the page shows as many."""

LARGEST_NUMBER = 10**9
"""Of a scenario, or of a line: what is larger is none."""

_LOGGED = frozenset(Kind) - {Kind.READING, Kind.START}


@dataclass
class Row:
    """A scenario in the list."""

    number: int
    version: int
    name: str = ""
    feature: str = ""
    line: int | None = None
    verdict: str = ""
    """Empty: it has not ended."""
    reason: str = ""
    bench: int = 0
    """That it is on; 0: on none."""

    def document(self) -> dict[str, Any]:
        """Return it as JSON, with the mark of its verdict."""
        told = {key: value for key, value in self.__dict__.items() if key != "version"}
        return {**told, "mark": mark_of(self.verdict)}


@dataclass
class RunModel:
    """One run folder; :meth:`look` takes in what has changed in it."""

    folder: Path
    version: int = 0
    rows: dict[int, Row] = field(default_factory=dict)
    benches: dict[int, Bench] = field(default_factory=dict)
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    headline: dict[str, Any] = field(default_factory=dict)
    changed: int = 0
    """The version at which the headline changed last."""
    _listed: bool = False
    _tails: dict[int, ScenarioTail] = field(default_factory=dict)
    """Of scenarios that are on a bench, by number."""
    _skimmed: dict[int, int] = field(default_factory=dict)
    """Size of the files of the others when they were looked at last."""

    def look(self) -> None:
        """Read what is new in the folder."""
        self.version += 1
        told = read_benches(self.folder)
        if not self._listed:
            self._listed = self._list(read_queue(self.folder))
        over = {number for number, row in self.rows.items() if row.verdict}
        files = {number: (path, size) for number, path, size in scenario_files(self.folder, over)}
        # what ended between two looks is told before the scenarios that follow it
        on_bench = self._on_bench(told, files)
        for number, (path, size) in files.items():
            if number not in on_bench and self._skimmed.get(number) != size:
                self._skimmed[number] = size
                self._skim(number, path)
        for bench, state in told.items():
            self._follow(bench, on_bench, files)
            self.benches[bench].say(state, self.version)
        if not told:
            for bench in on_bench.values():
                self._follow(bench, on_bench, files)
            for each in self.benches.values():
                each.say({}, self.version)
        self._head()

    def _list(self, queue: Mapping[str, Any]) -> bool:
        """Take the list of the scenarios; tell whether it was there."""
        for row in rows_of(queue, "scenarios"):
            number = _whole(row, "number")
            if number is not None and number not in self.rows:
                self._name(self._row(number), row)
        return bool(queue)

    def _row(self, number: int) -> Row:
        if number not in self.rows:
            self.rows[number] = Row(number, self.version)
        return self.rows[number]

    def _name(self, row: Row, told: Mapping[str, Any]) -> None:
        name, feature = shown(text_of(told, "name") or ""), shown(text_of(told, "feature") or "")
        row.name, row.feature, row.version = name, feature, self.version
        row.line = _whole(told, "line")

    def _on_bench(self, told: Mapping[int, Mapping[str, Any]], files: Mapping[int, object]) -> dict[int, int]:
        """Return the bench of each scenario that is on one; of a run that does not tell, its newest one is on one."""
        if told:
            numbers = {_whole(state, "scenario"): bench for bench, state in told.items()}
            return {number: bench for number, bench in numbers.items() if number}
        return {max(files): 1} if files else {}

    def _follow(self, bench: int, on_bench: Mapping[int, int], files: Mapping[int, tuple[Path, int]]) -> None:
        """Take in what the scenario on a bench has recorded."""
        scenario = next((number for number, on in on_bench.items() if on == bench), 0)
        known = self.benches.get(bench)
        if known is None or known.scenario != scenario:
            if known is not None and known.scenario:
                self._leave(known)
            known = self.benches[bench] = Bench(bench, scenario, self.version)
            if scenario:
                row = self._row(scenario)
                row.bench, row.version = bench, self.version
        if scenario in files:
            tail = self._tails.setdefault(scenario, ScenarioTail(files[scenario][0]))
            for event in tail.events():
                known.apply(event, self.version)
                self._take(scenario, event)

    def _leave(self, bench: Bench) -> None:
        """A scenario has left its bench: read the rest of it."""
        tail = self._tails.pop(bench.scenario, None)
        for event in tail.events() if tail is not None else ():
            self._take(bench.scenario, event)
        row = self._row(bench.scenario)
        row.bench, row.version = 0, self.version

    def _skim(self, number: int, path: Path) -> None:
        """Take from a scenario that is on no bench what the list shows."""
        first, stop = first_and_stop(path)
        for event in filter(None, (first, stop)):
            self._take(number, event)

    def _take(self, number: int, event: Event) -> None:
        row = self._row(number)
        if event.kind is Kind.START:
            self._name(row, event.data)
        if event.kind is Kind.STOP:
            row.verdict = shown(text_of(event.data, "verdict") or Verdict.NOT_RUN)
            row.reason = shown(text_of(event.data, "reason") or "")
            row.bench, row.version = 0, self.version
            self._skimmed.pop(number, None)
        if event.kind in _LOGGED and event.data.get("message") != "METER":
            self.log.append({"version": self.version, "scenario": number, "t": event.t, **_line(event)})

    def _head(self) -> None:
        document = read_object(self.folder / RUN_FILE)
        rig, host = section_of(document, "rig"), section_of(document, "host")
        counting = [row for number, row in self.rows.items() if number not in repeated(document)]
        counts = Counter(row.verdict for row in counting if row.verdict)
        state = run_state(self.folder)
        headline = {
            "run": shown(text_of(document, "id") or self.folder.name),
            "rig": shown(text_of(rig, "name") or text_of(rig, "file") or ""),
            "virtual": rig.get("virtual") is True,
            "seed": shown(text_of(document, "seed") or ""),
            "started": shown(date(text_of(host, "started")) or ""),
            "state": state,
            "verdict": shown(text_of(document, "verdict") or "") if state == "ended" else "",
            "scenarios": len(counting),
            "counts": {verdict: counts[verdict] for verdict in [*map(str, Verdict)] if counts[verdict]},
            "report": (self.folder / REPORT_FILE).is_file(),
        }
        if headline != self.headline:
            self.headline, self.changed = headline, self.version

    def since(self, version: int) -> dict[str, Any]:
        """Return what a viewer lacks who has seen this version; 0: all of it."""
        told: dict[str, Any] = {"version": self.version}
        if self.changed > version:
            told["headline"] = self.headline
        if rows := [row.document() for _, row in sorted(self.rows.items()) if row.version > version]:
            told["rows"] = rows
        if benches := [bench.document() for _, bench in sorted(self.benches.items()) if bench.version > version]:
            told["benches"] = benches
        plots = {number: bench.plot.since(version) for number, bench in self.benches.items()}
        if plots := {number: plot for number, plot in plots.items() if plot is not None}:
            told["plots"] = plots
        if log := [{**line} for line in self.log if line["version"] > version]:
            told["log"] = log
        return told


def _whole(document: Mapping[str, Any], key: str) -> int | None:
    """Return the number of a scenario or a line; None if there is none."""
    value = number_of(document, key)
    return int(value) if value is not None and 0 <= value < LARGEST_NUMBER else None


def mark_of(verdict: str) -> str:
    """Return the mark of a verdict; of what is none, nothing."""
    return next((mark for known, mark in MARKS.items() if known == verdict), "")


def _line(event: Event) -> dict[str, str]:
    """Return what the log says of an event, and whose word it is."""
    data = event.data
    if event.kind is Kind.STEP:
        words = f"{text_of(data, 'keyword')} {text_of(data, 'text')}: {text_of(data, 'outcome')}"
    elif event.kind is Kind.VERDICT:
        words = text_of(data, "text") or ""
    elif event.kind is Kind.STOP:
        verdict = text_of(data, "verdict") or ""
        mark = next((sign for known, sign in MARKS.items() if known == verdict), "")
        words = " ".join(
            filter(None, (mark, f"{verdict}:" if data.get("reason") else verdict, text_of(data, "reason")))
        )
    else:
        words = tell(event)
    return {"kind": event.kind.value, "source": shown(event.source), "text": shown(words)}

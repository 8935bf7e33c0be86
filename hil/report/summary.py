"""The run in a few lines, for the terminal."""

from __future__ import annotations

from hil.evidence.documents import Verdict
from hil.report.run_view import RunView
from hil.report.scenario.rows import FindingRow
from hil.report.scenario.view import ScenarioView, contradiction
from hil.report.text_format import MARKS, on_a_line

_WORD_WIDTH = len(Verdict.NOT_APPLICABLE.value)
"""The longest verdict of a run that went as it should; the one that is longer is rare."""


def alterations(run: RunView) -> list[str]:
    """Return what was altered since the run, a line each; empty if nothing was."""
    mark = f"{MARKS[Verdict.ALTERED]} {Verdict.ALTERED.value}"
    return [f"{mark}  {on_a_line(sentence)}" for sentence in run.integrity.sentences] if run.integrity.altered else []


def summary_lines(run: RunView) -> list[str]:
    """Return one line for each scenario that did not pass, the timing limit that was nearest, and the counts.

    A waiver that misses a failure has a line as well. Needs no finished run. The lines hold no control characters,
    whatever the evidence holds.
    """
    lines = alterations(run)
    for view in run.scenarios:
        if (again := run.repeated.get(view.number)) is not None:
            lines.append(_line(view, f"{again.place}: {again.why}; it ran again as scenario {again.again}"))
        elif view.verdict is not Verdict.PASS:
            accepted = run.waivers.words(view)
            lines.append(_line(view, f"{view.why} [waived: {accepted}]" if accepted else view.why))
        elif (warning := contradiction(view)) is not None:
            lines.append(_line(view, warning))
    lines += [f"  waiver {row.waiver.id}: {row.state}" for row in run.waivers.rows if row.missed]
    nearest = _nearest_timing_limit(run.scenarios)
    if nearest is not None:
        lines.append(nearest)
    lines.append(run.count_words)
    return [on_a_line(line) for line in lines]


def slowest_steps(run: RunView, count: int) -> list[str]:
    """Return a line for each of the ``count`` steps that took longest on this machine, slowest first.

    Which scenarios keep an engineer waiting, the bench's time does not tell: an hour of a virtual rig is a second.
    """
    if count < 1:
        return []
    timed = [(step.wall, view, step) for view in run.scenarios for step in view.steps if step.wall is not None]
    slowest = sorted(timed, key=lambda each: -each[0])[:count]
    lines = [
        f"  {wall:8.3f} s, {step.took or 0.0:10.3f} s on the bench  {view.place_of(step)}: {step.keyword} {step.text}"
        for wall, view, step in slowest
    ]
    return [on_a_line(line) for line in ["slowest steps:", *lines]]


def _line(view: ScenarioView, reason: str) -> str:
    place = f"  {view.place}" if view.place else ""
    return f"{MARKS[view.verdict]} {view.verdict.value:<{_WORD_WIDTH}}{place}  {view.name}: {reason}"


def _nearest_timing_limit(views: list[ScenarioView]) -> str | None:
    """Return the passed timing measurement with the smallest margin for its limit; None if there is none."""
    passed = [
        (row.margin_share, view, row)
        for view in views
        for row in view.findings
        if row.margin_share is not None and row.unit in {"s", "ms"} and row.verdict is Verdict.PASS
    ]
    if not passed:
        return None
    share, view, row = min(passed, key=lambda each: each[0])
    return f"  nearest passed timing limit, {share:.0%} left: {_measured(row)} ({view.place or view.name})"


def _measured(row: FindingRow) -> str:
    spread = f" ± {row.uncertainty}" if row.uncertainty is not None else ""
    return f"{row.name}: {row.value}{spread} {row.unit}, limit {row.limit}"

"""The scenarios that did not pass, as a service for continuous integration shows them: most severe first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hil.evidence.documents import Verdict
from hil.report.junit import explanation, unique_names
from hil.report.run_view import RunView
from hil.report.text_format import printed

_ORDER = (
    Verdict.ALTERED,
    Verdict.RIG_FAULT,
    Verdict.FRAMEWORK_ERROR,
    Verdict.AUTHOR_ERROR,
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.NOT_RUN,
)
"""The verdicts that are problems; not applicable is none."""


@dataclass(frozen=True)
class Problem:
    """A scenario that did not pass, or the run as a whole.

    :param feature: the feature file, relative to the laboratory; None for the run.
    :param line: of the step that failed, else of the scenario.
    :param details: further lines: the failing step, what happened there, how to run it again.
    """

    verdict: Verdict
    name: str
    feature: str | None
    line: int
    why: str
    details: list[str]

    @property
    def title(self) -> str:
        """The verdict and the name."""
        return f"{self.verdict}: {self.name}"

    def place(self, prefix: str) -> str:
        """Return the path of its feature file in the repository; empty for the run."""
        return f"{prefix}{self.feature}" if self.feature else ""


def problems_of(run: RunView) -> list[Problem]:
    """Return what did not pass; of two equally severe the earlier comes first."""
    return sorted(_of_run(run), key=lambda each: _ORDER.index(each.verdict))


def _of_run(run: RunView) -> Iterator[Problem]:
    if run.verdict is None:
        yield Problem(Verdict.RIG_FAULT, "the run", None, 1, printed(" ".join(run.warnings)), [])
    elif run.verdict is Verdict.ALTERED:
        yield Problem(run.verdict, "the run", None, 1, printed(" ".join(run.integrity.sentences)), [])
    elif run.befell and run.verdict in _ORDER:
        yield Problem(run.verdict, "the run", None, 1, printed("; ".join(run.befell)), [])
    for view, name in zip(run.scenarios, unique_names(run.scenarios), strict=True):
        if view.number in run.repeated:
            continue
        verdict = Verdict.RIG_FAULT if view.damage else view.verdict
        if verdict in _ORDER:
            step = view.failed_step
            line = _number(step.line if step is not None and step.line else view.line)
            feature = printed(view.feature) if view.feature else None
            details = [printed(each) for each in explanation(view)]
            yield Problem(verdict, name, feature, line, printed(view.why), details)


def _number(line: str | None) -> int:
    """Return a line that was recorded; the first if it is no number that a file can have."""
    return int(line) if line and line.isascii() and line.isdigit() and 0 < len(line) < 8 else 1

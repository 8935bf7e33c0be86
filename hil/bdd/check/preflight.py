"""What is wrong in the feature files, all at once, before anything is switched.

pytest-bdd turns most of these mistakes into a pass, or reports them when half of a scenario has driven the rig.
"""

from __future__ import annotations

import itertools
import tomllib
from typing import TYPE_CHECKING, Protocol

from hil.bdd.check.facts import said_twice, without_cause
from hil.bdd.check.feasibility.problems import contradictions
from hil.bdd.check.order import nothing_measured, wrong_order
from hil.bdd.check.pairwise import uncovered_pairs
from hil.bdd.check.resolution import Finding, Resolution, guilty_cell
from hil.bdd.check.tags import MARKERS, marker_names, wrong_tags
from hil.bdd.language.applicability import asked_features
from hil.bdd.language.document import PLACEHOLDER, Document, Problem, Text, render
from hil.bdd.language.naming import scenario_cases, scenario_label
from hil.bdd.language.odd_characters import odd_character, plain, shown
from hil.bdd.language.typos import did_you_mean, meant_keyword
from hil.rig.config.target_section import FEATURES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

    from hil.bdd.language.catalogue import Catalogue
    from hil.bdd.language.document import Examples, Scenario, Step


def project_tags(root: Path) -> set[str] | None:
    """Return the framework's tags, and those that a project's ``pyproject.toml`` registers as markers.

    None if pytest has its settings in another file there: only a run then knows the tags.
    """
    if any((root / name).is_file() for name in ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml")):
        return None
    try:
        settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]
        markers: list[str] = settings.get("ini_options", settings).get("markers", [])
    except (OSError, ValueError, KeyError):
        markers = []
    return marker_names(MARKERS) | marker_names(markers)


def check(
    features: Iterable[Document], catalogue: Catalogue, tags: Collection[str] | None = None, *, whole: bool = True
) -> list[Problem]:
    """Return everything that is wrong in ``features``, in the order of the files' lines.

    :param tags: the names that may stand as tags (pytest's markers); None leaves tags unchecked.
    :param whole: the scenarios are written to their end; if not, a step that is still to come may measure.
    """
    resolution = Resolution(catalogue)
    problems: set[Problem] = set()
    for feature in features:
        problems.update(feature.problems or _Check(feature, resolution, tags, whole).problems())
    return sorted(problems)


class _Placed(Protocol):
    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class _Check:
    """The checks of one feature file that parses."""

    def __init__(self, feature: Document, resolution: Resolution, tags: Collection[str] | None, whole: bool) -> None:
        self.feature, self.resolution, self.tags, self.whole = feature, resolution, tags, whole
        self.catalogue = resolution.catalogue
        self.features = FEATURES.keys() | asked_features(self.catalogue.definitions)

    def problem(self, rule: str, at: _Placed, what: str, remedy: str = "") -> Problem:
        return Problem(self.feature.file, at.line, at.column, what, remedy, rule)

    def problems(self) -> Iterator[Problem]:
        if not self.feature.scenarios:
            yield self.problem(
                "empty-feature", Text("", 1, 1), "this feature has no scenario", "Write one, or remove the file"
            )
        yield from self._names()
        if self.tags is not None:
            yield from wrong_tags(self.feature, self.tags, self.features)
        for background in self.feature.backgrounds:
            yield from self._description(background.description)
            for step in background.steps:
                yield from self._placeholders(step, None)
                yield from self._step(step, ())
        for scenario in self.feature.scenarios:
            yield from self._scenario(scenario)

    def _names(self) -> Iterator[Problem]:
        lines: dict[str, int] = {}
        for scenario in self.feature.scenarios:
            label = scenario_label(scenario.name)
            if not label:
                yield self.problem(
                    "nameless-scenario",
                    scenario,
                    "this scenario has no name",
                    "Write one after ':'",
                )
            elif label in lines:
                what = f"there is a scenario '{label}' at line {lines[label]} already"
                yield self.problem(
                    "duplicate-name",
                    scenario,
                    what,
                    "Rename one: reports and reruns go by the name",
                )
            lines.setdefault(label, scenario.line)

    def _description(self, lines: Iterable[Text]) -> Iterator[Problem]:
        for line in lines:
            text = plain(line.text)
            keyword = meant_keyword(text, self.feature.language)
            rest = text.partition(" ")[2].strip()
            odd = odd_character(line.text)
            if odd is not None and (keyword or self.catalogue.find_any(text) or self.catalogue.find_any(rest)):
                at = Text("", line.line, line.column + odd.offset)
                what = f"a {odd.name} makes a description of '{shown(line.text)}', which was meant as a step"
                yield self.problem("odd-character", at, what, "Write a plain space there, or nothing")
                continue
            what = f"'{line.text}' is read as a description, not as a step"
            if self.catalogue.find_any(text):
                yield self.problem("misspelt-keyword", line, what, "Begin it with Given, When, Then, And or But")
            elif keyword or self.catalogue.find_any(rest):
                remedy = f"Did you mean '{keyword} {rest}'?" if keyword else "Correct its first word to a keyword"
                yield self.problem(
                    "misspelt-keyword",
                    line,
                    what,
                    f"{remedy} If it is prose, begin it with another word",
                )

    def _scenario(self, scenario: Scenario) -> Iterator[Problem]:
        misread = list(self._description(scenario.description))
        yield from misread
        if not scenario.steps and not misread:
            what = f"the scenario '{scenario.name}' has no step, so it would pass without doing anything"
            yield self.problem("empty-scenario", scenario, what, "Write its steps, or remove it")
        if scenario.outline and not scenario.examples:
            what = f"the outline '{scenario.name}' has no Examples, so it would never run with a value"
            yield self.problem("no-examples", scenario, what, "Write 'Examples:' and a table below its steps")
        for examples in scenario.examples:
            yield from self._examples(scenario, examples)
        yield from uncovered_pairs(self.feature.file, scenario)
        for step in scenario.steps:
            if not (scenario.outline and not scenario.examples):
                yield from self._placeholders(step, scenario)
            yield from self._step(step, scenario.examples)
        if self.catalogue.of_bench and not misread:
            yield from self._course(scenario)

    def _course(self, scenario: Scenario) -> Iterator[Problem]:
        """Yield what is wrong with the steps of a scenario, or of a row of it, as a whole."""
        for case in scenario_cases(scenario):
            steps = self.resolution.steps(case)
            yield from wrong_order(self.feature.file, steps)
            if self.whole:
                yield from nothing_measured(self.feature.file, scenario, steps)
            found = list(contradictions(self.feature.file, steps, case.row))
            yield from found
            told = {(each.line, each.column) for each in found}
            facts = (said_twice(self.feature.file, steps, case.row), without_cause(self.feature.file, steps, case.row))
            yield from (each for each in itertools.chain(*facts) if (each.line, each.column) not in told)

    def _examples(self, scenario: Scenario, examples: Examples) -> Iterator[Problem]:
        if not examples.rows:
            what = "these Examples have no row, so nothing would run for them"
            yield self.problem("empty-examples", examples, what, "Write a row of values, or remove them")
        texts = [text.text for step in scenario.steps for text in step.all_texts()]
        texts += [scenario.name] + [step.doc_string for step in scenario.steps if step.doc_string]
        used = {name for text in texts for name in PLACEHOLDER.findall(text)}
        columns = [column.text for column in examples.header]
        for index, column in enumerate(examples.header):
            if column.text in columns[:index]:
                yield self.problem("duplicate-column", column, f"there is a column '{column.text}' already")
            elif column.text not in used:
                hint = did_you_mean(column.text, used - set(columns), "<", ">")
                what = f"no step uses the column '{column.text}'{hint}"
                yield self.problem(
                    "unused-column",
                    column,
                    what,
                    f"Write '<{column.text}>' in a step, or remove it",
                )
        seen: dict[tuple[str, ...], int] = {}
        for row in [row for each in scenario.examples for row in each.rows]:
            values = tuple(cell.text for cell in row.cells.values())
            if values in seen and row in examples.rows:
                what = f"this row is the same as that at line {seen[values]}"
                yield self.problem("duplicate-row", row, what, "Remove one of them")
            seen.setdefault(values, row.line)

    def _placeholders(self, step: Step, scenario: Scenario | None) -> Iterator[Problem]:
        """Yield a problem for each ``<column>`` that has no value. :param scenario: None for a background."""
        for text in step.all_texts():
            for match in PLACEHOLDER.finditer(text.text):
                where = Text(match[0], text.line, text.column + match.start())
                if scenario is None:
                    yield self.problem(
                        "missing-column", where, f"'{match[0]}' stands in a background, which has no Examples"
                    )
                elif not scenario.examples:
                    remedy = "Write 'Examples:' and a table below the steps"
                    yield self.problem(
                        "missing-column", where, f"'{match[0]}' stands in a scenario without Examples", remedy
                    )
                for examples in scenario.examples if scenario else ():
                    columns = [column.text for column in examples.header]
                    if columns and match[1] not in columns:
                        what = f"the Examples at line {examples.line} have no column '{match[1]}'"
                        remedy = f"Their columns are {', '.join(columns)}{did_you_mean(match[1], columns)}"
                        yield self.problem("missing-column", where, what, remedy)

    def _step(self, step: Step, blocks: Iterable[Examples]) -> Iterator[Problem]:
        if step.kind is None:
            what = f"the first step begins with '{step.keyword}', so it is neither Given, When nor Then"
            yield self.problem("no-keyword-before", step, what, "Begin it with one of them")
            return
        names = set(PLACEHOLDER.findall(step.text.text))
        if not names:
            finding = self.resolution.resolve(step, step.text.text)
            if finding:
                yield self._at_step(step, finding)
            return
        rows = [row for block in blocks if names <= {column.text for column in block.header} for row in block.rows]
        found = [(row, self.resolution.resolve(step, render(step.text.text, row.values))) for row in rows]
        wrong = [(row, finding) for row, finding in found if finding]
        if wrong and len(wrong) == len(rows) and all(finding.undefined for _, finding in wrong):
            yield self._at_step(step, self.resolution.undefined(step, step.text.text))
        elif wrong and len(wrong) == len(rows) > 1 and len({finding.what for _, finding in wrong}) == 1:
            yield self._at_step(step, wrong[0][1]._replace(offset=None))
        else:
            for row, finding in wrong:
                cell = guilty_cell(step, row, finding.offset)
                what = f"{finding.what} (in the step at line {step.line})"
                yield self.problem(finding.rule, cell or row, what, finding.remedy)

    def _at_step(self, step: Step, finding: Finding) -> Problem:
        at = Text("", step.line, step.text.column + (finding.offset or 0))
        return self.problem(finding.rule, at, finding.what, finding.remedy)

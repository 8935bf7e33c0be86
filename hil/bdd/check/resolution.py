"""What a step's words mean: the one definition that matches them, or the reason why there is none that fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hil.bdd.check.order import Known
from hil.bdd.check.values import senseless
from hil.bdd.language.applicability import demands
from hil.bdd.language.document import PLACEHOLDER, render
from hil.bdd.language.listing.steps import first_sentence
from hil.bdd.language.odd_characters import confusing, odd_character, shown
from hil.errors import AuthorError
from hil.scenario.stimuli.link import wrong_way

if TYPE_CHECKING:
    from hil.bdd.language.catalogue import Catalogue, StepDefinition
    from hil.bdd.language.document import Row, Step, Text
    from hil.bdd.language.naming import Case

MAX_HINTS = 30
"""So many undefined steps get a search for what was meant; with more, the step modules are missing."""


class Finding(NamedTuple):
    """What is wrong with a step; ``offset`` is the place in its text, None for the whole."""

    what: str
    remedy: str
    rule: str
    offset: int | None = None

    @property
    def undefined(self) -> bool:
        """Whether no step definition matches."""
        return self.rule == "undefined-step"


class Resolution:
    """Resolves the steps of one check against a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._hints = MAX_HINTS
        self._findings: dict[tuple[str, str, bool, bool], Finding | None] = {}
        """What is wrong with the arguments of a step and what stands below it, of steps that one definition matches."""

    def resolve(self, step: Step, text: str) -> Finding | None:
        """Return what is wrong with a step whose text, with all values in it, is ``text``."""
        found = self.catalogue.find(step.kind or "given", text)
        if not found:
            return self.undefined(step, text)
        if len(found) > 1:
            places = " and ".join(f"'{each}' ({each.source})" for each in found)
            return Finding(
                f"'{text}' is ambiguous: it matches {places}", "Reword the step or one definition", "ambiguous-step"
            )
        return self._finding(step, text, found[0])

    def _finding(self, step: Step, text: str, definition: StepDefinition) -> Finding | None:
        key = (definition.keyword, text, step.table is not None, step.doc_string is not None)
        if key not in self._findings:
            self._findings[key] = _argument_finding(step, text, definition)
        return self._findings[key]

    def steps(self, case: Case) -> list[Known]:
        """Return what runs in a case, each step with its one definition, or None where preflight finds a mistake."""
        known = []
        for step in case.scenario.all_steps:
            text = render(step.text.text, case.values)
            found = self.catalogue.find(step.kind or "given", text)
            definition = found[0] if len(found) == 1 else None
            fits = definition is not None and self._finding(step, text, definition) is None
            known.append(Known(step, text, definition, fits))
        return known

    def undefined(self, step: Step, text: str) -> Finding:
        """Return why no definition matches: another keyword, an argument that does not fit, or other words."""
        kind = step.kind or "given"
        odd = odd_character(text)
        if odd is not None:
            what = f"a {odd.name} stands in '{shown(text)}'"
            return Finding(what, "Write a plain space there, or nothing", "odd-character", odd.offset)
        what = f"undefined step '{step.keyword} {text}'"
        self._hints -= 1
        if self._hints < 0:
            return Finding(what, "", "undefined-step")
        for definition in self.catalogue.find_any(text):
            what = f"'{text}' is a {definition.keyword.capitalize()} step, not a {kind.capitalize()} step"
            return Finding(what, f"It is defined at {definition.source}", "other-keyword")
        for definition, reason, offset in self.catalogue.misfits(kind, text):
            return Finding(reason, f"The step is '{definition}' ({definition.source})", "misfit", offset)
        if (like := confusing(text)) is not None:
            marked = f"{text[: like.offset]}⟨U+{ord(text[like.offset]):04X}⟩{text[like.offset + 1 :]}"
            remedy = "Write one space there" if text[like.offset] == " " else "Write the plain letter or digit there"
            return Finding(f"in '{marked}' there is: {like.name}", remedy, "odd-character", like.offset)
        near = self.catalogue.nearest(kind, text)
        meant = " or ".join(f"'{each}'" for each in near)
        remedy = f"Did you mean {meant}?" if near else "No definition is like it; write one: hil new steps NAME"
        return Finding(what, remedy, "undefined-step")


def _argument_finding(step: Step, text: str, definition: StepDefinition) -> Finding | None:
    for argument in definition.expression.arguments(text) or ():
        try:
            value = argument.parameter.read(argument.text)
        except AuthorError as error:
            return Finding(error.what, error.remedy or "", "misfit", argument.offset)
        if (wrong := senseless(definition, argument, value)) is not None:
            return Finding(wrong.what, "", "misfit", wrong.offset)
    if definition.of_framework and (reason := _wrong_way(text, definition)):
        return Finding(reason, "", "misfit", None)
    for demand in demands(definition.function, "misfit"):
        reason = demand.check(*definition.expression.values(text))
        if reason:
            return Finding(reason, "", "misfit", None)
    for reserved, name, given in (
        ("datatable", "data table", step.table is not None),
        ("docstring", "doc string", step.doc_string is not None),
    ):
        if given and reserved not in definition.below:
            what = f"'{definition}' takes no {name}, so what stands below it would be ignored"
            return Finding(what, f"It is defined at {definition.source}", "below-step")
        if not given and definition.below.get(reserved):
            return Finding(f"'{definition}' needs a {name} below it", first_sentence(definition.doc), "below-step")
    return None


def _wrong_way(text: str, definition: StepDefinition) -> str:
    """Return why no message of the type that the step names goes the way that it names, ``""`` if one does."""
    named = {each.parameter.name: each.text for each in definition.expression.arguments(text) or ()}
    return wrong_way(named["message"], named["way"]) if {"message", "way"} <= named.keys() else ""


def guilty_cell(step: Step, row: Row, offset: int | None = None) -> Text | None:
    """Return the cell of ``row`` that stands at ``offset`` of the rendered step, else the first one used, if any."""
    shift = 0
    used: list[Text] = []
    for match in PLACEHOLDER.finditer(step.text.text):
        cell = row.cells[match[1]]
        start = match.start() + shift
        if offset is not None and start <= offset <= start + len(cell.text):
            return cell
        shift += len(cell.text) - len(match[0])
        used.append(cell)
    return used[0] if used else None

"""Exit codes, errors, verdicts, mistakes and steps, as the code knows them."""

from __future__ import annotations

import re

from hil import errors as all_errors
from hil.bdd.language.catalogue import load_catalogue
from hil.bdd.language.listing.steps import as_markdown
from hil.bdd.language.rules import RULES
from hil.errors import ExitCode, HilError
from hil.evidence.documents import Verdict
from hil.evidence.verdicts import exit_code_of
from hil.tests.docs.markdown import meanings, table, text_of

_PLACE = re.compile(r"^`(hil/[^`]+\.py):\d+`$", re.MULTILINE)


def exit_codes() -> str:
    """Return what each exit code means and who acts."""
    told = meanings(ExitCode)
    return table(("code", "meaning"), [(str(code.value), told[code.name]) for code in ExitCode])


def errors() -> str:
    """Return the errors that are raised on purpose, by whom they blame."""
    kinds = [
        each
        for each in vars(all_errors).values()
        if isinstance(each, type) and issubclass(each, HilError) and each is not HilError
    ]
    rows = [(f"`{each.__name__}`", str(each.exit_code.value), _first_paragraph(each)) for each in kinds]
    return table(("error", "code", "meaning"), rows)


def verdicts() -> str:
    """Return each verdict with the exit code of a run that ends with it."""
    return table(("verdict", "code"), [(each.value, str(exit_code_of(each).value)) for each in Verdict])


def mistakes() -> str:
    """Return the rules that a feature file or a rig file can break."""
    rows = [(f"`{name}`", level.value, f"{text}.") for name, (level, text) in RULES.items()]
    return table(("rule", "level", "meaning"), rows)


def steps() -> str:
    """Return all steps with their documentation, as ``hil steps --format markdown``, without line numbers."""
    page = as_markdown(load_catalogue().definitions)
    return _PLACE.sub(r"Defined in `\1`.", page.removeprefix("# Steps\n"))


def _first_paragraph(kind: type) -> str:
    return text_of((kind.__doc__ or "").strip().split("\n\n")[0])

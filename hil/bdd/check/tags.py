"""Tags that say nothing: unknown names, unknown requirements, features that no rig has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.bdd.check import requirements
from hil.bdd.language.applicability import FEATURE_TAG
from hil.bdd.language.document import Problem
from hil.bdd.language.naming import parse_tag
from hil.bdd.language.typos import did_you_mean
from hil.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from hil.bdd.language.document import Document, Text


def wrong_tags(feature: Document, known: Collection[str], features: Collection[str]) -> Iterator[Problem]:
    """Yield a problem for each tag that says nothing.

    :param known: the names that may stand as tags.
    :param features: the feature flags that a rig may have.
    """
    blocks = [scenario.tags for scenario in feature.scenarios] + [feature.tags]
    blocks += [examples.tags for scenario in feature.scenarios for examples in scenario.examples]
    for tag in {tag for block in blocks for tag in block}:
        name, arguments = parse_tag(tag.text)
        if name not in known:
            yield _unknown(feature.file, tag, name, known)
        elif name == FEATURE_TAG:
            for flag in arguments:
                if flag not in features:
                    what = f"no rig knows the feature '{flag}'{nearest(flag, features)}"
                    yield Problem(feature.file, tag.line, tag.column, what, rule="unknown-feature")


def _unknown(file: str, tag: Text, name: str, known: Collection[str]) -> Problem:
    is_requirement = name.startswith(requirements.PREFIX)
    alike = [each for each in known if each.startswith(requirements.PREFIX) == is_requirement]
    rule, remedy = "unknown-tag", "Known tags are the 'markers' in pyproject.toml"
    if is_requirement:
        rule, remedy = "unknown-requirement", f"Requirements stand in {requirements.FILE}"
    what = f"'@{tag.text}' is not a {rule.replace('unknown-', 'known ')}{did_you_mean(name, sorted(alike), '@')}"
    return Problem(file, tag.line, tag.column, what, remedy, rule)

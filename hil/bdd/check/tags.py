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
    from collections.abc import Collection, Iterable, Iterator

    from hil.bdd.language.document import Document, Text


MARKERS = (
    "fresh_node: has a node of its own, because it changes policy, mempool or history",
    "small_mempool: has a node whose mempool holds 5 MB",
    "partition: has two nodes, between which the network can be cut",
    "other_network: has a node of another network for its socket",
    "still_downloading: has a node that is behind",
    f"{FEATURE_TAG}(name): needs this feature of the rig (targets.main.features of its file)",
    "long: hours of the bench's time; several benches begin with it",
    "pairwise: an outline whose rows hold each pair of values of its columns (hil pairs)",
)
"""The markers that mean something to the framework, as pytest lists them; a laboratory adds its own."""


def marker_names(lines: Iterable[str]) -> set[str]:
    """Return the names in pytest's lines of markers."""
    return {line.partition(":")[0].partition("(")[0].strip() for line in lines}


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
    rule, remedy = (
        "unknown-tag",
        "Known tags are the framework's and the 'markers' in pyproject.toml",
    )
    if is_requirement:
        rule, remedy = "unknown-requirement", f"Requirements stand in {requirements.FILE}, or where [tool.hil] says"
    what = f"'@{tag.text}' is not a {rule.replace('unknown-', 'known ')}{did_you_mean(name, sorted(alike), '@')}"
    return Problem(file, tag.line, tag.column, what, remedy, rule)

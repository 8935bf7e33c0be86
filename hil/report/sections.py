"""Sections of the report that others add: plug-ins of ``hil.report_sections``.

Each is a function that is called with the run as it was recorded, and returns a :class:`Section`, or None if it has
nothing to say. It gives plain text; the report escapes it. It decides nothing: the verdict is the evidence's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hil.errors import ConfigurationError
from hil.evidence.record import RunRecord
from hil.plugins.groups import REPORT_SECTIONS
from hil.plugins.registry import Plugin, plugins, what_failed


@dataclass(frozen=True)
class Section:
    """What a plug-in has to say of a run, in plain text.

    :param paragraphs: before the table.
    :param head: of the table's columns; empty: there is none.
    :param rows: of the table, a text for each column.
    """

    title: str
    paragraphs: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class AddedSection:
    """A section as it is printed.

    :param origin: whence its plug-in comes.
    :param problem: why there is none; empty if there is one.
    """

    section: Section
    origin: str
    problem: str = ""


def added_sections(record: RunRecord) -> list[AddedSection]:
    """Return the sections that plug-ins make of a run; one that fails is told in its place, and costs no other."""
    return [added for plugin in plugins(REPORT_SECTIONS) for added in _made(plugin, record)]


def _made(plugin: Plugin, record: RunRecord) -> Iterator[AddedSection]:
    origin = f"{plugin.name}, {plugin.origin}"
    try:
        section = plugin.load()(record)
        if section is not None:
            yield AddedSection(_plain(section), origin)
    except ConfigurationError as error:
        yield AddedSection(Section(plugin.name), origin, str(error))
    except (Exception, SystemExit) as error:  # whatever its author's code does: the report of the run is written
        yield AddedSection(Section(plugin.name), origin, f"{plugin.reference} failed: {what_failed(error)}")


def _plain(section: object) -> Section:
    """Return a section of texts alone; TypeError for what is none."""
    if not isinstance(section, Section):
        raise TypeError(f"a Section of hil.report.sections was expected, and it returned {section!r:.80}")
    return Section(
        str(section.title),
        tuple(map(str, section.paragraphs)),
        tuple(map(str, section.head)),
        tuple(tuple(map(str, row)) for row in section.rows),
    )

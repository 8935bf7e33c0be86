"""What a reader sees of one scenario: a head, then blocks (paragraphs, tables, the timeline), in plain data.

A block is a mapping with ``kind``:

- ``text``: ``class``, ``label`` (bold), ``text``, ``code?``, ``title?`` (the heading above it);
- ``table``: ``class``, ``title``, ``columns`` (name and class of each), ``rows`` (``class`` and ``cells``), ``folded?``
  (it is shown when it is asked for), ``note?``. A cell is a text, or a mapping with any of ``verdict``, ``bold``,
  ``text``, ``notes`` (further lines) and ``problem`` (pairs of label and text);
- ``plot``: the timeline.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from hil.evidence.documents import Json
from hil.report.scenario.timeline_data import Timeline
from hil.report.scenario.timeline_packing import pack, unpack

Block: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True)
class Detail:
    """All that is told of one scenario, its texts ready to be printed.

    :ivar head: ``number``, ``name``, ``verdict``, ``place``, ``tags`` and ``facts`` (pairs of label and text).
    :ivar timeline: None: it shows nothing.
    :ivar focus: the instant that the decisive measurement is about, in seconds; None: it names none.
    """

    head: Mapping[str, Any]
    blocks: Sequence[Block]
    timeline: Timeline | None
    focus: float | None


def pack_detail(detail: Detail) -> bytes:
    """Return the detail of a scenario as the report keeps it: JSON, deflated, in base 64."""
    document = {
        "head": detail.head,
        "blocks": detail.blocks,
        "plot": pack(detail.timeline) if detail.timeline else None,
        "focus": detail.focus,
    }
    return base64.b64encode(zlib.compress(orjson.dumps(document)))


def unpack_detail(packed: bytes) -> Detail:
    """Return what :func:`pack_detail` was given."""
    document = orjson.loads(zlib.decompress(base64.b64decode(packed)))
    plot = document["plot"]
    return Detail(document["head"], document["blocks"], unpack(plot) if plot else None, document["focus"])

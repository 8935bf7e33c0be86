"""A run folder as read back. Reading never gives up: a file that a crash cut off tells how far it goes, and says so.

A run may hold more events than fit in memory: a scenario is read when it is asked for, and only the caller keeps it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import orjson

from hil.evidence.documents import Event, Json, Kind, Verdict, encode
from hil.evidence.run_folder.blocks import Gap, read_blocks, told
from hil.evidence.run_folder.files import (
    MANIFEST_FILE,
    RUN_FILE,
    SCENARIO_SUFFIX,
    SCENARIOS,
    read_file,
    scenario_files,
    scenario_name,
)
from hil.evidence.run_folder.manifest import changes_since, read_manifest


@dataclass(frozen=True)
class ScenarioRecord:
    """The events of one scenario as read back; ``damage`` says where a cut-off file stops making sense.

    :param digest: SHA-256 of the lines of its file without what belongs to the host, as :meth:`ScenarioWriter.close`
        returned it if nobody touched them; None if the events are from no file.
    """

    name: str
    events: list[Event]
    damage: str | None = None
    digest: str | None = None

    def of(self, kind: Kind) -> Iterator[Event]:
        return (event for event in self.events if event.kind is kind)

    @property
    def verdict(self) -> Verdict:
        """The verdict of the STOP event; a scenario without one was cut off and is NOT_RUN to its end."""
        stop = next(self.of(Kind.STOP), None)
        try:
            return Verdict(str(stop.data["verdict"])) if stop is not None else Verdict.NOT_RUN
        except (KeyError, ValueError):
            return Verdict.NOT_RUN


class ScenarioFiles(Sequence[ScenarioRecord]):
    """The scenarios of a run folder, each read anew whenever it is asked for: a run has more events than fit in memory.

    A caller that needs several values of a scenario takes them from one record, and then releases the record.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, index: int) -> ScenarioRecord: ...

    @overload
    def __getitem__(self, index: slice) -> ScenarioFiles: ...

    def __getitem__(self, index: int | slice) -> ScenarioRecord | ScenarioFiles:
        return ScenarioFiles(self._paths[index]) if isinstance(index, slice) else read_scenario(self._paths[index])


@dataclass(frozen=True)
class RunRecord:
    """A run folder as read back.

    :param damage: what of ``run.json`` could not be read; None: nothing.
    """

    folder: Path
    document: Mapping[str, Any]
    scenarios: Sequence[ScenarioRecord]
    damage: str | None = None

    @classmethod
    def load(cls, folder: Path) -> RunRecord:
        """Read ``run.json`` and find the scenario files; a damaged one is read as far as it goes when its turn comes.

        A ``run.json`` that is damaged or gone is read as far as it goes, if the folder holds scenarios or a manifest.
        Raises OSError or ValueError if it does not: then nothing shows that this is a run folder.
        """
        files = scenario_files(folder)
        try:
            document, damage = _document(folder / RUN_FILE), None
        except (OSError, ValueError) as error:
            if not files and not (folder / MANIFEST_FILE).is_file() and not (folder / SCENARIOS).is_dir():
                raise
            document, damage = _salvaged(folder / RUN_FILE)
            reason = error.strerror if isinstance(error, OSError) else error
            damage = f"{RUN_FILE} cannot be read ({reason}). {damage}"
        return cls(folder, document, ScenarioFiles(files), damage)

    def altered_files(self) -> list[str]:
        """Return the files that are not as the manifest lists them; the manifest itself if it is missing or damaged."""
        manifest = read_manifest(self.folder)
        if manifest.problem is not None and not manifest.files:
            return [MANIFEST_FILE]
        changes = changes_since(self.folder, manifest)
        return [*[MANIFEST_FILE] * bool(manifest.problem), *sorted(changes.removed + changes.changed + changes.added)]


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(read_file(path).decode())
    except RecursionError:
        raise ValueError(f"{RUN_FILE} is nested too deeply") from None
    if not isinstance(document, Mapping):
        raise ValueError(f"{RUN_FILE} holds no object")
    return document


_ENTRY = re.compile(r'\s*[{,]\s*("[^"\\]*")\s*:\s*')
"""What stands before a value at the top of ``run.json``."""

_END = re.compile(r"\s*[,}]")
"""What stands behind it."""


def _salvaged(path: Path) -> tuple[dict[str, Any], str]:
    """Return the entries of a damaged ``run.json`` up to the damage, and in words how far that is."""
    try:
        text = read_file(path).decode(errors="replace")
    except OSError:
        return {}, "Nothing is known of rig, node, seed and verdict."
    document: dict[str, Any] = {}
    decoder, position = json.JSONDecoder(), 0
    with contextlib.suppress(ValueError, RecursionError):
        while (found := _ENTRY.match(text, position)) is not None:
            value, position = decoder.raw_decode(text, found.end())
            if _END.match(text, position) is None:  # half a number looks whole
                break
            document[json.loads(found[1])] = value
    read = f"These entries could be read: {', '.join(document)}." if document else "No entry of it could be read."
    return document, read


def scenario_text(path: Path) -> tuple[bytes, list[Gap]]:
    """Return the lines of a scenario's file of any version, and what of it could not be read."""
    content = read_file(path)
    return read_blocks(content) if path.name.endswith(SCENARIO_SUFFIX) else (content, [])


def read_scenario(path: Path) -> ScenarioRecord:
    """Read one scenario file up to its end or to the first line that is no event, without the blocks that are damaged.

    A file that the operating system does not give is one of which nothing can be read.
    """
    events: list[Event] = []
    covered: list[bytes] = []
    name = scenario_name(path.name)
    try:
        content, gaps = scenario_text(path)
    except OSError as error:
        return ScenarioRecord(name, [], f"it cannot be read ({error.strerror})")
    parse = json.loads if _holds_long_number(content) else _parse
    damage = [_told(gap, content) for gap in gaps]
    for number, line in enumerate(_lines(content), 1):
        try:
            document = parse(line)
            events.append(Event.from_json(document))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            damage.append(f"line {number} is no event ({type(error).__name__})")
            break
        covered.append(_without_host(line, document))
    digest = hashlib.sha256(b"\n".join([*covered, b""])).hexdigest()
    if not events and not damage:
        damage.append("the file is empty")
    return ScenarioRecord(name, events, "; ".join(damage) or None, digest)


def _told(gap: Gap, content: bytes) -> str:
    lines = content.count(b"\n", 0, gap.text)
    return f"{told(gap)}, after line {lines}"


def _lines(content: bytes) -> Iterable[str]:
    """Return the lines of a file as text; bytes that are no UTF-8 are replaced, and each kind of line end ends one."""
    with contextlib.suppress(UnicodeDecodeError):
        text = content.decode()
        if "\r" not in text:  # as we write it: a report reads half a million lines
            return text.removesuffix("\n").split("\n") if text else ()
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", errors="replace")


def _parse(line: str) -> Any:
    """Return what the standard library makes of ``line``, in a third of its time wherever orjson takes it."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:  # it refuses NaN, infinity and half a surrogate pair too
        return json.loads(line)


def _holds_long_number(content: bytes) -> bool:
    """Tell whether there is a number of 19 digits or more, which orjson would round if it does not fit into 64 bits."""
    return _LONG_NUMBER in content.translate(_SHAPE, b"- \t\r")


_SHAPE = bytes.maketrans(b"0123456789,[", b"0000000000::")
"""Any digit as 0, and what stands before a number as a colon; twenty times as quick as a regular expression."""

_LONG_NUMBER = b":" + b"0" * 19


def _without_host(line: str, document: Mapping[str, Json]) -> bytes:
    """Return the line of an event as the digest covers it; one that we would never have written, as it stands."""
    if "host" in document:
        with contextlib.suppress(ValueError, TypeError):
            return encode({key: value for key, value in document.items() if key != "host"})
    return line.rstrip().encode()

"""The documents of which evidence is made. One event is one line of JSON; nothing is ever changed or removed.

What the bench observed (``t``, ``bounds``, ``source``, ``data``) is part of the evidence digest; what belongs to
the host (``host``: wall times, ports, paths) stands apart and is not.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import orjson

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"


class Kind(enum.StrEnum):
    """What an event tells. The keys of ``data`` are listed for each.

    - START: ``name, feature, rule?, line, tags, seed, rig?``; first event of a scenario file
    - STEP: ``keyword, text, line, outcome`` (``passed``, ``failed``, ``not run``), ``started`` (s),
      ``error?`` (``what``, ``place?``, ``remedy?``)
    - READING: quantities by name with their unit, e.g. ``voltage_V, current_A, power_W, energy_Wh`` (source
      ``meter``), ``credit_Wh, delivered_Wh`` (source ``socket`` or ``counterpart``), or what the tap added between two
      devices: ``chunks, bytes, sent_again_median_s, sent_again_largest_s`` (source ``tap``), or what a device's program
      takes of its machine: ``memory_MiB, descriptors_count, threads_count`` (source ``socket program``)
    - RELAY: ``closed``, ``read_back?`` (source ``K1`` ... ``K4``), or the contact that the counterpart switches
    - FRAME: ``direction`` (``to socket``, ``to cable``), ``message``, ``fields``, ``bytes`` (hex), ``error?``,
      ``lost?`` (sent, and kept from its receiver by a fault of the link); source is the line on which it was heard
    - TRANSACTION: ``txid, event`` (``funding``, ``broadcast``, ``confirmed``, ``seen``), ``fee_sat?,
      payment_sat?, change_sat?, raw?``
    - LEDGER, what the node published: ``change`` (``added``, ``removed``: a transaction in the mempool; ``connected``,
      ``disconnected``: a block of the best chain), ``hash`` (of the transaction), ``block`` (its number since the
      scenario began, 0 for one that was there before; its hash depends on other scenarios and stands in ``host``)
    - LOAD: ``power_W`` or ``input_on``: what the load was told while the scenario runs (source ``load``); with
      ``power_factor`` and ``crest_factor`` where they are not those of a resistance
    - FAULT: ``what``, ``who`` (a fault that the scenario asked for); of a message on the link (source ``link``) also
      ``direction`` and ``fault`` (``dropped``, ``delayed`` ...)
    - DEVICE: ``identity``: what the program of a device says that it is; or ``stopped``: why it has stopped over its
      storage, as SPEC demands (source ``socket`` or ``cable``)
    - CONSOLE: ``text`` (a line that a device printed; source is the console's name)
    - OPERATOR, what the person at the bench was asked: ``question``, ``asked`` (s), ``answer`` (``yes``, ``no``,
      ``unsure``, or ``none`` in time), ``who?``, ``where?`` (``page``, ``terminal``), ``remark?``
    - ATTACHMENT, a file that a step added to the evidence: ``file`` (in the run folder), ``name``, ``bytes``,
      ``sha256``
    - VERDICT: see :class:`hil.evidence.limits.Finding`
    - STOP: ``verdict`` (:class:`Verdict`), ``reason``, ``safe_state`` (``reached``, ``seconds``), ``invariants?``
      (``judged``: how many frames of the devices under test, ``broken``: the ids of the rules); last event
    """

    START = "start"
    STEP = "step"
    READING = "reading"
    RELAY = "relay"
    FRAME = "frame"
    TRANSACTION = "transaction"
    LEDGER = "ledger"
    LOAD = "load"
    FAULT = "fault"
    DEVICE = "device"
    CONSOLE = "console"
    OPERATOR = "operator"
    ATTACHMENT = "attachment"
    VERDICT = "verdict"
    STOP = "stop"


class Verdict(enum.StrEnum):
    """The result of a measurement, a scenario or a run; never mixed up with each other.

    ALTERED is the verdict of a run that is read, if its evidence is not what was recorded.
    """

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    RIG_FAULT = "rig fault"
    AUTHOR_ERROR = "author error"
    FRAMEWORK_ERROR = "framework error"
    NOT_APPLICABLE = "not applicable"
    NOT_RUN = "not run"
    ALTERED = "evidence altered"


_NO_DATA: Mapping[str, Json] = {}


class Event(NamedTuple):
    """Something that was observed or done, at an instant known to lie within ``t - before`` .. ``t + after``.

    :param t: seconds since the scenario began, by ``clock``.
    :param source: who observed it: ``meter``, ``K1``, ``socket-link``, ``ledger``, ``bench`` ...
    :param before: seconds by which it may have happened earlier.
    :param after: seconds by which it may have happened later.
    """

    kind: Kind
    t: float
    source: str
    data: Mapping[str, Json] = _NO_DATA
    clock: str = "virtual"
    before: float = 0.0
    after: float = 0.0
    host: Mapping[str, Json] | None = None

    def canonical(self) -> dict[str, Json]:
        """Return what the evidence digest covers, times rounded to a microsecond; ``data`` is the event's own."""
        after = self.after
        return {
            "bounds": [_microseconds(self.before), round(after, 6) if after else after],
            "clock": self.clock,
            "data": self.data,
            "kind": self.kind._value_,  # each event comes here, and ``value`` takes ten times as long
            "source": self.source,
            "t": round(self.t, 6),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Json]) -> Event:
        """Build an event from a parsed line; raises KeyError, ValueError, TypeError or OverflowError if it is none."""
        bounds = document["bounds"]
        data = document["data"]
        host = document.get("host")
        # a report reads half a million lines: most are as we write them, and asking whether a class is abstract is slow
        if type(bounds) is not list and not isinstance(bounds, Sequence):
            raise TypeError("bounds must be a list of two numbers")
        if len(bounds) != 2 or (type(data) is not dict and not isinstance(data, Mapping)):
            raise TypeError("bounds must be a list of two numbers and data an object")
        kind = str(document["kind"])
        return cls(
            _KINDS.get(kind) or Kind(kind),
            float(document["t"]),  # type: ignore[arg-type]  # float() says itself what it cannot take
            str(document["source"]),
            data,
            str(document["clock"]),
            float(bounds[0]),  # type: ignore[arg-type]  # as above
            float(bounds[1]),  # type: ignore[arg-type]  # as above
            host if host is not None and isinstance(host, Mapping) else None,
        )


@lru_cache(maxsize=256)
def _microseconds(seconds: float) -> float:
    """Round to a microsecond; most readings are equally old, and to round takes ten times as long as to remember."""
    return round(seconds, 6)


_KINDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind}


def encode(document: Mapping[str, Json]) -> bytes:
    """Return the one canonical JSON text of ``document``: UTF-8, keys sorted, no spaces.

    Raises ValueError for NaN and infinity. Ten events a second are encoded for each second of the bench's time, so it
    matters that orjson does it in a tenth of the standard library's time; its own way with those two is to write null.
    """
    text = orjson.dumps(document, option=orjson.OPT_SORT_KEYS)
    if b"null" in text and not _is_finite(document):
        raise ValueError("NaN or infinity is no number of the evidence")
    return text


def encode_finite(document: Mapping[str, Json]) -> bytes:
    """Return the same with a line feed, for a document of which it is known that all its numbers are finite."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _is_finite(value: Json) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)

"""Mistakes in code that both sides of a session share: with each of them socket and cable agree with each other.

A process into which one was put (:func:`install`) is wrong from its first import on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

VARIABLE = "HIL_TEST_SHARED_MISTAKE"

START = f"""\
import os

if name := os.environ.get("{VARIABLE}"):
    from hil.tests.acceptance.shared_mistakes import install

    install(name)
"""
"""What each Python of a run does first (``sitecustomize``)."""


def environment(folder: Path, mistake: str) -> dict[str, str]:
    """Return the environment in which every Python makes this mistake; ``folder`` gets a file for it."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(START, encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))
    return {"PYTHONPATH": path, VARIABLE: mistake}


def install(name: str) -> None:
    """Put a mistake into the code of the devices, which nothing has imported yet."""
    MISTAKES[name]()


def _crc_least_significant_byte_first() -> None:
    import zlib

    from hil.protocol.wire import framing

    def turned(data: bytes) -> int:
        return int.from_bytes(zlib.crc32(data).to_bytes(4, "little"), "big")

    taken: Any = framing
    taken.zlib = SimpleNamespace(crc32=turned)


def _txids_as_people_write_them() -> None:
    from hil.protocol.wire import fields

    made = fields.transaction_id

    def transaction_id(*, optional: bool = False) -> fields.Field:
        check = made(optional=optional).check
        return fields.Field(check, bytes.fromhex, bytes.hex)

    fields.transaction_id = transaction_id


def _fee_without_the_discount_of_witnesses() -> None:
    from hil.protocol.payment import transactions
    from hil.protocol.payment.signing import ScriptType

    transactions._INPUT_WEIGHT[ScriptType.P2WPKH] = 4 * (41 + 108)


def _credit_rounded_up() -> None:
    from hil.protocol import policy

    def rounded_up(priced: policy.Priced, payments: int) -> int:
        return -(-payments * priced.quantum_sat * 1000 // priced.tariff_sat_per_wh)

    policy.credited_energy_mwh = rounded_up


def _sequence_not_counted() -> None:
    from hil.protocol.sessions import Session

    taken: Any = Session
    taken.next_sequence = lambda self: 1
    taken.heard = property(lambda self: 0, lambda self, number: None)


def _meter_in_watt_hours() -> None:
    from hil.protocol import machine

    def told(session: bytes, sequence: int, energy_mwh: int) -> object:
        return made(session, sequence, energy_mwh // 1000)

    taken: Any = machine
    made, taken.Meter = taken.Meter, told


MISTAKES: Mapping[str, Callable[[], None]] = {
    "the CRC, least significant byte first": _crc_least_significant_byte_first,
    "transaction ids as people write them": _txids_as_people_write_them,
    "a fee without the discount of witnesses": _fee_without_the_discount_of_witnesses,
    "credit rounded up": _credit_rounded_up,
    "a sequence that does not count": _sequence_not_counted,
    "METER in watt-hours": _meter_in_watt_hours,
}

"""The short version of ``make fuzz``, and the inputs that it must not miss."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil.fuzz import main as fuzz
from hil.fuzz.inputs import LONGEST, Generator, corpus
from hil.fuzz.main import FuzzFailed, Target
from hil.protocol.wire.fields import MessageErrorCode
from hil.protocol.wire.framing import FrameErrorCode, encode_frame
from hil.rig.config.project import find_project

SEEDS = corpus(find_project(Path(__file__)).root / "fixtures/data/vectors")
METER = bytes.fromhex("8407480102030405060708031903e8")


def test_twenty_thousand_inputs_give_nothing_but_payloads_messages_and_typed_errors() -> None:
    findings = fuzz.fuzz(20_000, "unit", SEEDS, traced=500)
    kinds = {f"frame: {code.value}" for code in FrameErrorCode} | {
        f"message: {code.value}" for code in MessageErrorCode
    }
    assert kinds | {"message", "to machines"} == set(findings.results)
    assert findings.results["to machines"] == 1000
    assert 0 < findings.peak_bytes <= fuzz.MOST_MEMORY + fuzz.MOST_MEMORY_PER_BYTE * LONGEST


def test_inputs_come_again_from_the_same_seed_and_are_bounded() -> None:
    first, again, other = (list(Generator(SEEDS, seed).inputs(300)) for seed in ("1", "1", "2"))
    assert first == again != other
    assert max(map(len, first)) <= LONGEST


def test_an_exception_that_is_not_typed_ends_the_run_with_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(data: bytes) -> object:
        raise KeyError(data)

    monkeypatch.setattr("hil.fuzz.main.decode_message", careless)
    with pytest.raises(FuzzFailed, match=r"input \d+ of seed unit: KeyError: .*\n[0-9a-f]+$"):
        fuzz.fuzz(100, "unit", SEEDS, traced=0)


def test_memory_beyond_the_bound_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "MOST_MEMORY", -1_000_000)
    with pytest.raises(FuzzFailed, match="bytes of memory"):
        fuzz.fuzz(10, "unit", SEEDS)


def test_a_second_encoding_of_a_message_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hil.fuzz.main.encode_message", lambda message: b"")
    with pytest.raises(AssertionError, match="two encodings"):
        Target().decode(encode_frame(SEEDS[-1]) + encode_frame(METER))

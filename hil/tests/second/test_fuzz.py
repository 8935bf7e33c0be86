"""Whatever a peer says, neither side fails, and neither loses money by it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.second.codes import CloseReason, ErrorCode, Mode, Network
from hil.second.coins import Coin
from hil.second.terms import Terms
from hil.second.wire import messages as wire
from hil.second.wire.frames import frame
from hil.tests.second.vectors import load
from hil.tests.second.world import CHANGE_SCRIPT, COIN_SCRIPT, World

SESSION = (1).to_bytes(8, "big")
TRANSACTION = bytes.fromhex(load("refusals")["payment"])
SESSIONS = st.sampled_from([SESSION, SESSION, SESSION, bytes(8)])
SEQUENCES = st.integers(0, 20) | st.integers(0, 2**32 - 1)
NUMBERS = st.integers(1, 4)
ENERGIES = st.sampled_from([0, 100, 6000, 8000, 16_000, 2**32 - 1])
TRANSACTIONS = st.binary(min_size=10, max_size=80) | st.integers(0, 300).map(
    lambda at: TRANSACTION[:at] + bytes([TRANSACTION[at] ^ 1]) + TRANSACTION[at + 1 :]
)
SCRIPTS = st.sampled_from([COIN_SCRIPT, CHANGE_SCRIPT, b"\x51", b"\x00\x14" + bytes(20)])
COINS = st.builds(Coin, st.sampled_from(["01" * 32, "02" * 32]), st.integers(0, 2), st.integers(1, 200_000), SCRIPTS)
MESSAGES: dict[type[wire.Message], tuple[Any, ...]] = {
    wire.Hello: (
        st.just(1),
        st.lists(st.sampled_from(Mode), min_size=1, max_size=2, unique=True).map(tuple),
        st.sampled_from(Network),
    ),
    wire.Offer: (
        st.sampled_from([1, 1250, 3000]),
        st.sampled_from([1, 10_000, 30_000]),
        SCRIPTS,
        st.sampled_from([1, 10, 1000]),
        st.sampled_from(Mode),
        st.integers(1, 5),
        st.integers(0, 6),
        st.integers(1, 3680),
    ),
    wire.Funding: (st.lists(COINS, min_size=1, max_size=3, unique=True).map(tuple), SCRIPTS, NUMBERS),
    wire.PaymentRequest: (NUMBERS, TRANSACTIONS, ENERGIES),
    wire.Payment: (NUMBERS, TRANSACTIONS),
    wire.Receipt: (NUMBERS, ENERGIES),
    wire.Meter: (ENERGIES,),
    wire.Close: (st.sampled_from(CloseReason), ENERGIES, st.sampled_from([b"", bytes(32)])),
    wire.Error: (st.sampled_from(ErrorCode), st.just("text")),
}
SAID = st.one_of([st.builds(kind, SESSIONS, SEQUENCES, *fields) for kind, fields in MESSAGES.items()])
STEPS = st.lists(
    st.tuples(SAID.map(wire.encode).map(frame) | st.binary(max_size=30), st.sampled_from([0.0, 0.1, 3.0, 30.0])),
    max_size=25,
)


@pytest.mark.parametrize("to", ["cable", "socket"])
@pytest.mark.parametrize("begun_s", [0.0, 0.003, 5.0])
@settings(max_examples=25)
@given(steps=STEPS, mode=st.sampled_from(Mode))
def test_whatever_somebody_says_on_the_line_no_side_fails(
    to: str, begun_s: float, steps: list[tuple[bytes, float]], mode: Mode
) -> None:
    world = World(Terms(mode=mode), coin_sat=(100_000, 60_000))
    world.cable.plug(0.0)
    world.run(begun_s)

    for data, pause_s in steps:
        world.inject(to, data)
        world.run(world.now + pause_s)

    world.run(world.now + 200.0)
    assert world.most_overdrawn_mwh <= 100
    for session, accepted in world.socket.signed.items():
        assert accepted.items() <= world.cable.signed[session].items()
    signed = [raw for payments in world.cable.signed.values() for raw in payments.values()]
    assert len(signed) <= world.max_payments

"""Each code of ERROR, said by a machine on its line: the vectors' flaws, given to a whole cable or a whole socket."""

from __future__ import annotations

from typing import Any

import pytest

from hil.second.cable.means import BuyerState
from hil.second.codes import CloseReason, ErrorCode, Mode, Network
from hil.second.socket import Output
from hil.second.socket.means import SellerState
from hil.second.terms import Limits
from hil.second.wire import messages as wire
from hil.second.wire.frames import frame
from hil.tests.second.vectors import coins, load
from hil.tests.second.world import COIN_SCRIPT, World

VECTORS = load("refusals")
REFUSED = {
    group: [case for case in VECTORS[group] if case["code"] in ErrorCode.__members__]
    for group in ("offers", "fundings", "proposals", "payments")
}
COINS = coins(VECTORS["coins"])
CHANGE_SCRIPT = bytes.fromhex(VECTORS["change_script"])
SESSION = (1).to_bytes(8, "big")


class Alone:
    """One side, whose peer is the test: it says what it likes, in order."""

    def __init__(self, world: World, to: str) -> None:
        self.world = world
        self._to = to
        self._sequence = 0

    def say(self, message: wire.Message, session: bytes = SESSION) -> None:
        """Say a message in the session, with the next sequence."""
        self._sequence += 1
        kind = type(message)
        values = {**vars(message), "session": session, "sequence": self._sequence}
        self.world.inject(self._to, frame(wire.encode(kind(**values))))

    def heard(self, kind: type[wire.Message]) -> list[Any]:
        """Return what the side said, of one type."""
        return [each for _, each in self.world.messages if isinstance(each, kind)]

    def codes(self) -> list[ErrorCode]:
        """Return the codes of what it refused."""
        return [each.code for each in self.heard(wire.Error)]


def cable_under(limits: dict[str, Any]) -> Alone:
    given = VECTORS["limits"] | limits
    modes = [Mode[each] for each in given.pop("modes")]
    given.pop("network")
    max_payments = given.pop("max_payments")
    world = World(
        max_payments=max_payments, limits=Limits(**given), modes=modes, coins=COINS, change_script=CHANGE_SCRIPT
    )
    world.cable.plug(0.0)
    return Alone(world, "cable")


@pytest.mark.parametrize("case", REFUSED["offers"], ids=lambda case: case["name"])
def test_a_cable_refuses_an_offer_and_calls_again_later(case: dict[str, Any]) -> None:
    socket = cable_under(case.get("limits", {}))

    socket.say(wire.decode(bytes.fromhex(case["message"])))

    assert [code.name for code in socket.codes()] == [case["code"]]
    assert socket.world.cable.state is BuyerState.CALLING
    assert socket.heard(wire.Funding) == []


def pay(socket: Alone, offer: wire.Offer, payments: int) -> None:
    """Let the cable make payments as an honest socket asks for them, each when the one before is all but used up."""
    socket.say(offer)
    agreed = socket.world.cable._buyer._agreed()
    for n in range(1, payments + 1):
        proposal = agreed.next_proposal()
        assert proposal is not None
        energy = max(0, agreed.bought_mwh(n - 1) - 2000)
        socket.world.delivered_wh = energy / 1000
        socket.say(wire.PaymentRequest(SESSION, 0, n, proposal.raw, energy))
        socket.say(wire.Receipt(SESSION, 0, n, agreed.bought_mwh(n)))
    assert agreed.made == payments


REPEATED = "payment 1 again"
"""By itself the request is for a payment that is not the next; to a cable that signed it, it is the same one again."""


@pytest.mark.parametrize(
    "case", [each for each in REFUSED["proposals"] if each["name"] != REPEATED], ids=lambda case: case["name"]
)
def test_a_cable_refuses_a_request_and_signs_nothing_more(case: dict[str, Any]) -> None:
    socket = cable_under(case.get("limits", {}))
    offer = wire.decode(bytes.fromhex(case.get("offer", VECTORS["offer"])))
    assert isinstance(offer, wire.Offer)
    pay(socket, offer, case["signed"])
    socket.world.delivered_wh = case["used_mwh"] / 1000

    socket.say(wire.decode(bytes.fromhex(case["message"])))

    assert [code.name for code in socket.codes()] == [case["code"]]
    assert [each.reason for each in socket.heard(wire.Close)] == [CloseReason.REFUSED]
    assert socket.world.cable.state is BuyerState.ENDED
    assert len(socket.world.cable.signed.get(SESSION, {})) == case["signed"]


def test_a_cable_answers_the_request_that_it_signed_last_with_the_same_payment() -> None:
    (case,) = [each for each in REFUSED["proposals"] if each["name"] == REPEATED]
    socket = cable_under({})
    offer = wire.decode(bytes.fromhex(VECTORS["offer"]))
    assert isinstance(offer, wire.Offer)
    pay(socket, offer, 1)

    socket.say(wire.decode(bytes.fromhex(case["message"])))

    first, again = socket.heard(wire.Payment)
    assert (first.n, first.transaction) == (again.n, again.transaction)
    assert socket.codes() == []


def test_a_cable_refuses_a_short_receipt() -> None:
    socket = cable_under({})
    offer = wire.decode(bytes.fromhex(VECTORS["offer"]))
    assert isinstance(offer, wire.Offer)
    socket.say(offer)
    proposal = socket.world.cable._buyer._agreed().next_proposal()
    assert proposal is not None
    socket.say(wire.PaymentRequest(SESSION, 0, 1, proposal.raw, 0))

    socket.say(wire.Receipt(SESSION, 0, 1, 7999))

    assert socket.codes() == [ErrorCode.RECEIPT_SHORT]


def test_a_cable_without_coins_refuses_every_offer() -> None:
    world = World(coins=())
    world.cable.plug(0.0)
    socket = Alone(world, "cable")

    socket.say(wire.decode(bytes.fromhex(VECTORS["offer"])))

    assert socket.codes() == [ErrorCode.FUNDS_EXHAUSTED]


def hello(modes: tuple[Mode, ...] = (Mode.SINGLE_FEE,), network: Network = Network.REGTEST) -> wire.Hello:
    return wire.Hello(SESSION, 0, wire.VERSION, modes, network)


def funding() -> wire.Funding:
    return wire.Funding(SESSION, 0, COINS, CHANGE_SCRIPT, 5)


def socket_at_payment_2() -> Alone:
    """Return a socket that has accepted payment 1 and asked for payment 2, over the coins of the vectors."""
    offer = wire.decode(bytes.fromhex(VECTORS["offer"]))
    assert isinstance(offer, wire.Offer)
    cable = Alone(World(coins=COINS, payees=[offer.payee_script]), "socket")
    signer = cable_under({})
    cable.say(hello())
    cable.say(funding())
    signer.say(offer)
    signer.say(cable.heard(wire.PaymentRequest)[-1])
    cable.say(signer.heard(wire.Payment)[-1])
    cable.world.delivered_wh = 6.0
    cable.world.socket.on_time(cable.world.now)
    assert cable.heard(wire.PaymentRequest)[-1].transaction.hex() == VECTORS["proposal"]
    return cable


@pytest.mark.parametrize("case", REFUSED["fundings"], ids=lambda case: case["name"])
def test_a_socket_refuses_coins_and_forgets_the_session(case: dict[str, Any]) -> None:
    cable = Alone(World(coins=COINS), "socket")
    cable.say(hello())

    cable.say(wire.decode(bytes.fromhex(case["message"])))

    assert [code.name for code in cable.codes()] == [case["code"]]
    assert cable.world.socket.state is SellerState.IDLE


@pytest.mark.parametrize("case", REFUSED["payments"], ids=lambda case: case["name"])
def test_a_socket_refuses_a_payment_opens_its_contact_and_settles_the_one_before(case: dict[str, Any]) -> None:
    cable = socket_at_payment_2()

    cable.say(wire.Payment(SESSION, 0, 2, bytes.fromhex(case["payment"])))

    assert [code.name for code in cable.codes()] == [case["code"]]
    assert not cable.world.contact
    assert cable.world.reasons() == [CloseReason.REFUSED]
    assert cable.world.ledger.sent == [cable.world.socket.signed[SESSION][1]]


@pytest.mark.parametrize("n", [1, 3])
def test_a_socket_refuses_a_payment_that_it_did_not_ask_for(n: int) -> None:
    cable = socket_at_payment_2()

    cable.say(wire.Payment(SESSION, 0, n, bytes.fromhex(VECTORS["payment"])))

    assert cable.codes() == [ErrorCode.NOT_NEXT]


def test_a_socket_takes_the_honest_payment_once() -> None:
    cable = socket_at_payment_2()

    for _ in range(3):
        cable.say(wire.Payment(SESSION, 0, 2, bytes.fromhex(VECTORS["payment"])))

    assert cable.codes() == []
    assert [each.credited_mwh for each in cable.heard(wire.Receipt)] == [8000, 16_000, 16_000, 16_000]


@pytest.mark.parametrize(
    ("output", "code"),
    [
        (None, ErrorCode.COIN_UNKNOWN),
        (Output(1, COIN_SCRIPT, 1), ErrorCode.COIN_DIFFERS),
        (Output(60_000, COINS[0].script, 0), ErrorCode.COIN_UNCONFIRMED),
    ],
)
@pytest.mark.parametrize("moment", ["declared", "paid"])
def test_a_socket_refuses_coins_that_the_ledger_has_otherwise(
    output: Output | None, code: ErrorCode, moment: str
) -> None:
    cable = socket_at_payment_2() if moment == "paid" else Alone(World(coins=COINS), "socket")
    cable.world.ledger.unspent.pop(COINS[0].outpoint)
    if output is not None:
        cable.world.ledger.unspent[COINS[0].outpoint] = output

    if moment == "paid":
        cable.say(wire.Payment(SESSION, 0, 2, bytes.fromhex(VECTORS["payment"])))
    else:
        cable.say(hello())
        cable.say(funding())

    assert cable.codes() == [code]


def test_a_socket_refuses_what_its_node_refuses() -> None:
    cable = socket_at_payment_2()
    cable.world.ledger.refusal = "min relay fee not met"

    cable.say(wire.Payment(SESSION, 0, 2, bytes.fromhex(VECTORS["payment"])))

    assert cable.codes() == [ErrorCode.LEDGER_REFUSED]
    assert cable.world.socket.state is SellerState.SETTLING


def test_a_socket_whose_ledger_is_silent_sells_nothing_and_settles_when_it_answers() -> None:
    cable = socket_at_payment_2()
    cable.world.ledger.silent = True

    cable.world.run(cable.world.now + 1.0)
    cable.say(hello(), session=bytes(8))

    assert cable.codes() == [ErrorCode.LEDGER_UNAVAILABLE] * 2
    assert not cable.world.contact
    cable.world.ledger.silent = False
    cable.world.run(cable.world.now + 3.0)
    assert cable.world.reasons() == [CloseReason.REFUSED]
    assert len(cable.world.ledger.sent) == 1


def test_a_socket_sees_another_spend_of_the_coins_while_power_flows() -> None:
    cable = socket_at_payment_2()
    cable.world.ledger.spenders[COINS[0].outpoint] = "ab" * 32
    del cable.world.ledger.unspent[COINS[0].outpoint]

    cable.world.run(cable.world.now + 0.5)

    assert cable.codes() == [ErrorCode.CONFLICT]
    assert not cable.world.contact
    assert cable.heard(wire.Close)[-1].txid == b""


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (hello(modes=(Mode.PER_PAYMENT,)), ErrorCode.UNSUITABLE),
        (hello(network=Network.MAINNET), ErrorCode.UNSUITABLE),
        (wire.Meter(SESSION, 0, 1), ErrorCode.UNKNOWN_SESSION),
        (wire.Close(SESSION, 0, CloseReason.FAULT, 0, b""), None),
        (wire.Error(SESSION, 0, ErrorCode.MALFORMED, ""), None),
    ],
)
def test_an_idle_socket_answers_what_is_for_no_session(message: wire.Message, code: ErrorCode | None) -> None:
    cable = Alone(World(coins=COINS), "socket")

    cable.say(message)

    assert cable.codes() == [code] * (code is not None)
    assert all(each.sequence == 0 for each in cable.heard(wire.Error))


def test_a_socket_refuses_the_id_of_a_past_session() -> None:
    cable = Alone(World(coins=COINS), "socket")
    cable.say(hello())
    cable.say(wire.Close(SESSION, 0, CloseReason.FAULT, 0, b""))

    cable.say(hello())

    assert cable.codes() == [ErrorCode.SESSION_REUSED]


def test_a_socket_answers_what_is_not_for_it_and_goes_on() -> None:
    cable = socket_at_payment_2()

    cable.say(wire.Receipt(SESSION, 0, 1, 1))
    cable.say(wire.Funding(SESSION, 0, COINS[:1], COIN_SCRIPT, 5))
    cable.world.inject("socket", frame(b"\x00"))
    cable.world.inject("socket", frame(bytes.fromhex("86014801020304050607080002810103")))

    unexpected, malformed = ErrorCode.UNEXPECTED, ErrorCode.MALFORMED
    assert cable.codes() == [unexpected, unexpected, malformed, ErrorCode.UNSUPPORTED_VERSION]
    assert cable.world.contact


def test_a_socket_whose_meter_or_contact_fails_answers_nobody() -> None:
    cable = socket_at_payment_2()

    cable.world.socket._seller.on_fault(cable.world.now)
    cable.world.socket.on_time(cable.world.now)
    said = len(cable.world.messages)
    cable.say(hello(), session=bytes(8))

    assert cable.world.reasons() == [CloseReason.FAULT]
    assert len(cable.world.messages) == said


def test_every_code_is_said_by_some_test_of_this_file() -> None:
    of_vectors = {case["code"] for cases in REFUSED.values() for case in cases}
    of_tests = {
        "MALFORMED", "UNSUPPORTED_VERSION", "UNEXPECTED", "UNKNOWN_SESSION", "SESSION_REUSED", "UNSUITABLE",
        "COIN_UNKNOWN", "COIN_DIFFERS", "COIN_UNCONFIRMED", "RECEIPT_SHORT", "CONFLICT", "LEDGER_UNAVAILABLE",
        "LEDGER_REFUSED", "NOT_NEXT",
    }  # fmt: skip

    assert set(ErrorCode.__members__) - of_vectors - of_tests == set()


def test_a_payment_that_the_ledger_has_already_is_taken() -> None:
    cable = socket_at_payment_2()
    cable.world.ledger.spend(bytes.fromhex(VECTORS["payment"]))

    cable.say(wire.Payment(SESSION, 0, 2, bytes.fromhex(VECTORS["payment"])))

    assert cable.codes() == []
    assert cable.heard(wire.Receipt)[-1].n == 2

"""For each Then step a scenario in which the device under test violates it badly; each must be a *fail*, nothing else.

``python -m hil.tests.acceptance.violations`` fails if a Then step of the catalogue has no entry here (``make lint``).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from hil.bdd.language.catalogue import Catalogue, load_catalogue
from hil.tests.acceptance.seeded_violations import CABLE, ON, SEEDED, SOCKET, TWO

WELDED = f"{ON}\nAnd the socket's own contact welds shut, as a seeded fault"
ATTACKED = f"{ON}\nAnd the cable spends its coins elsewhere with a higher fee"


def _sold(then: str) -> str:
    """Return a scenario with an honest session of two payments, of which something else is demanded."""
    return f"{SOCKET}\n{TWO}\nThen {then}"


def _welded(given: str, when: str, then: str) -> str:
    """Return a scenario in which the socket cannot cut its power."""
    return f"{SOCKET}\n{given}{WELDED}\n{when}Then {then}"


VIOLATED: Mapping[str, str] = {
    "the {device} answers as the catalogue demands, within its time": _welded(
        "And the cable will underpay-half\n",
        "And the counterpart has cheated\n",
        "the socket answers as the catalogue demands, within its time",
    ),
    "the {device} loses no more than the catalogue allows": _welded(
        "And the cable will underpay-half\n",
        "And the counterpart has cheated\nAnd 60 s have passed\n",
        "the socket loses no more than the catalogue allows",
    ),
    "the power was cut within {duration} of the seeded fault": _welded(
        "", "And 60 s have passed\n", "the power was cut within 1 s of the seeded fault"
    ),
    "the console of the {device} says {string} within {duration} of the seeded fault": (
        f"{SOCKET}\n{ON}\nAnd the storage of the socket is full, as a seeded fault\n"
        'Then the console of the socket says "all is lost" within 1 s of the seeded fault'
    ),
    "{int} session/sessions began": _sold("5 sessions began"),
    "power flowed again within {duration} of the restored supply": (
        f"{SOCKET}\n{ON}\nAnd the supply of the socket fails for 3 s\n"
        "Then power flowed again within 2 s of the restored supply"
    ),
    "the console of the {device} says {string} within {duration} of the attack": (
        f'{SOCKET}\n{ATTACKED}\nThen the console of the socket says "all is lost" within 1 s of the attack'
    ),
    "the power was cut within {duration} of the attack": _welded(
        "",
        "And the cable spends its coins elsewhere with a higher fee\n",
        "the power was cut within 1 s of the attack",
    ),
    "the socket lost at most {amount}": f"{SOCKET}\n{ATTACKED}\nThen the socket lost at most 100 sat",
    "the socket had its payment on the ledger again within {duration} of the relief": (
        f"{SOCKET}\n{ATTACKED}\nThen the socket had its payment on the ledger again within 5 s of the relief"
    ),
    "the socket reports {error_code} within {duration} of the attack": (
        f"{SOCKET}\n{ATTACKED}\nThen the socket reports PREMATURE within 1 s of the attack"
    ),
    "someone on the line received {amount} in all": _sold("someone on the line received 9 sat in all"),
    "the {device} gave the other side up within {duration}": (
        f"{SOCKET}\n{ON}\nAnd the link is interrupted for 20 s\nThen the socket gave the other side up within 5 s"
    ),
    "the power was cut within {duration} of the failure of the link": _welded(
        "", "And the link is interrupted for 60 s\n", "the power was cut within 10 s of the failure of the link"
    ),
    "the power was never cut while more than {energy} of credit was left": (
        f"{SOCKET}\n{ON}\nAnd the supply of the socket fails for 3 s\n"
        "Then the power was never cut while more than 1 Wh of credit was left"
    ),
    "power flowed again within {duration} of the restored mains": (
        f"{SOCKET}\n{ON}\nAnd the mains are lost for 3 s\nThen power flowed again within 2 s of the restored mains"
    ),
    "the outlet was dead within {duration} of the unplugging": _welded(
        "", "And the cable is pulled out of the socket\n", "the outlet was dead within 500 ms of the unplugging"
    ),
    "{int} payment/payments of {amount} was/were accepted": _sold("1 payment of 0.1 mBTC was accepted"),
    "the ledger holds {int} transaction/transactions with one fee each": _sold(
        "the ledger holds 0 transactions with one fee each"
    ),
    "the newest valid transaction was broadcast and confirms": (
        f"{SOCKET}\n{ON}\nThen the newest valid transaction was broadcast and confirms"
    ),
    "the socket received {amount} in all": _sold("the socket received 0.1 mBTC in all"),
    "the first payment was accepted within {duration} of power-on": (
        f"{SOCKET}\nAnd the device under test needs 20 s longer to start, as a seeded defect\n{ON}\n"
        "Then the first payment was accepted within 20 s of power-on"
    ),
    "the first payment was accepted later than {duration} after power-on": _sold(
        "the first payment was accepted later than 60 s after power-on"
    ),
    "the socket asked for {int} payment/payments": _sold("the socket asked for 1 payment"),
    "the cable signed {int} payment/payments": f"{CABLE}\n{TWO}\nThen the cable signed 1 payment",
    "the {device} reports {error_code}": _sold("the socket reports CONFLICT"),
    "the energy delivered is {energy} within {percent}": _sold("the energy delivered is 4 Wh within 1 %"),
    "at most {energy} flowed unpaid": _welded(
        "And the cable does not pay from the second payment on\n",
        "And 90 s have passed\n",
        "at most 0.1 Wh flowed unpaid",
    ),
    "no power flowed": _sold("no power flowed"),
    "the power was never interrupted before the credit was spent": (
        f"{SOCKET}\n{ON}\nAnd the supply of the socket fails for 3 s\nAnd power flows again\n"
        "Then the power was never interrupted before the credit was spent"
    ),
    "the socket's contact was never open for longer than {duration} before the credit was spent": (
        f"{SOCKET}\n{ON}\n"
        "And the socket's own contact opens by itself for 20 ms every three seconds, as a seeded fault\n"
        "And 10 s have passed\n"
        "Then the socket's contact was never open for longer than 5 ms before the credit was spent"
    ),
    "the highest power was between {power} and {power}": _sold("the highest power was between 1240 W and 1250 W"),
    "the power was cut within {duration} of the refused payment": _welded(
        "And the cable underpays by 1 sat from the second payment on\n",
        "And the session has ended\n",
        "the power was cut within 500 ms of the refused payment",
    ),
    "power flowed within {duration} of the first payment": (
        f"{SOCKET}\nWhen the devices are switched on\n"
        "And the socket's own contact ignores its coil, as a seeded fault\n"
        "And the first payment has been accepted\nThen power flowed within 3 s of the first payment"
    ),
    "the device under test answered every question within {duration}": _sold(
        "the device under test answered every question within 1 ms"
    ),
    "the session was set up within {duration}": _sold("the session was set up within 10 ms"),
    "each further payment was asked for with {energy} to {energy} of credit left": _sold(
        "each further payment was asked for with 7 Wh to 8 Wh of credit left"
    ),
    "the socket reports {energy} to {energy} of credit left at each further request": _sold(
        "the socket reports 7 Wh to 8 Wh of credit left at each further request"
    ),
    "the payments were asked for at least {duration} apart": _sold("the payments were asked for at least 23 s apart"),
    "the energy that flowed back was {energy} within {percent}": (
        f"{SOCKET.partition(chr(10))[0]}\nAnd a solar inverter of 400 W is plugged into the cable\n{ON}\n"
        "And 60 s have passed\nThen the energy that flowed back was 50 Wh within 1 %"
    ),
    "at most {energy} flowed back": (
        f"{SOCKET.partition(chr(10))[0]}\nAnd a solar inverter of 400 W is plugged into the cable\n{ON}\n"
        "And 60 s have passed\nThen at most 0.1 Wh flowed back"
    ),
    "the power factor was between {number} and {number}": _sold("the power factor was between 0.9 and 0.96"),
    "the device under test closes the session as {word}": _sold("the device under test closes the session as FAULT"),
}
"""By the words of the step. Where no contact and no meter fails it is an honest device of which something else is
demanded than it does.
"""


WITHOUT: Mapping[str, str] = {
    "the program of the {device} grew by at most {memory}, {int} descriptors and {int} threads": (
        "no device of the virtual rig is a program: c-socket-leaks-memory in fixtures/data/defects violates it"
    ),
    "the bench blames the {bench_part} within {duration}": "the bench's check on itself: no device can violate it",
    "at least {int} message/messages was/were {damage}": "the bench's check on itself: the fault did happen",
    "the operator confirms {string} within {duration}": (
        "no person can be asked in virtual time: test_operator.py has one who says no, in real time"
    ),
    "at least {int} message/messages was/were lost": "the bench's check on itself: the fault did happen",
}
"""Steps that no device violates, and why."""


def missing(catalogue: Catalogue) -> list[str]:
    """Return the Then steps that have no entry under any of their wordings."""
    wordings: dict[object, list[str]] = {}
    for each in catalogue.definitions:
        if each.keyword == "then":
            wordings.setdefault(each.function, []).append(each.expression.source)
    listed = {*VIOLATED, *(each.step for each in SEEDED), *WITHOUT}
    return [words[0] for words in wordings.values() if listed.isdisjoint(words)]


def feature(scenarios: Iterable[str]) -> str:
    """Return a feature file with these scenarios."""
    lines = ["Feature: Devices that violate each step badly"]
    for number, text in enumerate(scenarios, start=1):
        lines += ["", f"  Scenario: Violation {number}", *(f"    {line}" for line in text.split("\n"))]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Name the Then steps without an entry."""
    found = missing(load_catalogue())
    for words in found:
        sys.stderr.write(f"hil/tests/acceptance/violations.py: no device violates the step 'Then {words}'\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

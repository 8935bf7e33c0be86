"""What a step says of the other steps of its scenario: what it brings about, what it needs to have happened before.

Below ``@given``, ``@when`` or ``@then`` stands, as far as it applies::

    @brings(Cause.MAINS_BACK)         it happens by this step
    @follows(Cause.MAINS_BACK)        the step is about that: without it there is nothing to wait for or to judge
    @ends(Cause.CABLE_OUT)            the same, and it is over by this step
    @not_while(Cause.CABLE_OUT)       the step waits for what cannot happen meanwhile
    @once("the appliance")            a scenario says this once: the second time would silently replace the first

``{0}`` in a fact, and in the words of a cause, stands for the first value of the step.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

F = TypeVar("F", bound=Callable[..., object])

_FACTS = "facts"
_ONCE = "once"


class Cause(enum.Enum):
    """What can happen in a scenario: in words, and a step by which it does."""

    CABLE_CHEATS = ("the cable cheats", "Given the cable underpays by 1 sat from the third payment on")
    SOCKET_CHEATS = ("the socket cheats", "Given the socket asks for 1 sat too much from the third payment on")
    OF_CATALOGUE = ("the counterpart cheats as the catalogue says", "Given the cable will underpay-one-satoshi")
    FEEDS_BACK = ("a solar inverter feeds back", "Given a solar inverter of 400 W is plugged into the cable")
    LINK_FAILS = ("something happens to the link", "When the link is interrupted for 5 s")
    MESSAGE = ("a message is {0}", "When the next PAYMENT to the socket is {0}")
    MAINS_BACK = ("the mains fail and come back", "When the mains are lost for 3 s")
    SUPPLY_BACK = ("a supply fails and comes back", "When the supply of the socket fails for 2 s")
    UNPLUGGED = ("the cable is pulled out", "When the cable is pulled out of the socket")
    CABLE_OUT = ("the cable is out of the socket", "When the cable is pulled out of the socket")
    LOAD_OFF = ("the load is off", "When the load is switched off")
    LEDGER_EVENT = ("something happens on the ledger", "When the node is frozen")
    SEEDED_FAULT = ("a fault is seeded", "When the lab meter freezes, as a seeded fault")
    STORAGE_FAILS = ("the storage of the {0} fails", "When the storage of the {0} is full, as a seeded fault")
    CALENDAR_SETTABLE = ("the calendar of the {0} can be set", "Given the {0} has a calendar that can be set")
    SERVER_LIES = ("the server lies", "Given the server of the ledger withholds-headers")
    NODE_FROZEN = ("the node is frozen", "When the node is frozen")
    NODE_SLOW = ("the node is slow", "When the node takes 300 ms to answer")
    NODE_DOWN = ("the node is down", "When the node is killed")
    NETWORK_CUT = ("the network is cut", "When the network between the nodes is cut")
    MEMPOOL_MONEY = ("somebody can fill the mempool", "Given somebody has the money to fill the mempool")

    def about(self, value: str) -> tuple[str, str]:
        """Return the words and the step, with the value in them that they are about."""
        words, step = self.value
        return words.replace("{0}", value), step.replace("{0}", value)


class Bond(enum.Enum):
    """How a step is bound to a cause."""

    BRINGS = enum.auto()
    FOLLOWS = enum.auto()
    ENDS = enum.auto()
    NOT_WHILE = enum.auto()


class Fact(NamedTuple):
    """How a step is bound to causes; with several, one of them is enough.

    :ivar of: number of the value that the words of the cause are about; None: of none.
    """

    bond: Bond
    causes: tuple[Cause, ...]
    of: int | None

    def keys(self, values: Sequence[str]) -> list[tuple[str, str]]:
        """Return for each cause its words and its example, with the value in it."""
        about = "" if self.of is None else _DAMAGE.get(values[self.of], values[self.of])
        return [cause.about(about) for cause in self.causes]


_DAMAGE = {
    "loses": "dropped",
    "duplicates": "duplicated",
    "reorders": "overtaken",
    "corrupts": "corrupted",
    "truncates": "truncated",
}
"""What becomes of a message by what a link does (hil/scenario/stimuli/link.py)."""


def brings(*causes: Cause, of: int | None = None) -> Callable[[F], F]:
    """Say what happens by a step. :param of: number of the value that it is about, from 0 on."""
    return _fact(Bond.BRINGS, causes, of)


def follows(*causes: Cause, of: int | None = None) -> Callable[[F], F]:
    """Say what must have happened before a step makes sense; one of several is enough."""
    return _fact(Bond.FOLLOWS, causes, of)


def ends(*causes: Cause, of: int | None = None) -> Callable[[F], F]:
    """Say what a step ends, which must have begun before."""
    return _fact(Bond.ENDS, causes, of)


def not_while(*causes: Cause, of: int | None = None) -> Callable[[F], F]:
    """Say during what a step cannot work."""
    return _fact(Bond.NOT_WHILE, causes, of)


def once(fact: str) -> Callable[[F], F]:
    """Say what a scenario says once only; other steps may say the same."""

    def mark(function: F) -> F:
        function.__dict__[_ONCE] = fact
        return function

    return mark


def facts_of(function: Callable[..., object]) -> Sequence[Fact]:
    """Return how a step's function is bound to causes: what must be first."""
    facts: list[Fact] = function.__dict__.get(_FACTS, [])
    return sorted(facts, key=lambda fact: fact.bond is Bond.BRINGS)


def said_once(function: Callable[..., object], values: Sequence[str]) -> str:
    """Return what a step says that a scenario says once only; empty if nothing."""
    fact: str = function.__dict__.get(_ONCE, "")
    return fact.format(*values)


def _fact(bond: Bond, causes: tuple[Cause, ...], of: int | None) -> Callable[[F], F]:
    def mark(function: F) -> F:
        function.__dict__.setdefault(_FACTS, []).append(Fact(bond, causes, of))
        return function

    return mark

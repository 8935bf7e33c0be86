"""The catalogue of abuses as data: who cheats, how, what the honest side must do, in what time, and what it may lose.

The rows are in ``abuse_catalogue.yaml``. Steps, tests and the counterpart read the same rows.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from pydantic import Field, model_validator

from hil import yaml_file
from hil.errors import AuthorError
from hil.links.abuses.cable_messages import CABLE_MESSAGE_TRICKS
from hil.links.abuses.flawed import flawed_tricks
from hil.links.abuses.ledger import LEDGER_TRICKS
from hil.links.abuses.line import line_tricks
from hil.links.abuses.model import Trick
from hil.links.abuses.signatures import SIGNATURE_TRICKS
from hil.links.abuses.socket_messages import SOCKET_MESSAGE_TRICKS
from hil.links.abuses.transactions import ALTERATIONS, cable_trick, socket_trick
from hil.protocol.codes import CloseReason, ErrorCode
from hil.protocol.policy import Mode
from hil.protocol.wire.messages import Payment, PaymentRequest
from hil.yaml_file import Strict

FILE = "abuse_catalogue.yaml"
MODES = tuple(mode.label for mode in Mode)

TRICKS: Mapping[str, Mapping[str, Trick]] = MappingProxyType(
    {
        "cable": {
            **{name: cable_trick(alter) for name, alter in ALTERATIONS.items()},
            **SIGNATURE_TRICKS,
            **CABLE_MESSAGE_TRICKS,
            **LEDGER_TRICKS,
            **line_tricks(Payment),
            **flawed_tricks(Payment),
        },
        "socket": {
            **{name: socket_trick(alter) for name, alter in ALTERATIONS.items()},
            **SOCKET_MESSAGE_TRICKS,
            **line_tricks(PaymentRequest),
            **flawed_tricks(PaymentRequest),
        },
    }
)
"""What each side can do, by name."""


class Must(enum.StrEnum):
    """What the honest side must do."""

    REFUSE = "refuse"
    """ERROR with the code; the contact opens; what was rightly paid is settled."""
    TURN_AWAY = "turn-away"
    """ERROR with the code; there is no session, or none any more, and no power."""
    OBJECT = "object"
    """ERROR with the code; the session goes on."""
    GO_ON = "go-on"
    """Nothing of it: the next payment is made and credited as if nothing had happened."""
    CLOSE = "close"
    """CLOSE with the reason; the contact is open."""
    HOLD = "hold"
    """Pay nothing more, for as long as it is watched."""


class Needs(enum.StrEnum):
    """What it takes besides the line."""

    NOTHING = ""
    LEDGER = "ledger"
    """The counterpart broadcasts transactions of its own."""
    CHAIN = "chain"
    """A miner, a second node, or a node with other settings."""
    BENCH = "bench"
    """Relays, or a second device."""


class AbuseRow(Strict):
    """One row. Times in seconds, energies in milliwatt-hours, amounts in satoshi."""

    id: str = Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")
    """Verb first, as it stands in ``Given the cable will …``."""
    who: str
    """Who cheats: ``cable`` or ``socket``; the other is the device under test."""
    how: str
    """What the counterpart does, in words."""
    trick: str = ""
    """Which trick of :data:`TRICKS` does it; empty if it takes more than a counterpart."""
    amount: int = 0
    """What the trick is done with: satoshi, a version, a count …, see the trick."""
    from_payment: int = Field(default=2, ge=0)
    """Number of the payment from which on it cheats; 0: from the first message."""
    must: Must = Must.REFUSE
    codes: tuple[str, ...] = ()
    """Error codes, or for ``close`` reasons; one of them is told. Two can race each other."""
    within_s: float = Field(default=0.0, ge=0)
    """From the abuse to the answer; ``hold``: watched for as long."""
    loses_mwh: int | None = None
    """A socket: energy delivered and not paid for, at most."""
    loses_sat: int | None = None
    """A cable: signed away and not delivered, at most."""
    modes: tuple[str, ...] = MODES
    source: str
    needs: Needs = Needs.NOTHING
    note: str = ""
    coins: int = Field(default=1, ge=1, le=16)
    """How many coins the cable has."""
    funds_sat: int | None = None
    """What each of them is worth, where it matters."""
    max_payments: int | None = None
    """The cable's budget, where it matters."""

    @property
    def executable(self) -> bool:
        """Tell whether a counterpart can do it alone."""
        return bool(self.trick)

    @property
    def device(self) -> str:
        """Who is under test."""
        return "socket" if self.who == "cable" else "cable"

    @property
    def mode(self) -> str:
        """The mode in which a scenario shows it."""
        return self.modes[0]

    @property
    def power_flows(self) -> bool:
        """Tell whether power flows when it happens."""
        return self.from_payment >= 2

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, row: Any) -> Any:
        """Fill in what follows from the reaction: the times of SPEC, "Timers and limits", and the losses there."""
        if (
            not isinstance(row, Mapping)
            or row.get("who") not in TRICKS
            or row.get("must", Must.REFUSE) not in set(Must)
        ):
            return row  # what is wrong with it is told with its place
        must = Must(row.get("must", Must.REFUSE))
        times = {Must.TURN_AWAY: 2.0, Must.OBJECT: 2.0, Must.GO_ON: 2.0}
        losses: dict[str, int] = {"loses_mwh": 100} if row["who"] == "cable" else {"loses_sat": 2625}
        if row["who"] == "socket" and must in {Must.TURN_AWAY, Must.OBJECT, Must.GO_ON}:
            # where the session goes on, the newest payment may not be used at all yet
            losses = {"loses_sat": 0 if must is Must.TURN_AWAY else 12_625}
        return {"within_s": times.get(must, 0.5), **losses, **row}

    @model_validator(mode="after")
    def _fits_together(self) -> AbuseRow:
        names = CloseReason.__members__ if self.must is Must.CLOSE else ErrorCode.__members__
        wrong = [code for code in self.codes if code not in names]
        if wrong:
            raise ValueError(f"{self.id}: {', '.join(wrong)} is no code of its kind")
        if bool(self.codes) is (self.must in {Must.GO_ON, Must.HOLD}):
            raise ValueError(f"{self.id}: '{self.must}' and codes {self.codes} do not go together")
        if self.executable is (self.needs in {Needs.CHAIN, Needs.BENCH}):
            raise ValueError(f"{self.id}: either a counterpart does it by a trick, or it needs the chain or the bench")
        if self.trick and self.trick not in TRICKS[self.who]:
            raise ValueError(f"{self.id}: '{self.trick}' is no trick of a {self.who}")
        if not self.executable and not self.note:
            raise ValueError(f"{self.id}: what cannot be done here has a note that says why")
        if not set(self.modes) <= set(MODES):
            raise ValueError(f"{self.id}: modes are {', '.join(MODES)}")
        return self


class AbuseCatalogue(Strict):
    """The file: rows by who cheats."""

    cable: tuple[AbuseRow, ...]
    socket: tuple[AbuseRow, ...]

    @model_validator(mode="before")
    @classmethod
    def _say_who(cls, document: Any) -> Any:
        return {
            who: [{"who": who, **row} if isinstance(row, Mapping) else row for row in rows]
            if isinstance(rows, list)
            else rows
            for who, rows in document.items()
        }

    @model_validator(mode="after")
    def _each_once(self) -> AbuseCatalogue:
        ids = Counter(row.id for row in (*self.cable, *self.socket))
        if twice := sorted(id_ for id_, count in ids.items() if count > 1):
            raise ValueError(f"more than one row has the id {', '.join(twice)}")
        return self


@cache
def catalogue() -> Mapping[str, AbuseRow]:
    """Return all rows by id, cables first; raises ConfigurationError that lists every mistake with its place."""
    text = resources.files("hil.links.abuses").joinpath(FILE).read_text(encoding="utf-8")
    read = yaml_file.build(AbuseCatalogue, yaml_file.parse(text, FILE), FILE)
    return MappingProxyType({row.id: row for row in (*read.cable, *read.socket)})


def executable_by(who: str, abuse: str) -> AbuseRow:
    """Return the row of an abuse that a counterpart in the role of ``who`` can carry out.

    Raises AuthorError for an unknown id (with the nearest), one of the other side, or one that takes more than that.
    """
    rows = catalogue()
    row = rows.get(abuse)
    own = [each.id for each in rows.values() if each.who == who and each.executable]
    if row is None:
        near = get_close_matches(abuse, own, n=3, cutoff=0.4)
        hint = f"; the nearest are {', '.join(near)}" if near else ""
        raise AuthorError(
            f"'{abuse}' is no abuse of the catalogue{hint}", remedy=f"All are in hil/links/abuses/{FILE}."
        )
    if row.who != who:
        raise AuthorError(f"'{abuse}' is how a {row.who} cheats, not a {who}")
    if not row.executable:
        raise AuthorError(f"a counterpart cannot '{abuse}': it needs the {row.needs}. {row.note}")
    return row

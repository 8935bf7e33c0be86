"""The parameter types that steps may have; a laboratory adds its own by hil/bdd/language/own_parameters.py.

The official Cucumber language server reads this file too, as plain text: it takes each call with ``name=`` and
``regexp=`` for a parameter type. Hence each regular expression is one plain string without a backslash, and ``int``,
``word`` and ``string``, which Cucumber has itself, are written without these names. No expression holds a capture
group, so that the groups of a compiled step are its parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hil import units
from hil.errors import AuthorError, ConfigurationError, nearest
from hil.plugins.groups import LEDGER_VIEWS
from hil.plugins.registry import find, names
from hil.protocol.codes import ErrorCode
from hil.units import Dimension


@dataclass(frozen=True)
class Parameter:
    """A parameter type: what it matches, how it is read, and an example of it."""

    name: str
    regexp: str
    read: Callable[[str], object]
    """Returns the value; raises AuthorError that says what is wrong and what is allowed."""
    example: str
    choices: Callable[[], Sequence[str]] = tuple
    """Returns all texts that it may be, if it is one of a list; else nothing."""


def _quantity(*, name: str, regexp: str, example: str) -> Parameter:
    """Return a parameter that is a number in the base unit of the dimension ``name``."""
    dimension = Dimension(name)
    return Parameter(name, regexp, lambda text: float(units.parse(text, dimension)), example)


def _choice(*, name: str, regexp: str) -> Parameter:
    """Return a parameter that is one of the words of ``regexp``."""
    words = regexp.split("|")

    def read(text: str) -> str:
        if text not in words:
            raise AuthorError(f"'{text}' is not a {name}{nearest(text, words)}")
        return text

    return Parameter(name, regexp, read, words[0], lambda: words)


def _whole(dimension: Dimension) -> Callable[[str], int]:
    """Return a reader of whole numbers of the dimension's only unit."""
    (unit,) = units.UNITS[dimension]

    def read(text: str) -> int:
        value = units.parse(text, dimension)
        if value != value.to_integral_value():
            raise AuthorError(f"'{text}' is not a whole number of {unit}")
        return int(value)

    return read


HIGHEST_ORDINAL = 65_535
"""A session has no more payments: they are counted with 16 bits (SPEC, "OFFER")."""

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def _read_ordinal(text: str) -> int:
    if text in ORDINALS:
        return ORDINALS.index(text) + 1
    match = re.fullmatch("0*([0-9]{1,5})(st|nd|rd|th)", text)
    number = int(match[1]) if match else 0
    if not 1 <= number <= HIGHEST_ORDINAL:
        shown = f"{text[:20]}…" if len(text) > 20 else text
        what = (
            f"'{shown}' is not an ordinal; write first to tenth, or 1st, 2nd, 3rd, 4th and so on to {HIGHEST_ORDINAL}th"
        )
        raise AuthorError(what)
    return number


def _read_int(text: str) -> int:
    if wrong := units.badly_written(text):
        raise AuthorError(wrong)
    if not re.fullmatch("-?[0-9]+", text):
        raise AuthorError(f"'{text}' is not a whole number")
    return int(text)


def _read_number(text: str) -> float:
    if wrong := units.badly_written(text):
        raise AuthorError(wrong)
    if not re.fullmatch(r"-?[0-9]+(?:[.][0-9]+)?", text):
        raise AuthorError(f"'{text}' is not a number; write it as 0.5")
    return float(text)


def _read_word(text: str) -> str:
    if re.search(r"\s", text):
        raise AuthorError(f"'{text}' is more than one word")
    return text


def _read_string(text: str) -> str:
    if len(text) < 2 or text[0] not in "\"'" or text[-1] != text[0]:
        raise AuthorError(f'{text} stands without quotation marks; write "{text}"')
    return text[1:-1].replace('\\"', '"').replace("\\'", "'")


_STRING = r""""[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*'"""


def _read_error_code(text: str) -> str:
    if text not in ErrorCode.__members__:
        raise AuthorError(
            f"'{text}' is no error code of the protocol{nearest(text, ErrorCode.__members__)}",
            remedy="hil steps --types error_code lists them",
        )
    return text


def _read_ledger_view(text: str) -> str:
    try:
        return find(LEDGER_VIEWS, text).name
    except ConfigurationError as error:
        raise AuthorError(error.what, place=error.place, remedy=error.remedy) from None


# These bring half of the rig with them, which is loaded when a step asks for it.
def _read_load_profile(text: str) -> object:
    from hil.scenario.load_profiles import read_profile

    return read_profile(text)


def _load_profiles() -> Sequence[str]:
    from hil.scenario.load_profiles import profile_names

    return profile_names()


def _read_abuse(who: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        from hil.scenario.abuse_plan import read_abuse

        return read_abuse(who)(text)

    return read


def _abuses(who: str) -> Callable[[], Sequence[str]]:
    def choices() -> Sequence[str]:
        from hil.scenario.abuse_plan import abuses_of

        return abuses_of(who)()

    return choices


_LISTED = (
    _quantity(name="power", regexp="[+-]?[0-9]+(?:[.][0-9]+)? ?(?:W|kW|mW)", example="1300 W"),
    _quantity(name="energy", regexp="[+-]?[0-9]+(?:[.][0-9]+)? ?(?:Wh|kWh|mWh)", example="8 Wh"),
    _quantity(name="duration", regexp="[+-]?[0-9]+(?:[.][0-9]+)? ?(?:s|ms|min|h)", example="500 ms"),
    _quantity(name="voltage", regexp="[+-]?[0-9]+(?:[.][0-9]+)? ?(?:V|mV)", example="230 V"),
    _quantity(name="current", regexp="[+-]?[0-9]+(?:[.][0-9]+)? ?(?:A|mA)", example="5.65 A"),
    _quantity(name="resistance", regexp="[+-]?[0-9]+(?:[.][0-9]+)? ?(?:ohm)", example="40 ohm"),
    _quantity(name="percent", regexp="[+-]?[0-9]+(?:[.][0-9]+)? ?(?:%)", example="2 %"),
    _quantity(name="memory", regexp="[+-]?[0-9]+(?:[.][0-9]+)? ?(?:MiB|KiB)", example="1 MiB"),
    Parameter(
        name="amount",
        regexp="[+-]?[0-9]+(?:[.][0-9]+)? ?(?:sat|mBTC|BTC)",
        read=units.parse_satoshi,
        example="10000 sat",
    ),
    Parameter(
        name="tariff",
        regexp="[+-]?[0-9]+(?:[.][0-9]+)? ?(?:sat/Wh)",
        read=_whole(Dimension.TARIFF),
        example="1250 sat/Wh",
    ),
    _choice(name="device", regexp="socket|cable"),
    _choice(name="mode", regexp="single-fee|per-payment"),
    # the name of a plug-in of hil.ledger_views, or what was meant to be one
    Parameter(
        name="ledger_view",
        regexp="[A-Za-z0-9_.+-]+",
        read=_read_ledger_view,
        example="node",
        choices=lambda: names(LEDGER_VIEWS),
    ),
    # those of hil/scenario/stimuli/ledger.py
    _choice(
        name="lie",
        # one string: editors read it from here
        regexp="forges-confirmations|forges-confirmations-and-proofs|withholds-headers|drops-broadcasts|refuses-for-the-mempool-fee|refuses-for-the-relay-fee|refuses-for-a-full-mempool|refuses-for-a-long-chain",
    ),
    # those of hil/scenario/stimuli/link.py
    _choice(name="message", regexp="HELLO|OFFER|FUNDING|PAYMENT_REQUEST|PAYMENT|RECEIPT|METER|CLOSE|ERROR"),
    _choice(name="way", regexp="to the socket|to the cable"),
    _choice(name="damage", regexp="dropped|duplicated|overtaken|corrupted|truncated"),
    _choice(name="link_verb", regexp="loses|duplicates|reorders|corrupts|truncates"),
    _choice(name="moment", regexp="before|after"),
    # those of hil/links/abuses/forgery.py
    _choice(name="redirected", regexp="payee|change"),
    _choice(
        name="invention",
        regexp="CLOSE|ERROR|HELLO of this session|HELLO of another network|HELLO|METER far ahead|METER of 5 Wh",
    ),
    _choice(name="coin_type", regexp="P2WPKH|P2PKH|both kinds"),
    # those of hil/scenario/plan.py
    _choice(name="life", regexp="without a restart|after a restart|with another cable"),
    Parameter(
        name="error_code",
        regexp="[A-Z][A-Z_]+",
        read=_read_error_code,
        example="UNDERPAID",
        choices=lambda: list(ErrorCode.__members__),
    ),
    _choice(name="relay", regexp="K1|K2|K3|K4"),
    # those of hil/scenario/stimuli/bench.py
    _choice(name="instrument", regexp="lab meter|load"),
    _choice(name="relay_fault", regexp="welds shut|ignores its coil"),
    _choice(name="storage_fault", regexp="full|read-only|torn in its newest file|torn in every file"),
    _choice(name="own_meter_fault", regexp="falls silent|stands still|steps back by 1 Wh"),
    _choice(name="instrument_fault", regexp="freezes|hangs|answers garbage|loses its connection"),
    _choice(name="bench_part", regexp="lab meter|load|relay K1|relay K2|relay K3|relay K4"),
    Parameter(
        name="ordinal",
        regexp="first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|[0-9]+(?:st|nd|rd|th)",
        read=_read_ordinal,
        example="third",
        choices=lambda: ORDINALS,
    ),
    # an id of hil/links/abuses/abuse_catalogue.yaml, or what was meant to be one
    Parameter(
        name="cable_abuse",
        regexp="[a-z0-9]+(?:-[a-z0-9]+)*",
        read=_read_abuse("cable"),
        example="underpay-one-satoshi",
        choices=_abuses("cable"),
    ),
    Parameter(
        name="socket_abuse",
        regexp="[a-z0-9]+(?:-[a-z0-9]+)*",
        read=_read_abuse("socket"),
        example="overcharge-one-satoshi",
        choices=_abuses("socket"),
    ),
    # the name of a load profile (hil/scenario/load_profiles.py), or what was meant to be one
    Parameter(
        name="load_profile",
        regexp="[a-z0-9]+(?:-[a-z0-9]+)*",
        read=_read_load_profile,
        example="kettle",
        choices=_load_profiles,
    ),
    Parameter("int", "-?[0-9]+", _read_int, "5"),
    Parameter(name="number", regexp="-?[0-9]+(?:[.][0-9]+)?", read=_read_number, example="0.5"),
    Parameter("word", r"[^\s]+", _read_word, "word"),
    Parameter("string", _STRING, _read_string, '"text"'),
)

PARAMETERS = {parameter.name: parameter for parameter in _LISTED}
"""All parameter types by name: these, and those of the laboratory whose steps were loaded."""

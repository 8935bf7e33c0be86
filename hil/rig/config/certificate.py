"""What the rig file says of a meter's certificate, in the laboratory's own words: read, or refused."""

from __future__ import annotations

import re
from typing import NamedTuple

from hil.errors import AuthorError
from hil.evidence.uncertainty import LEAST_COVERAGE, MOST_COVERAGE
from hil.units import NUMBER, Dimension, parse

ALLOWED = "a part of the reading, a power, or both: '0.03 %', '0.2 W', '0.03 % + 0.2 W'; and with it its k: '(k = 2)'"
"""What ``uncertainty`` of an instrument may say."""

_K = re.compile(rf"\s*[,;(]?\s*k\s*=\s*(?P<k>{NUMBER})\s*\)?\s*$")


class Uncertainty(NamedTuple):
    """``of_reading`` as a fraction, ``constant`` in W, and k as far as the text tells it."""

    of_reading: float
    constant: float
    k: float | None


def read_uncertainty(text: str) -> Uncertainty:
    """Return what a certificate's uncertainty says; raises ValueError if it is none that could be reckoned with."""
    stated = _K.search(text)
    terms = (text[: stated.start()] if stated else text).split("+")
    parts: dict[Dimension, float] = {}
    for term in terms:
        bare = re.sub(r"(of\s+(the\s+)?reading|rdg\.?)\s*$", "", term).strip().removeprefix("±").strip()
        dimension = Dimension.PERCENT if bare.endswith("%") else Dimension.POWER
        try:
            amount = float(parse(bare, dimension))
        except AuthorError:
            raise ValueError(f"'{text}' cannot be reckoned with; allowed is {ALLOWED}") from None
        if amount < 0 or dimension in parts:
            raise ValueError(f"'{text}' cannot be reckoned with; allowed is {ALLOWED}")
        parts[dimension] = amount
    k = float(stated["k"]) if stated else None
    if k is not None and not LEAST_COVERAGE <= k <= MOST_COVERAGE:
        raise ValueError(f"'{text}': a coverage factor k is from {LEAST_COVERAGE:g} to {MOST_COVERAGE:g}")
    return Uncertainty(parts.get(Dimension.PERCENT, 0.0) / 100, parts.get(Dimension.POWER, 0.0), k)


def readable_uncertainty(text: str) -> str:
    """Return ``text`` as it is; raises ValueError for one that :func:`read_uncertainty` refuses."""
    read_uncertainty(text)
    return text


def stated_uncertainty(text: str) -> str:
    """Return ``text`` as it is; raises ValueError for one that is refused, or zero: no calibration is without U."""
    found = read_uncertainty(text)
    if found.of_reading == found.constant == 0:
        raise ValueError(f"'{text}': an uncertainty is above zero; allowed is {ALLOWED}")
    return text

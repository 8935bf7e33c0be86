"""Addresses and nonces that must not be used twice, and secrets that must not be told."""

from __future__ import annotations

from hil.testing import Check, Limit, Observer, Source, counted, feature, needs, tells, then
from hil.testing.feasibility import Course
from hil.testing.measurements import privacy

NONE = Limit("count", high=0)


@then("no receiving address was offered twice")
def fresh_addresses() -> Check:
    """Over all sessions of the scenario."""
    return counted("receiving addresses offered twice", NONE, privacy.repeated_addresses, Source.LINE)


@then("no change address was declared twice")
def fresh_change() -> Check:
    """Over all sessions of the scenario."""
    return counted("change addresses declared twice", NONE, privacy.repeated_change, Source.LINE)


@then("no two signatures share a nonce")
def fresh_nonces() -> Check:
    """Over all transactions that passed on the line: two signatures with one nonce give their key away."""
    return counted("nonces used twice", NONE, privacy.repeated_nonces, Source.LINE)


@then("no secret of the {device} was told")
@needs(feature("virtual"))
@tells(Course.must_be_under_test)
def secrets_kept(device: str, /, observer: Observer) -> Check:
    """Neither its seed nor one of its private keys is in a frame, on a console, or elsewhere in the evidence. The check
    needs a virtual bench: the secrets of a real device are not known to the bench.
    """
    observer.refuse_played(device)
    return counted("secrets told", NONE, lambda observer: privacy.secrets_told(observer, device), Source.LINE)

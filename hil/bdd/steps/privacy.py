"""What nobody may see twice, or at all: addresses, nonces, secrets."""

from __future__ import annotations

from hil.bdd.applicability import feature, needs
from hil.bdd.catalogue import then
from hil.evidence.limits import Limit, Measurement, Rule
from hil.scenario.measurements import privacy as privacy_measuring
from hil.scenario.scenario import Trial

NONE = Limit("count", high=0)


@then("no receiving address was offered twice")
def fresh_addresses(trial: Trial) -> None:
    """Over all sessions of the scenario."""
    privacy_measuring.repeated_addresses(trial, Measurement("receiving addresses offered twice", NONE, Rule.EXACT))


@then("no change address was declared twice")
def fresh_change(trial: Trial) -> None:
    """Over all sessions of the scenario."""
    privacy_measuring.repeated_change(trial, Measurement("change addresses declared twice", NONE, Rule.EXACT))


@then("no two signatures share a nonce")
def fresh_nonces(trial: Trial) -> None:
    """Over all transactions that passed on the line: two signatures with one nonce give their key away."""
    privacy_measuring.repeated_nonces(trial, Measurement("nonces used twice", NONE, Rule.EXACT))


@then("no secret of the {device} was told")
@needs(feature("virtual"))
def secrets_kept(device: str, /, trial: Trial) -> None:
    """Neither its seed nor one of its private keys is in a frame, on a console, or elsewhere in the evidence. A real
    device does not tell its secrets to the bench, so that it cannot look for them.
    """
    privacy_measuring.secrets_told(trial, device, Measurement("secrets told", NONE, Rule.EXACT))

"""What the rig file says of each instrument's calibration; one that is not known to hold gives no acceptance."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from hil.clock import utc_now
from hil.errors import ConfigurationError, ExitCode, RigFault
from hil.evidence.uncertainty import COVERAGE
from hil.rig.check.findings import CheckFinding, Level, fault, note, ok
from hil.rig.config.certificate import read_uncertainty

if TYPE_CHECKING:
    from hil.rig.config.calibration.of_instruments import CertificateFile
    from hil.rig.config.parts import InstrumentFacts
    from hil.rig.config.rig_file import RigFile

NONE = "none:"
"""How ``calibration`` begins where there is no certificate; the reason follows."""


def calibration(rig: RigFile, today: date) -> list[CheckFinding]:
    """Return certificate, uncertainty and due date of each instrument; an expired one is a fault."""
    findings = []
    for role in ("meter", "load"):
        part, facts, file = f"{role} calibration", rig.options.instruments.get(role), rig.certificates.get(role)
        if file is not None:
            findings += _of_file(part, file, today)
        if facts is None:
            findings.append(note(part, f"options.rig.instruments says nothing of the {role}"))
        elif facts.due is None:
            findings.append(note(part, f"{facts.calibration}, {stated(facts, file)}; no due date"))
        else:
            findings.append(_due(part, facts.due, f"{facts.calibration}, {stated(facts, file)}", today))
    return findings


def refuse_expired(rig: RigFile, *, virtual: bool = False) -> None:
    """Refuse a bench whose calibrations are not known to hold today: it gives no acceptance.

    A certificate without a due date is as good as an expired one. An instrument may have none (``none: why``) if it is
    simulated, or if it is the load, which sets what the meter measures.

    Raises RigFault for the laboratory's facts, ConfigurationError for a due date that is no date.
    """
    options, place = rig.options, str(rig.path)
    findings = calibration(rig, utc_now().date())
    unreadable = [each for each in findings if each.level is Level.FAULT and each.code is ExitCode.AUTHOR_ERROR]
    if unreadable:
        raise ConfigurationError(_words(unreadable), place=place, remedy="Write it as 2027-01-31.")
    wanting = [each for each in findings if each.level is Level.FAULT]
    wanting += [
        fault(f"{role} calibration", f"of {options.instruments[role].certificate}, {doubt}")
        for role, file in rig.certificates.items()
        if file.certificate is not None
        for doubt in file.doubts
    ]
    for role in ("meter", "load"):
        facts = options.instruments.get(role)
        without = facts is None or facts.calibration.startswith(NONE)
        if facts is not None and not without and facts.due is None:
            wanting.append(
                fault(
                    f"{role} calibration",
                    f"{facts.calibration}, {stated(facts, rig.certificates.get(role))}; no due date",
                )
            )
        elif without and role == "meter" and not virtual:
            said = "nothing is said of it" if facts is None else facts.calibration
            wanting.append(fault(f"{role} calibration", f"no certificate ({said})"))
    if wanting:
        remedy = "Have it calibrated, name certificate and due date in the rig file, or run without --acceptance."
        raise RigFault(_words(wanting), place=place, remedy=remedy)


def stated(facts: InstrumentFacts, file: CertificateFile | None) -> str:
    """Return the uncertainty that the certificate states, with its k."""
    if file is not None and file.certificate is not None:
        points = sum(len(each.points) for curves in file.certificate.curves.values() for each in curves)
        corrected = "corrected" if facts.apply_corrections else "not corrected"
        return f"by {file.certificate.laboratory}, deviation and U at {points} points, {corrected}"
    if facts.uncertainty is None:
        return "U not given"
    k = read_uncertainty(facts.uncertainty).k
    return f"U {facts.uncertainty}" + (f" (k = {facts.k or COVERAGE:g})" if k is None else "")


def _of_file(part: str, file: CertificateFile, today: date) -> list[CheckFinding]:
    """Return what there is to say of a certificate that is a file: whose signature it has, and whether it holds."""
    if file.certificate is None:
        return [fault(part, file.doubt)]
    if file.certificate.performed > today:
        return [fault(part, f"it was calibrated on {file.certificate.performed}, which is yet to come")]
    signed = [] if file.doubt else [ok(part, f"signed by {file.signer}")]
    return [*signed, *(note(part, f"{doubt}: no acceptance run can rest on it") for doubt in file.doubts)]


def _words(findings: list[CheckFinding]) -> str:
    return "; ".join(f"{each.part}: {each.what}" for each in findings)


def _due(part: str, due: str, facts: str, today: date) -> CheckFinding:
    try:
        last = date.fromisoformat(due)
    except ValueError:
        return fault(part, f"{facts}; due '{due}' is no date like 2027-01-31", ExitCode.AUTHOR_ERROR)
    if last < today:
        return fault(part, f"{facts}; expired on {last}")
    return ok(part, f"{facts}; due {last}")

"""The certificates that a rig file names for its instruments: read, and put in the place of fields by hand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from hil.errors import ConfigurationError, RigFault
from hil.evidence.uncertainty import COVERAGE, CertifiedUncertainty, Conditions
from hil.instruments.current_transformer import MOST, NOMINAL_V
from hil.rig.config.calibration import xml_file
from hil.rig.config.calibration.document import Certificate, read_document
from hil.rig.config.calibration.points import CertifiedPoints
from hil.rig.config.calibration.transformer import KEY
from hil.rig.config.certificate import read_uncertainty
from hil.units import format_quantity

if TYPE_CHECKING:
    from hil.evidence.uncertainty import Certified
    from hil.ports import Identity, Meter
    from hil.rig.config.limits import SafetyLimits
    from hil.rig.config.parts import Ambient, InstrumentFacts
    from hil.yaml_file import Keys

DECIDES: Final = "W"
"""What a meter's certificate must have measured for an acceptance run, in this unit: power decides."""

ASK: Final = "Ask the laboratory that issued the certificate for a correct one, or state the calibration by hand."


class WrongCertificate(NamedTuple):
    """What is wrong with a certificate or with what the rig file says of it: at which keys, and what to do."""

    keys: Keys
    what: str
    remedy: str = ""


@dataclass(frozen=True)
class CertificateFile:
    """A certificate with what is known of its file.

    :param certificate: None: its signature does not hold, so that nothing in it counts.
    :param signer: the subject of the X.509 certificate that it was signed with; empty: its signature was not checked.
    :param doubt: why an acceptance run cannot rely on what it says; empty if it can.
    :param sha256: of the file, in hex.
    :param gaps: why what it says does not suffice for an acceptance run.
    """

    certificate: Certificate | None
    signer: str
    doubt: str
    sha256: str
    gaps: tuple[str, ...] = ()

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why an acceptance run cannot rest on it; empty if it can."""
        return (*filter(None, [self.doubt]), *self.gaps)

    def other_instrument(self, identity: Identity) -> str:
        """Return what is wrong if the certificate is not of the instrument that says so by ``*IDN?``, else ``""``."""
        certificate, serial = self.certificate, identity.serial.strip()
        if certificate is None:
            return ""
        if serial in certificate.serials and _is_model(certificate, identity):
            return ""
        told = f"serial number {', '.join(sorted(certificate.serials))}"
        of = ", ".join(filter(None, [f"{certificate.manufacturer} {certificate.model}".strip(), told]))
        this = f"'{identity.manufacturer} {identity.model}', serial number '{serial}'"
        return f"certificate {certificate.number} is of another instrument: of {of}; this one says {this}"


def _is_model(certificate: Certificate, identity: Identity) -> bool:
    """Tell whether a certificate can be of this model: laboratories write more or less around its name.

    A certificate that names no model is held against the manufacturer, and one that names neither says nothing.
    """
    if certificate.model:
        told, said = _parts(certificate.model), _parts(identity.model)
        return _holds(told, "".join(said)) or _holds(said, "".join(told))
    if certificate.manufacturer:
        told, said = _parts(certificate.manufacturer), _parts(identity.manufacturer)
        return any(len(each) > 2 and each in said for each in told)
    return True


def _parts(name: str) -> list[str]:
    """Return the words of a name, in small letters: ``R&S HMC8015`` has ``r``, ``s`` and ``hmc8015``."""
    return re.findall(r"[^\W_]+", name.casefold())


def _holds(words: list[str], name: str) -> bool:
    """Tell whether some of the words, one after the other, are ``name``."""
    places = range(len(words))
    return bool(name) and any("".join(words[first : last + 1]) == name for first in places for last in places[first:])


def read_certificates(
    instruments: dict[str, InstrumentFacts], folder: Path
) -> tuple[dict[str, InstrumentFacts], dict[str, CertificateFile], list[WrongCertificate]]:
    """Return the facts with what their certificates say, the certificates by role, and what is wrong with them."""
    facts = dict(instruments)
    files: dict[str, CertificateFile] = {}
    wrong: list[WrongCertificate] = []
    for role, said in instruments.items():
        if said.certificate is None:
            continue
        try:
            file = _read(folder / said.certificate, None if said.authority is None else folder / said.authority)
        except xml_file.NoAuthority as error:
            wrong.append(_wrong(role, "authority", str(error)))
            continue
        except ConfigurationError as error:
            wrong.append(_wrong(role, "certificate", error.what, error.remedy or ""))
            continue
        except ValueError as error:
            remedy = "" if isinstance(error, xml_file.Unreadable) else ASK
            wrong.append(_wrong(role, "certificate", str(error), remedy))
            continue
        if role == "meter" and file.certificate is not None:
            file = replace(file, gaps=tuple(_gaps(file.certificate)))
        files[role] = file
        if file.certificate is None:
            facts[role] = said.model_copy(
                update={"calibration": f"none: of {Path(said.certificate).name}, {file.doubt}"}
            )
            continue
        wrong += _contradictions(role, said, file.certificate)
        facts[role] = _completed(said, file.certificate)
    return facts, files, wrong


def refuse_other_instruments(files: dict[str, CertificateFile], identities: dict[str, Identity]) -> None:
    """Raise RigFault if the certificate of a role is not of the instrument that stands there."""
    for role, file in files.items():
        if role in identities and (what := file.other_instrument(identities[role])):
            raise RigFault(what, place=f"{role} calibration", remedy="Name its own certificate in the rig file.")


def conditions(
    instruments: dict[str, InstrumentFacts], ambient: Ambient | None, files: dict[str, CertificateFile]
) -> Conditions:
    """Return room, certificate and transformer of the lab meter, as its budgets reckon with them."""
    facts = instruments.get("meter")
    low, high = (None, None) if ambient is None else (ambient.low, ambient.high)
    before = None if facts is None else facts.current_transformer
    transformer = None if before is None else before.transformer()
    return Conditions(low, high, _certified(facts, files.get("meter")), transformer)


def tell_meter(meter: Meter, around: Conditions) -> None:
    """Have a meter reckon with room, certificate and transformer, from now on.

    Raises ConfigurationError if there is a transformer and its driver takes none into its readings.
    """
    if around.transformer is not None and not getattr(meter, "behind_transformer", False):
        raise ConfigurationError(
            f"the driver of this {meter.identity.model} multiplies by no ratio of a current transformer",
            place="options.rig.instruments.meter.current_transformer",
            remedy="Use a meter whose driver does, or measure without a transformer.",
        )
    meter.conditions = around


def wrong_transformers(instruments: Mapping[str, InstrumentFacts], limits: SafetyLimits) -> list[tuple[Keys, str]]:
    """Return what is wrong with transformers, with its keys: not before the meter, or too small for the limits."""
    wrong: list[tuple[Keys, str]] = []
    for role, facts in instruments.items():
        transformer, keys = facts.current_transformer, ("options", "rig", "instruments", role, KEY)
        if transformer is None:
            continue
        if role != "meter":
            what = "only the lab meter can have a current transformer before it; leave it out"
            wrong.append((keys, f"options.rig.instruments.{role}.{KEY}: {what}"))
            continue
        current, most = limits.current or limits.power / NOMINAL_V, MOST * transformer.rated
        if current > most:
            what = (
                f"{format_quantity(transformer.rated, 'A')} hold up to {format_quantity(most, 'A')} (120 %);"
                f" options.rig.limits allow {format_quantity(current, 'A')}. Use a larger one, or lower the limit"
            )
            wrong.append(((*keys, "rated"), f"options.rig.instruments.{role}.{KEY}.rated: {what}"))
    return wrong


def _certified(facts: InstrumentFacts | None, file: CertificateFile | None) -> Certified | None:
    """Return what the meter's certificate adds to its budgets; None: nothing is stated."""
    if facts is not None and file is not None and file.certificate is not None:
        number, drift = file.certificate.number, None
        if facts.drift is not None:
            of_reading, constant, _ = read_uncertainty(facts.drift)
            drift = CertifiedUncertainty(of_reading, constant, COVERAGE, number)
        return CertifiedPoints(number, file.certificate.curves, drift)
    if facts is None or facts.uncertainty is None:
        return None
    of_reading, constant, k = read_uncertainty(facts.uncertainty)
    return CertifiedUncertainty(of_reading, constant, k or facts.k or COVERAGE, facts.calibration)


def _read(path: Path, authority: Path | None) -> CertificateFile:
    """Read a certificate, signed or not; raises ValueError for one that cannot be read."""
    data, root = xml_file.read(path)
    digest, signer, doubt = hashlib.sha256(data).hexdigest(), "", ""
    if not xml_file.is_signed(root):
        doubt = "it is not signed"
    elif authority is None:
        doubt = "the rig file names no authority that its signature could be checked with"
    else:
        try:
            root, signer = xml_file.signed_content(data, root, authority)
        except xml_file.Tampered as error:
            return CertificateFile(None, "", str(error), digest)
    try:
        return CertificateFile(read_document(root), signer, doubt, digest)
    except ValueError as error:
        raise ValueError(f"'{path.name}': {error}") from None


def _wrong(role: str, key: str, what: str, remedy: str = "") -> WrongCertificate:
    keys = ("options", "rig", "instruments", role, key)
    return WrongCertificate(keys, f"{'.'.join(keys)}: {what}", remedy)


def _gaps(certificate: Certificate) -> Iterator[str]:
    if DECIDES not in certificate.curves:
        yield "it holds no deviations of power that could be reckoned with, and power decides"
    yield from certificate.unread


def _completed(facts: InstrumentFacts, certificate: Certificate) -> InstrumentFacts:
    days = [day for day in (facts.due, None if certificate.due is None else certificate.due.isoformat()) if day]
    return facts.model_copy(update={"calibration": certificate.number, "due": min(days) if days else None})


def _contradictions(role: str, facts: InstrumentFacts, certificate: Certificate) -> Iterator[WrongCertificate]:
    if facts.calibration and facts.calibration != certificate.number:
        what = f"'{facts.calibration}', and its certificate has the number '{certificate.number}'; leave it out"
        yield _wrong(role, "calibration", what)

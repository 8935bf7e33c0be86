"""The certificates that a rig file names for its instruments: read, and put in the place of fields by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hil.errors import ConfigurationError, RigFault
from hil.evidence.uncertainty import COVERAGE, CertifiedUncertainty, Conditions
from hil.rig.config.calibration import xml_file
from hil.rig.config.calibration.document import Certificate, read_document
from hil.rig.config.calibration.points import CertifiedPoints
from hil.rig.config.certificate import read_uncertainty

if TYPE_CHECKING:
    from hil.ports import Identity
    from hil.rig.config.parts import Ambient, InstrumentFacts
    from hil.yaml_file import Keys


@dataclass(frozen=True)
class CertificateFile:
    """A certificate with what is known of its file.

    :param certificate: None: its signature does not hold, so that nothing in it counts.
    :param signer: the subject of the X.509 certificate that it was signed with; empty: its signature was not checked.
    :param doubt: why an acceptance run cannot rest on it; empty if it can.
    :param sha256: of the file, in hex.
    """

    certificate: Certificate | None
    signer: str
    doubt: str
    sha256: str

    def other_instrument(self, identity: Identity) -> str:
        """Return what is wrong if the certificate is not of the instrument that says so by ``*IDN?``, else ``""``."""
        certificate, serial = self.certificate, identity.serial.strip()
        if certificate is None or serial in certificate.serials:
            return ""
        of = f"{certificate.manufacturer} {certificate.model}, serial number {', '.join(sorted(certificate.serials))}"
        return f"certificate {certificate.number} is of another instrument: of {of}; this one says '{serial}'"


def read_certificates(
    instruments: dict[str, InstrumentFacts], folder: Path
) -> tuple[dict[str, InstrumentFacts], dict[str, CertificateFile], list[tuple[Keys, str]]]:
    """Return the facts with what their certificates say, the certificates by role, and what is wrong, with its keys."""
    facts = dict(instruments)
    files: dict[str, CertificateFile] = {}
    wrong: list[tuple[Keys, str]] = []
    for role, said in instruments.items():
        if said.certificate is None:
            continue
        keys = ("options", "rig", "instruments", role, "certificate")
        try:
            file = _read(folder / said.certificate, None if said.authority is None else folder / said.authority)
        except (ValueError, ConfigurationError) as error:
            remedy = f". {error.remedy}" if isinstance(error, ConfigurationError) else ""
            what = error.what if isinstance(error, ConfigurationError) else str(error)
            wrong.append((keys, f"options.rig.instruments.{role}.certificate: {what}{remedy}"))
            continue
        files[role] = file
        if file.certificate is None:
            facts[role] = said.model_copy(
                update={"calibration": f"none: of {Path(said.certificate).name}, {file.doubt}"}
            )
            continue
        wrong += [((*keys[:-1], key), what) for key, what in _contradictions(role, said, file.certificate)]
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
    """Return room and certificate of the lab meter, as its budgets reckon with them."""
    facts, file = instruments.get("meter"), files.get("meter")
    low, high = (None, None) if ambient is None else (ambient.low, ambient.high)
    if facts is not None and file is not None and file.certificate is not None:
        number, drift = file.certificate.number, None
        if facts.drift is not None:
            of_reading, constant, _ = read_uncertainty(facts.drift)
            drift = CertifiedUncertainty(of_reading, constant, COVERAGE, number)
        return Conditions(low, high, CertifiedPoints(number, file.certificate.curves, drift))
    if facts is None or facts.uncertainty is None:
        return Conditions(low, high)
    of_reading, constant, k = read_uncertainty(facts.uncertainty)
    return Conditions(
        low, high, CertifiedUncertainty(of_reading, constant, k or facts.k or COVERAGE, facts.calibration)
    )


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
    return CertificateFile(read_document(root), signer, doubt, digest)


def _completed(facts: InstrumentFacts, certificate: Certificate) -> InstrumentFacts:
    days = [day for day in (facts.due, None if certificate.due is None else certificate.due.isoformat()) if day]
    return facts.model_copy(update={"calibration": certificate.number, "due": min(days) if days else None})


def _contradictions(role: str, facts: InstrumentFacts, certificate: Certificate) -> Iterator[tuple[str, str]]:
    if facts.calibration and facts.calibration != certificate.number:
        what = f"'{facts.calibration}', and its certificate has the number '{certificate.number}'; leave it out"
        yield "calibration", f"options.rig.instruments.{role}.calibration: {what}"

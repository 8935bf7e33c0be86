"""The virtual rig with a calibration certificate for its meter, signed by one laboratory for all tests."""

from __future__ import annotations

from pathlib import Path

from hil.ports import Identity
from hil.rig.config.calibration import xml_file
from hil.rig.config.calibration.document import Certificate, read_document
from hil.rig.config.rig_file import RigFile
from hil.tests.acceptance.commands import ROOT
from hil.tests.rig.config.calibration.made import Signer

HMC8015 = Identity("Rohde&Schwarz", "HMC8015", "043506929", "01.403")
SIGNER = Signer()


def rig(folder: Path, content: bytes, facts: str = "authority: authority.pem") -> RigFile:
    """Return the virtual rig with this certificate for its meter."""
    text = (ROOT / "rigs/virtual.yaml").read_text(encoding="utf-8")
    meter = "meter: {calibration: 'none: virtual'}"
    assert meter in text
    (folder / "meter.xml").write_bytes(content)
    (folder / "authority.pem").write_bytes(SIGNER.pem(SIGNER.authority))
    (folder / "bench.yaml").write_text(text.replace(meter, f"meter: {{certificate: meter.xml, {facts}}}"))
    return RigFile.load(folder / "bench.yaml")


def signed(folder: Path, text: str, facts: str = "authority: authority.pem") -> RigFile:
    """Return the same with a certificate that the laboratory has signed."""
    return rig(folder, SIGNER.sign(text.encode()), facts)


def read(content: bytes) -> Certificate:
    """Return what a certificate says that is not signed."""
    return read_document(xml_file.parse(content, "meter.xml"))

"""What ``run.json`` says of a rig; no address, no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hil import __version__
from hil.evidence.documents import Kind
from hil.evidence.uncertainty import COVERAGE
from hil.rig.config.certificate import read_uncertainty
from hil.rig.config.device_program import described_program
from hil.units import format_quantity

if TYPE_CHECKING:
    from hil.rig.config.calibration.of_instruments import CertificateFile
    from hil.rig.config.parts import InstrumentFacts
    from hil.rig.config.rig_file import RigFile
    from hil.rig.recorder import Recorder
    from hil.rig.rig import Rig

REFERENCE = "not stated; taken to be within the makers' reference conditions"

SEEDED = ("boot_delay_s", "defects")
"""What of a simulated device's profile is a fault put into it on purpose."""


def known_before(file: RigFile) -> dict[str, Any]:
    """Return what is known of a rig before it is opened."""
    options = file.options
    devices = [
        {
            "role": role,
            "description": facts.description,
            "serial": facts.serial,
            "firmware": facts.firmware or (f"micropay-hil {__version__}" if file.is_reference(facts) else ""),
            "seeded": [f"{name}: {facts.profile[name]}" for name in SEEDED if facts.profile.get(name)],
            **{
                key: described_program(command, file.folder)
                for key, command in (("program", facts.command), ("other_firmware", facts.other_firmware))
                if command is not None
            },
        }
        for role, facts in options.devices.by_role().items()
    ]
    return {
        "name": options.name,
        "file": file.path.name,
        "virtual": file.virtual,
        "devices": devices,
    }


def described(rig: Rig) -> dict[str, Any]:
    """Return what is known of it once it is open: its instruments have said who they are."""
    options = rig.file.options
    instruments = []
    for role, instrument, driver in (("meter", rig.meter, rig.meter_driver), ("load", rig.load, rig.load_driver)):
        facts = options.instruments.get(role)
        identity = instrument.identity
        instruments.append(
            {
                "name": role,
                "role": "power meter" if role == "meter" else "programmable load",
                "manufacturer": identity.manufacturer,
                "model": identity.model,
                "serial": identity.serial,
                "firmware": identity.firmware,
                "driver": driver.told,
                "calibration": recorded_calibration(facts, rig.file.certificates.get(role)) if facts else None,
                **_transformer(facts),
            }
        )
    return {
        "name": options.name,
        "description": options.description,
        "file": rig.file.path.name,
        "virtual": rig.file.virtual,
        "setups": list(options.setups),
        "ambient": f"{options.ambient.low:g} to {options.ambient.high:g} °C" if options.ambient else REFERENCE,
        "off_threshold": format_quantity(rig.meter.off_threshold_w, "W"),
        "limits": {
            "power": format_quantity(options.limits.power, "W"),
            "energy": format_quantity(options.limits.energy, "Wh"),
            "session": format_quantity(options.limits.session, "s"),
        },
        "instruments": instruments,
    }


def _transformer(facts: InstrumentFacts | None) -> dict[str, str]:
    before = None if facts is None else facts.current_transformer
    return {} if before is None else {"transformer": str(before)}


def recorded_calibration(facts: InstrumentFacts, file: CertificateFile | None) -> dict[str, Any]:
    """Return what the laboratory says of it, by the names that the report reads."""
    k = None
    if facts.uncertainty is not None:
        k = read_uncertainty(facts.uncertainty).k or facts.k or COVERAGE
    said = {"certificate": facts.calibration, "due": facts.due, "uncertainty": facts.uncertainty, "k": k}
    if file is None or file.certificate is None:
        return said
    return said | {
        "laboratory": file.certificate.laboratory,
        "performed": file.certificate.performed.isoformat(),
        "signed_by": file.signer or None,
        "sha256": file.sha256,
        "corrected": facts.apply_corrections,
        "doubt": "; ".join(file.doubts) or None,
    }


def record_programs(rig: Rig, recorder: Recorder, *roles: str) -> None:
    """Record what the programs of devices say that they are, and which have stopped over their storage and why.

    The reference devices are known without a word.

    :param roles: of these devices; none: of all.
    """
    for key, told in (("identity", rig.identities()), ("stopped", rig.stopped())):
        for role, words in told.items():
            if not roles or role in roles:
                recorder.observe(Kind.DEVICE, role, {key: words})

"""Digital Calibration Certificates made for tests, and the samples of ``fixtures/data/certificates``.

``python -m hil.tests.rig.config.calibration.made`` writes the samples anew, with keys that are not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from lxml import etree
from signxml.algorithms import SignatureConstructionMethod
from signxml.signer import XMLSigner

FOLDER = Path("fixtures/data/certificates")
LABORATORY = "Sample Calibration Laboratory (not accredited)"


@dataclass(frozen=True)
class Table:
    """One list of results: indications, their deviations, U and k, in a D-SI unit."""

    unit: str
    shown: Sequence[float]
    deviations: Sequence[float]
    expanded: Sequence[float]
    k: float = 2.0


@dataclass(frozen=True)
class Sample:
    """A certificate; see :class:`hil.rig.config.calibration.document.Certificate`."""

    number: str = "SAMPLE-2026-0001"
    manufacturer: str = "Rohde&Schwarz"
    model: str = "HMC8015"
    serial: str = "043506929"
    performed: str = "2026-03-02"
    due: str | None = "2099-12-31"
    tables: tuple[Table, ...] = field(
        default=(
            Table(r"\watt", (10, 100, 500, 1000, 2000), (0.05, 0.08, 0.2, 0.35, 0.6), (0.02, 0.03, 0.08, 0.15, 0.3)),
            Table(r"\volt", (110, 230, 260), (0.01, 0.03, 0.04), (0.01, 0.015, 0.02)),
            Table(r"\milli\ampere", (100, 1000, 8000), (0.1, 0.5, 3), (0.05, 0.2, 1.5)),
        )
    )


def _list(numbers: Sequence[float]) -> str:
    return " ".join(f"{each:g}" for each in numbers)


def _name(words: str) -> str:
    return f'<dcc:name><dcc:content lang="en">{escape(words)}</dcc:content></dcc:name>'


def _table(table: Table) -> str:
    return f"""<dcc:list refType="gp_table1">
<dcc:quantity refType="basic_measuredValue">{_name("Indicated value")}<si:realListXMLList>
<si:valueXMLList>{_list(table.shown)}</si:valueXMLList><si:unitXMLList>{table.unit}</si:unitXMLList>
</si:realListXMLList></dcc:quantity>
<dcc:quantity refType="basic_measurementError">{_name("Deviation of the indication")}<si:realListXMLList>
<si:valueXMLList>{_list(table.deviations)}</si:valueXMLList><si:unitXMLList>{table.unit}</si:unitXMLList>
<si:expandedUncXMLList><si:uncertaintyXMLList>{_list(table.expanded)}</si:uncertaintyXMLList>
<si:coverageFactorXMLList>{table.k:g}</si:coverageFactorXMLList>
<si:coverageProbabilityXMLList>0.95</si:coverageProbabilityXMLList></si:expandedUncXMLList>
</si:realListXMLList></dcc:quantity></dcc:list>"""


def _kelvin(kind: str, words: str, kelvin: float) -> str:
    return (
        f'<dcc:quantity refType="{kind}">{_name(words)}<si:real><si:value>{kelvin:g}</si:value>'
        r"<si:unit>\kelvin</si:unit></si:real></dcc:quantity>"
    )


def document(sample: Sample) -> bytes:
    """Return the certificate, not signed."""
    due = (
        ""
        if sample.due is None
        else f"""<dcc:statements><dcc:statement refType="basic_recalibration"><dcc:declaration>
<dcc:content lang="en">Last day on which the item may be used, as its owner says:</dcc:content></dcc:declaration>
<dcc:date>{sample.due}</dcc:date></dcc:statement></dcc:statements>"""
    )
    tables = "\n".join(map(_table, sample.tables))
    return f"""<dcc:digitalCalibrationCertificate xmlns:dcc="https://ptb.de/dcc" xmlns:si="https://ptb.de/si"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="https://ptb.de/dcc https://ptb.de/dcc/v3.1.1/dcc.xsd" schemaVersion="3.1.1">
<!-- This is a sample and no calibration certificate: no instrument was calibrated. -->
<dcc:administrativeData>
<dcc:dccSoftware><dcc:software>{_name("micropay-hil")}<dcc:release>v 0.1</dcc:release></dcc:software></dcc:dccSoftware>
<dcc:coreData><dcc:countryCodeISO3166_1>SE</dcc:countryCodeISO3166_1>
<dcc:usedLangCodeISO639_1>en</dcc:usedLangCodeISO639_1><dcc:mandatoryLangCodeISO639_1>en</dcc:mandatoryLangCodeISO639_1>
<dcc:uniqueIdentifier>{escape(sample.number)}</dcc:uniqueIdentifier>
<dcc:beginPerformanceDate>{sample.performed}</dcc:beginPerformanceDate>
<dcc:endPerformanceDate>{sample.performed}</dcc:endPerformanceDate>
<dcc:performanceLocation>laboratory</dcc:performanceLocation></dcc:coreData>
<dcc:items><dcc:item>{_name("Instrument")}
<dcc:manufacturer>{_name(sample.manufacturer)}</dcc:manufacturer><dcc:model>{escape(sample.model)}</dcc:model>
<dcc:identifications><dcc:identification><dcc:issuer>manufacturer</dcc:issuer>
<dcc:value>{escape(sample.serial)}</dcc:value>{_name("Serial number")}</dcc:identification></dcc:identifications>
</dcc:item></dcc:items>
<dcc:calibrationLaboratory><dcc:contact>{_name(LABORATORY)}<dcc:eMail>laboratory@example.org</dcc:eMail>
<dcc:location><dcc:city>Sampletown</dcc:city><dcc:countryCode>SE</dcc:countryCode></dcc:location></dcc:contact>
</dcc:calibrationLaboratory>
<dcc:respPersons><dcc:respPerson><dcc:person>{_name("A. Sample")}</dcc:person><dcc:mainSigner>true</dcc:mainSigner>
</dcc:respPerson></dcc:respPersons>
<dcc:customer>{_name("micropay-hil")}<dcc:eMail>owner@example.org</dcc:eMail><dcc:location><dcc:city>Sampletown</dcc:city>
<dcc:countryCode>SE</dcc:countryCode></dcc:location></dcc:customer>
{due}
</dcc:administrativeData>
<dcc:measurementResults><dcc:measurementResult>{_name("Measurement results")}
<dcc:usedMethods><dcc:usedMethod refType="basic_calibrationMethod">{_name("Comparison with a reference power meter")}
</dcc:usedMethod></dcc:usedMethods>
<dcc:usedSoftware><dcc:software>{_name("micropay-hil")}<dcc:release>v 0.1</dcc:release></dcc:software>
</dcc:usedSoftware>
<dcc:measuringEquipments><dcc:measuringEquipment refType="basic_normalUsed">{_name("Reference power meter")}
<dcc:identifications><dcc:identification><dcc:issuer>manufacturer</dcc:issuer><dcc:value>sample</dcc:value>
</dcc:identification></dcc:identifications></dcc:measuringEquipment></dcc:measuringEquipments>
<dcc:influenceConditions><dcc:influenceCondition refType="basic_temperature">{_name("Temperature of the room")}
<dcc:data>{_kelvin("basic_temperatureMin", "Lowest", 295)}{_kelvin("basic_temperatureMax", "Highest", 297)}</dcc:data>
</dcc:influenceCondition></dcc:influenceConditions>
<dcc:results><dcc:result refType="gp_measuringResult1">{_name("Deviations")}<dcc:data>
{tables}
</dcc:data></dcc:result></dcc:results></dcc:measurementResult></dcc:measurementResults>
</dcc:digitalCalibrationCertificate>
""".encode()


class Signer:
    """An authority that issues certificates of laboratories, and a laboratory that signs with one."""

    def __init__(self) -> None:
        self._authority_key, self._key = (
            ec.generate_private_key(ec.SECP256R1()),
            ec.generate_private_key(ec.SECP256R1()),
        )
        self.authority = self._issued("Sample Authority", self._authority_key, None)
        self.laboratory = self._issued(LABORATORY, self._key, self.authority)

    def _issued(self, name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Certificate | None) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        begun = datetime(2026, 1, 1, tzinfo=UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if issuer is None else issuer.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begun)
            .not_valid_after(begun + timedelta(days=36_500))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._authority_key.public_key()), critical=False
            )
            .add_extension(
                x509.KeyUsage(
                    digital_signature=issuer is not None,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    key_cert_sign=issuer is None,
                    crl_sign=issuer is None,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
        )
        if issuer is not None:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
            built = built.add_extension(usage, critical=False)
        return built.sign(self._authority_key, hashes.SHA256())

    def sign(self, content: bytes, kind: type[XMLSigner] = XMLSigner) -> bytes:
        """Return the certificate with an enveloped signature of the laboratory, XMLDSig or another kind."""
        signer = kind(method=SignatureConstructionMethod.enveloped, signature_algorithm="ecdsa-sha256")
        signed: Any = signer.sign(etree.fromstring(content), key=self._key, cert=[self.laboratory])
        return bytes(etree.tostring(signed, xml_declaration=True, encoding="utf-8"))

    @staticmethod
    def pem(certificate: x509.Certificate) -> bytes:
        """Return a certificate as a file holds it."""
        return certificate.public_bytes(serialization.Encoding.PEM)


DC = (
    Table(r"\watt", (5, 50, 150), (0.01, 0.05, 0.12), (0.01, 0.03, 0.08)),
    Table(r"\volt", (5, 48, 100), (0.002, 0.01, 0.02), (0.001, 0.004, 0.01)),
)
SAMPLES = {
    "hmc8015": Sample(),
    "wt310e": Sample("SAMPLE-2026-0002", "YOKOGAWA", "WT310E", "C3XX12345E"),
    "it8615": Sample("SAMPLE-2026-0003", "ITECH", "IT8615", "KN34243232"),
    "dl3021": Sample("SAMPLE-2026-0004", "RIGOL TECHNOLOGIES", "DL3021", "DL3A204800938", tables=DC),
}


def main() -> None:
    """Write the samples."""
    signer = Signer()
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "authority.pem").write_bytes(signer.pem(signer.authority))
    (FOLDER / "laboratory.pem").write_bytes(signer.pem(signer.laboratory))
    for name, sample in SAMPLES.items():
        (FOLDER / f"{name}.xml").write_bytes(signer.sign(document(sample)))


if __name__ == "__main__":
    main()

"""The signature of a run folder: OpenSSL checks it too, another key or one changed byte breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.errors import ConfigurationError
from hil.evidence.documents import Verdict
from hil.evidence.run_folder.files import MANIFEST_FILE
from hil.evidence.run_folder.manifest import SIGNATURE_FILE, TIME_STAMP_FILE
from hil.evidence.run_folder.signature import make_key, sign, signature_faults, stamped_at
from hil.evidence.store import RunWriter
from hil.tests.time_stamps import Authority, openssl, time_stamp_authority


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run = RunWriter.create(tmp_path / "run", {"seed": "1"}, {})
    run.finish(Verdict.NOT_RUN)
    return run.folder


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make_key(tmp_path / "ann.pem")
    return tmp_path / "ann.pem"


def public(key: Path) -> Path:
    return key.with_name(f"{key.name}.pub")


def test_a_signed_run_is_verified_by_the_public_key_and_by_openssl(folder: Path, key: Path) -> None:
    assert sign(folder, key) == [folder / SIGNATURE_FILE]
    assert signature_faults(folder, public(key)) == []
    files = ("-in", folder / MANIFEST_FILE, "-sigfile", folder / SIGNATURE_FILE)
    assert "Verified" in openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public(key), *files)


def test_a_key_of_openssl_and_its_certificate_serve_as_well(folder: Path, tmp_path: Path) -> None:
    key, certificate = tmp_path / "k.pem", tmp_path / "c.pem"
    command = ("req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "30", "-subj", "/CN=Ann")
    openssl(*command, "-keyout", key, "-out", certificate)
    sign(folder, key)
    assert signature_faults(folder, certificate) == []


def test_the_private_key_is_for_its_owner_only_and_is_never_replaced(key: Path) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigurationError, match="there already"):
        make_key(key)


def test_another_key_does_not_verify_it(folder: Path, key: Path, tmp_path: Path) -> None:
    sign(folder, key)
    other = make_key(tmp_path / "bob.pem")
    assert signature_faults(folder, other) == [
        f"{SIGNATURE_FILE} is no signature of {MANIFEST_FILE} by the key in bob.pem.pub."
    ]


def test_a_run_without_a_signature_is_told(folder: Path, key: Path) -> None:
    assert signature_faults(folder, public(key)) == [f"{SIGNATURE_FILE} is missing: the run is not signed."]


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_changed_byte_of_manifest_or_signature_breaks_it(folder: Path, key: Path, data: st.DataObject) -> None:
    sign(folder, key)
    path = folder / data.draw(st.sampled_from([MANIFEST_FILE, SIGNATURE_FILE]))
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(changed)
    assert signature_faults(folder, public(key)) != []
    path.write_bytes(whole)


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused_with_its_file(folder: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pem"
    path.write_bytes(content)
    for use in (sign, signature_faults):
        with pytest.raises(ConfigurationError, match="Ed25519") as caught:
            use(folder, path)
        assert caught.value.place == str(path)


def test_a_key_of_another_kind_is_refused(folder: Path, tmp_path: Path) -> None:
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", tmp_path / "rsa.pem")
    with pytest.raises(ConfigurationError, match="is no private key of Ed25519"):
        sign(folder, tmp_path / "rsa.pem")


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    with time_stamp_authority(tmp_path / "tsa") as authority:
        yield authority


def test_a_time_stamp_tells_when_the_signature_was_there(folder: Path, key: Path, authority: Authority) -> None:
    written = sign(folder, key, authority.url)

    assert written == [folder / SIGNATURE_FILE, folder / TIME_STAMP_FILE]
    stamped = stamped_at(folder, authority.root)
    assert isinstance(stamped, datetime)
    assert stamped.tzinfo is UTC or stamped.utcoffset() is not None
    files = ("-in", folder / TIME_STAMP_FILE, "-token_in", "-data", folder / SIGNATURE_FILE)
    assert "OK" in openssl("ts", "-verify", *files, "-CAfile", authority.root)


def test_a_time_stamp_of_another_signature_or_authority_is_none(
    folder: Path, key: Path, authority: Authority, tmp_path: Path
) -> None:
    sign(folder, key, authority.url)
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    other.server.server_close()
    assert stamped_at(folder, other.root) == f"{TIME_STAMP_FILE} was not made by the authority in tsa.pem."
    (folder / SIGNATURE_FILE).write_bytes(b"another")
    assert stamped_at(folder, authority.root) == f"{TIME_STAMP_FILE} is no time stamp of {SIGNATURE_FILE}."
    (folder / TIME_STAMP_FILE).write_bytes(b"x")
    assert str(stamped_at(folder, authority.root)).startswith(f"{TIME_STAMP_FILE} is no time stamp (")


def test_an_authority_that_does_not_answer_is_told_and_nothing_is_signed(
    folder: Path, key: Path, authority: Authority
) -> None:
    authority.server.shutdown()
    authority.server.server_close()
    with pytest.raises(ConfigurationError, match="gave no time stamp"):
        sign(folder, key, authority.url)
    assert not (folder / SIGNATURE_FILE).exists()

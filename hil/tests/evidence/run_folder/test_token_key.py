"""A key on a token: SoftHSM stands for a smart card. Collected only where it is; ``.ci/run`` installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hil.errors import ConfigurationError
from hil.evidence.documents import Verdict
from hil.evidence.run_folder.files import MANIFEST_FILE
from hil.evidence.run_folder.manifest import SIGNATURE_FILE
from hil.evidence.run_folder.signature import signature_faults
from hil.evidence.run_folder.token_key import PIN_VARIABLE, TokenKey
from hil.evidence.store import RunWriter

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
WITH_TOKEN = MODULE.is_file() and shutil.which("softhsm2-util") is not None
PIN = "1234"

MAKE_KEY = """
import sys, pkcs11
token = pkcs11.lib(sys.argv[1]).get_token(token_label="laboratory")
with token.open(user_pin=sys.argv[2], rw=True) as session:
    curve = session.create_domain_parameters(
        pkcs11.KeyType.EC_EDWARDS,
        {pkcs11.Attribute.EC_PARAMS: pkcs11.util.ec.encode_named_curve_parameters("1.3.101.112")},
        local=True,
    )
    curve.generate_keypair(mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN, label="signer", store=True)
"""


def hil(token: dict[str, str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own: a PKCS#11 module is initialised once a process."""
    command = [sys.executable, "-m", "hil.cli.main", *map(str, arguments)]
    return subprocess.run(command, env=token, capture_output=True, text=True, check=False)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    writer = RunWriter.create(tmp_path / "run", {"seed": "1"}, {})
    writer.finish(Verdict.PASS)
    return writer.folder


if WITH_TOKEN:

    @pytest.fixture(scope="module")
    def token(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
        """The environment of a process that finds a token with a key."""
        folder = tmp_path_factory.mktemp("token")
        (folder / "tokens").mkdir()
        (folder / "softhsm.conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
        environment = {**os.environ, "SOFTHSM2_CONF": str(folder / "softhsm.conf"), PIN_VARIABLE: PIN}
        make = ["softhsm2-util", "--init-token", "--free", "--label", "laboratory", "--pin", PIN, "--so-pin", "5678"]
        for command in (make, [sys.executable, "-c", MAKE_KEY, str(MODULE), PIN]):
            subprocess.run(command, env=environment, check=True, capture_output=True)
        return environment

    URI = f"pkcs11:token=laboratory;object=signer?module-path={MODULE}"

    def test_a_token_signs_a_run_and_its_public_key_verifies_it(run: Path, token: dict[str, str]) -> None:
        public = run.parent / "signer.pub"
        assert hil(token, "keygen", public, "--token", URI).returncode == 0
        signed = hil(token, "sign", run, "--key", URI)
        assert signed.returncode == 0, signed.stderr
        assert signature_faults(run, public) == []
        assert hil(token, "verify", run, "--key", public).returncode == 0
        (run / MANIFEST_FILE).write_bytes((run / MANIFEST_FILE).read_bytes() + b" ")
        assert signature_faults(run, public) != []

    @pytest.mark.parametrize(
        ("uri", "pin"),
        [
            (URI, "0000"),
            (URI.replace("signer", "another"), PIN),
            (URI.replace("laboratory", "another"), PIN),
            (URI.replace("softhsm2", "none"), PIN),
        ],
    )
    def test_what_the_token_refuses_is_told_in_a_sentence(run: Path, token: dict[str, str], uri: str, pin: str) -> None:
        done = hil({**token, PIN_VARIABLE: pin}, "sign", run, "--key", uri)
        assert done.returncode == 4
        assert "the token gives no signature (" in done.stderr
        assert "Traceback" not in done.stderr
        assert pin not in done.stderr
        assert not (run / SIGNATURE_FILE).exists()

    def test_the_pin_may_come_from_a_file(run: Path, token: dict[str, str], tmp_path: Path) -> None:
        (tmp_path / "pin").write_text(f"{PIN}\n")
        without = {name: value for name, value in token.items() if name != PIN_VARIABLE}
        assert hil(without, "sign", run, "--key", f"{URI}&pin-source=file:{tmp_path}/pin").returncode == 0
        refused = hil(without, "sign", run, "--key", URI)
        assert refused.returncode == 4
        assert "no PIN is given" in refused.stderr


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("pkcs11:token=a", "names no object and no module-path"),
        ("pkcs11:tokn=a;object=b?module-path=c", "'tokn' is not known; .*Did you mean 'token'"),
        ("pkcs11:token=a;object=b?module-path=c&pin-value=1234", "the PIN must not stand in a command line"),
    ],
)
def test_a_uri_that_is_wrong_is_told(uri: str, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told) as caught:
        TokenKey.of(uri)
    assert "1234" not in str(caught.value)

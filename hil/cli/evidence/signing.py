"""``hil keygen``, ``hil sign`` and ``hil verify``: the signature of a run folder."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from hil.cli.evidence.commands import run_folder
from hil.cli.laboratory import LATEST_RUN
from hil.errors import ExitCode


def add_signing_commands(commands: Any) -> None:
    """Add the commands to the command line."""
    keygen = commands.add_parser("keygen", help="make a key pair that signs runs")
    keygen.add_argument("file", help="new file for the private key; the public key goes to FILE.pub")
    keygen.add_argument("--token", metavar="URI", help="write only the public key of this key on a token (pkcs11:…)")
    keygen.set_defaults(act=_keygen)

    sign = commands.add_parser("sign", help="sign the manifest of a run")
    sign.add_argument("run", nargs="?", help=f"run folder (default: {LATEST_RUN} of the laboratory)")
    sign.add_argument("--key", metavar="FILE|URI", required=True, help="private key: Ed25519, PEM; or pkcs11:…")
    sign.add_argument("--time-stamps", metavar="URL", help="time stamp authority (RFC 3161) for the signature")
    sign.set_defaults(act=_sign)

    verify = commands.add_parser("verify", help="tell whether a run is signed and unaltered; if not, end with 8")
    verify.add_argument("run", nargs="?", help=f"run folder (default: {LATEST_RUN} of the laboratory)")
    verify.add_argument("--key", metavar="FILE", required=True, help="public key or certificate of the signer, PEM")
    verify.add_argument("--authority", metavar="FILE", help="root certificate of the time stamp authority, PEM")
    verify.set_defaults(act=_verify)


def _keygen(options: argparse.Namespace, _: list[str]) -> int:
    from hil.evidence.run_folder.signature import make_key, write_public_key
    from hil.evidence.run_folder.token_key import TokenKey

    file = Path(options.file)
    print(write_public_key(TokenKey.of(options.token), file) if options.token else make_key(file))
    return ExitCode.PASS


def _sign(options: argparse.Namespace, _: list[str]) -> int:
    from hil.evidence.run_folder.signature import sign
    from hil.evidence.run_folder.token_key import SCHEME, TokenKey
    from hil.report.evidence.verification import verified
    from hil.report.text_format import on_a_line

    folder = run_folder(options)
    key = TokenKey.of(options.key) if options.key.startswith(SCHEME) else Path(options.key)
    statement = verified(folder)
    if not statement.sound:
        print("\n".join(map(on_a_line, [*statement.sentences, "It was not signed."])), file=sys.stderr)
        return ExitCode.EVIDENCE_ALTERED
    for path in sign(folder, key, options.time_stamps):
        print(path)
    return ExitCode.PASS


def _verify(options: argparse.Namespace, _: list[str]) -> int:
    from hil.evidence.run_folder.signature import signature_faults, stamped_at
    from hil.report.evidence.verification import verified
    from hil.report.text_format import on_a_line

    folder = run_folder(options)
    faults = signature_faults(folder, Path(options.key))
    told = [] if faults else [f"The manifest is signed by the key in {Path(options.key).name}."]
    if options.authority:
        stamped = stamped_at(folder, Path(options.authority))
        if isinstance(stamped, str):
            faults.append(stamped)
        else:
            told.append(f"The signature was there at {stamped:%Y-%m-%d %H:%M:%S} UTC.")
    statement = verified(folder)
    print("\n".join(map(on_a_line, [*faults, *told, *statement.sentences])))
    return ExitCode.PASS if statement.sound and not faults else ExitCode.EVIDENCE_ALTERED

"""Where coins go for a cable whose keys the bench does not know: address, descriptor or extended public key.

embit is loaded when there is such a text: a check of features starts sooner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embit.bip32 import HDKey
    from embit.script import Script

ALLOWED = (
    "an address on regtest (P2WPKH or P2PKH), a descriptor such as wpkh(tpub…/0/*), "
    "or the extended public key of m/84h/1h/0h"
)

KINDS = {"p2wpkh": "P2WPKH", "p2pkh": "P2PKH"}


class _Refused(ValueError):
    """Something that can be read, and must not stand there."""


def funding_script(text: str) -> bytes:
    """Return the scriptPubKey of the first address that ``text`` names; raises ValueError for anything else.

    Of a descriptor with ``*`` and of an extended public key it is that of receiving index 0 (SPEC, "Keys").
    A descriptor or key that holds a secret is refused: a rig file is no place for one.
    """
    script = _script(text.strip())
    kind = script.script_type()
    if kind not in KINDS:
        raise ValueError(f"its script is {kind or 'of an unknown type'}; allowed is {ALLOWED}")
    return bytes(script.data)


def fundable(text: str) -> str:
    """Return ``text`` if coins can go there; ValueError otherwise, as a model of the rig file wants it."""
    funding_script(text)
    return text


def coin_type(text: str) -> str:
    """Return whether coins that go there are ``P2WPKH`` or ``P2PKH``; raises ValueError likewise."""
    from embit.script import Script

    return KINDS[Script(funding_script(text)).script_type()]


def _script(text: str) -> Script:
    from embit.bip32 import HDKey
    from embit.descriptor import Descriptor
    from embit.networks import NETWORKS
    from embit.script import Script, address_to_scriptpubkey

    try:
        if "(" in text:
            descriptor = Descriptor.from_string(text.partition("#")[0])
            if any(key.is_private for key in descriptor.keys):
                raise _Refused("it holds a secret key; name public keys only")
            return descriptor.derive(0).script_pubkey()
        if text[1:4] in ("pub", "prv"):
            key = HDKey.from_string(text)
            if key.is_private:
                raise _Refused("it is a secret key; name the public one")
            return Script(b"\x00\x14" + _hash(key.derive([0, 0])))
        script = address_to_scriptpubkey(text)
    except _Refused:
        raise
    except Exception:  # embit raises what its parsers stumble over
        raise ValueError(f"it is not {ALLOWED}") from None
    if script.address(NETWORKS["regtest"]) != text:
        raise ValueError(f"it is an address of another network; allowed is {ALLOWED}")
    return script


def _hash(key: HDKey) -> bytes:
    from embit.hashes import hash160

    return bytes(hash160(key.key.sec()))

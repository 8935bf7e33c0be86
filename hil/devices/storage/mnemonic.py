"""The words of BIP 39 that an account can be restored from (embit), and the seed that they stand for.

Words and seed are secrets: neither is in a ``repr``, and an error quotes at most the one word that is misspelt.
"""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches

from embit import bip39
from embit.bip32 import HDKey

from hil.errors import ConfigurationError, nearest

COUNTS = (12, 15, 18, 21, 24)
"""Words for 128, 160, 192, 224 and 256 bits of entropy (BIP 39)."""

_REMEDY = "Compare with what was written down, word by word."


class Mnemonic:
    """An entropy of 128 to 256 bits and the English words for it; equal if the entropy is."""

    __slots__ = ("_entropy",)

    def __init__(self, entropy: bytes) -> None:
        """:param entropy: 16, 20, 24, 28 or 32 secret bytes."""
        if len(entropy) not in (16, 20, 24, 28, 32):
            raise ValueError(f"BIP 39 knows 16, 20, 24, 28 or 32 bytes of entropy, not {len(entropy)}")
        self._entropy = bytes(entropy)

    @classmethod
    def parse(cls, text: str, *, place: str) -> Mnemonic:
        """Return the words in ``text``, in any case, with or without numbers before them.

        :raises ConfigurationError: a word is not of the list (its likely spelling is told), their number is wrong, or
            the checksum, which notices 255 of 256 wrong sets of 24 words (15 of 16 for 12).
        """
        tokens = unicodedata.normalize("NFKD", text).lower().split()
        words = [token for token in tokens if not token.rstrip(".").isdigit()]
        for number, word in enumerate(words, 1):
            if word not in bip39.WORDLIST:
                similar = get_close_matches(word, bip39.WORDLIST, n=3, cutoff=0.5)
                hint = nearest(word, similar).replace("; known: ", "; similar: ") if similar else ""
                raise ConfigurationError(f"word {number}, '{word}', is no BIP 39 word{hint}", place=place)
        if len(words) not in COUNTS:
            known = ", ".join(str(count) for count in COUNTS)
            raise ConfigurationError(f"there are {len(words)} words; an account has one of {known}", place=place)
        try:
            return cls(bip39.mnemonic_to_bytes(" ".join(words)))
        except ValueError:
            raise ConfigurationError(
                "the checksum of the words does not match: one is wrong, or two changed places",
                place=place,
                remedy=_REMEDY,
            ) from None

    def __repr__(self) -> str:
        return "Mnemonic(...)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mnemonic) and self._entropy == other._entropy

    def __hash__(self) -> int:
        return hash(self._entropy)

    def __reduce__(self) -> str:
        raise TypeError("recovery words are not pickled")

    def reveal_entropy(self) -> bytes:
        """Return the secret itself, for the device's own storage only."""
        return self._entropy

    def reveal(self) -> list[str]:
        """Return the words, for the eyes of the owner only."""
        return str(bip39.mnemonic_from_bytes(self._entropy)).split()

    def seed(self, passphrase: str = "") -> bytes:
        """Return the BIP 32 seed: 64 bytes, PBKDF2 over words and passphrase (BIP 39).

        Every passphrase gives a seed; only the fingerprint tells whether it is the right one.
        """
        return bytes(bip39.mnemonic_to_seed(" ".join(self.reveal()), unicodedata.normalize("NFKD", passphrase)))


def fingerprint(seed: bytes) -> bytes:
    """Return the four bytes by which BIP 32 names the master key of a seed; not secret."""
    return bytes(HDKey.from_seed(seed).my_fingerprint)

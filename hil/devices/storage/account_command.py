"""``hil device backup`` and ``hil device restore``. What goes to the terminal is handed to ``say``, line by line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from embit.networks import NETWORKS
from embit.script import Script

from hil.clock import utc_now
from hil.devices.storage.account_store import AccountStore, first_index_at
from hil.devices.storage.file_storage import FileStorage
from hil.devices.storage.mnemonic import Mnemonic
from hil.devices.storage.secret_files import ask_secret, read_passphrase, read_secret, write_secret
from hil.errors import ConfigurationError
from hil.protocol.payment.account import ACCOUNT_PATH, RECEIVE, Account

if TYPE_CHECKING:
    import argparse

Say = Callable[[str], None]


def backup(folder: str, output: str | None, say: Say, *, terminal: bool) -> None:
    """Tell the words of the account in ``folder``, or write them to ``output``.

    :param terminal: ``say`` reaches the owner's eyes; if not, nothing is told, since it would stay in some log.
    """
    if not Path(folder).is_dir():
        raise ConfigurationError("there is no such folder", place=folder)
    if output is None and not terminal:
        raise ConfigurationError(
            "the words are told to a terminal only, and this is none", remedy="Use --output FILE, or a terminal."
        )
    with FileStorage(Path(folder)) as storage:
        store = AccountStore(storage)
        words, used = store.words().reveal(), store.addresses_used()
        mark = store.fingerprint().hex()
    if output is not None:
        write_secret(output, "\n".join(words) + "\n")
        say(f"{len(words)} words of account {mark} are in {output}")
    else:
        say(f"account {mark}; who reads these words can spend its coins:")
        for row in range(0, len(words), 4):
            say(
                "".join(
                    f"{row + column + 1:3}. {word:<10}" for column, word in enumerate(words[row : row + 4])
                ).rstrip()
            )
    say(f"addresses used so far: {used}; a passphrase, if there is one, is not among the words")


def tell_address(folder: str, passphrase_file: str | None, say: Say) -> None:
    """Tell where coins for the account in ``folder`` go: first address, extended public key, descriptor; no secret."""
    if not Path(folder).is_dir():
        raise ConfigurationError("there is no such folder", place=folder)
    with FileStorage(Path(folder)) as storage:
        account = Account(AccountStore(storage).seed(read_passphrase(passphrase_file)))
    script = Script(account.key(RECEIVE, 0).p2wpkh_script)
    say(f"address: {script.address(NETWORKS['regtest'])}")
    say(f"extended public key of {ACCOUNT_PATH}: {account.public}")
    say(f"descriptor: wpkh({account.public}/0/*)")


def restore(options: argparse.Namespace, say: Say) -> None:
    """Put the account of the words into ``options.folder``."""
    if options.input is None:
        text, place = ask_secret("words", "Use --input FILE."), "the words"
    else:
        text, place = read_secret(options.input), options.input
    words = Mnemonic.parse(text, place=place)
    passphrase = read_passphrase(options.passphrase_file, ask=options.passphrase, new=True)
    first = options.first_index if options.first_index is not None else first_index_at(utc_now())
    with FileStorage(Path(options.folder)) as storage:
        store = AccountStore(storage)
        done = store.restore(words, passphrase, first_index=first, replace=options.replace)
        mark = store.fingerprint().hex()
    if done.same:
        say(f"account {mark} was there already; nothing was changed")
        return
    say(f"account {mark} is restored; its next address has index {done.first_index}")
    say("note that index with the words: a wallet finds the coins from there on only if it scans from there")

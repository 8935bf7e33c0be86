"""The account of a device: BIP 39 vectors, creation, backup, restore, power cuts in a restore, secrets."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from embit.bip32 import HDKey
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.devices.storage.account_store import AccountStore, Restored, first_index_at
from hil.devices.storage.file_storage import FileStorage
from hil.devices.storage.journal import DeviceJournal, TornRecord
from hil.devices.storage.mnemonic import Mnemonic
from hil.errors import ConfigurationError, ExitCode
from hil.protocol.payment.account import RECEIVE, Account
from hil.rig.config.coins_to import funding_script
from hil.tests.devices.storage.simulated_disk import PowerCut, SimulatedDisk, cut_before

VECTORS: dict[str, Any] = json.loads(Path("fixtures/data/vectors/bip39.json").read_text())
WORDS = [Mnemonic(bytes([number]) * 32) for number in range(3)]
PLACE = Path("device")


@pytest.fixture(params=["disk", "memory"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> FileStorage:
    return FileStorage(tmp_path / "device", None if request.param == "disk" else SimulatedDisk())


# --- words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["words"].split()[0])
def test_the_vectors_of_bip_39_hold_in_both_directions(vector: dict[str, str]) -> None:
    words = Mnemonic(bytes.fromhex(vector["entropy"]))
    assert words.reveal() == vector["words"].split()
    assert Mnemonic.parse(vector["words"], place="words") == words
    seed = words.seed(VECTORS["passphrase"])
    assert seed.hex() == vector["seed"]
    assert str(HDKey.from_seed(seed)) == vector["xprv"]


@settings(derandomize=True, deadline=None, database=None)
@given(st.sampled_from([16, 20, 24, 28, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size)))
def test_any_entropy_comes_back_from_its_words_however_they_are_written(entropy: bytes) -> None:
    words = Mnemonic(entropy).reveal()
    assert len(words) == len(entropy) * 3 // 4
    for text in ("\n".join(words), "  ".join(words).upper(), " ".join(f"{n}. {w}" for n, w in enumerate(words, 1))):
        assert Mnemonic.parse(text, place="words") == Mnemonic(entropy)


def test_a_misspelt_word_is_named_with_the_likely_one_and_no_other_word_is_quoted() -> None:
    words = Mnemonic(bytes(range(32))).reveal()
    right, words[6] = words[6], "abandn"
    with pytest.raises(ConfigurationError, match=r"w\.txt: word 7, 'abandn'.*Did you mean 'abandon'\?") as caught:
        Mnemonic.parse(" ".join(words), place="w.txt")
    quoted = str(caught.value).split()
    assert not {word for word in [*words, right] if word in quoted and word != "word"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("abandon " * 24, "checksum of the words does not match"),
        ("abandon " * 11, "there are 11 words"),
        ("abandon " * 27, "there are 27 words"),
        ("", "there are 0 words"),
        ("qqqqqqqqqqqqqqqq", "word 1, 'qqqqqqqqqqqqqqqq', is no BIP 39 word"),
    ],
)
def test_wrong_words_are_refused(text: str, what: str) -> None:
    with pytest.raises(ConfigurationError, match=what):
        Mnemonic.parse(text, place="words")


def test_a_passphrase_is_the_same_in_every_way_to_write_its_letters() -> None:
    assert WORDS[0].seed("\u00e9") == WORDS[0].seed("e\u0301") != WORDS[0].seed("e")


# --- creation -----------------------------------------------------------------------------------------------------


def test_an_account_is_made_once_with_24_words_and_is_the_same_at_every_start(storage: FileStorage) -> None:
    store = AccountStore(storage)
    assert not store.exists()
    seed = store.open_or_create()
    assert len(seed) == 64
    assert len(store.words().reveal()) == 24
    assert AccountStore(storage).open_or_create() == seed == store.words().seed()
    assert AccountStore(FileStorage(PLACE, SimulatedDisk())).open_or_create() != seed


def test_a_passphrase_is_not_stored_and_a_wrong_one_opens_nothing(storage: FileStorage) -> None:
    seed = AccountStore(storage).open_or_create("right")
    store = AccountStore(storage)
    assert store.seed("right") == seed
    with pytest.raises(ConfigurationError, match="not the one of this account"):
        store.open_or_create("wrong")
    with pytest.raises(ConfigurationError, match="has a passphrase"):
        store.open_or_create()
    assert b"right" not in (storage.read("account") or b"")


def test_a_device_that_was_in_use_gets_no_new_account_when_its_own_is_gone(storage: FileStorage) -> None:
    DeviceJournal(storage).take_address_index()
    with pytest.raises(TornRecord, match=r"there is no account, but .*\(addresses\)\. Restore"):
        AccountStore(storage).open_or_create()


@pytest.mark.parametrize("record", [b"", b"\xff", b"\x80", b"\x84\x02\x40\x40\x80", b"\x84\x01\x41a\x40\x80"])
def test_a_record_that_holds_no_account_is_refused(storage: FileStorage, record: bytes) -> None:
    storage.write("account", record)
    with pytest.raises(TornRecord, match="does not hold an account"):
        AccountStore(storage).open_or_create()


def test_a_cut_at_the_first_start_leaves_no_account_or_the_one_that_stays() -> None:
    for number in range(30):
        disk = SimulatedDisk(before=cut_before(number))
        with contextlib.suppress(PowerCut):
            AccountStore(FileStorage(PLACE, disk)).open_or_create()
        for left in disk.outcomes():
            store = AccountStore(FileStorage(PLACE, left))
            exists = store.exists()
            seed = store.open_or_create()
            assert store.open_or_create() == seed
            assert len(store.words().reveal()) == 24
            assert exists or store.addresses_used() == 0


# --- restore ------------------------------------------------------------------------------------------------------


def test_a_restored_account_has_the_old_keys_and_goes_on_far_ahead(storage: FileStorage) -> None:
    old = AccountStore(FileStorage(PLACE, SimulatedDisk()))
    seed = old.open_or_create("pass")
    words = Mnemonic.parse(" ".join(old.words().reveal()), place="words")
    first = first_index_at(datetime(2027, 5, 1, tzinfo=UTC))
    store = AccountStore(storage)
    assert store.restore(words, "pass", first_index=first) == Restored(False, first)
    assert store.open_or_create("pass") == seed
    assert Account(store.seed("pass")).key(0, 7).p2wpkh_script == Account(seed).key(0, 7).p2wpkh_script
    assert DeviceJournal(storage).take_address_index() == first
    assert DeviceJournal(storage).take_address_index() == first + 1


def test_the_index_of_a_restore_is_ahead_of_every_earlier_restore_and_of_one_address_a_second() -> None:
    days = [datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)]
    indices = [first_index_at(day) for day in days]
    assert indices[1] - indices[0] == 86_400
    assert indices == sorted(indices)
    assert indices[-1] < 2**31
    for wrong in (datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)):
        with pytest.raises(ConfigurationError, match="calendar of this machine"):
            first_index_at(wrong)


def test_a_known_count_may_be_named_also_zero(storage: FileStorage) -> None:
    AccountStore(storage).restore(WORDS[0], first_index=0)
    assert DeviceJournal(storage).take_address_index() == 0
    for index in (-1, 2**31):
        with pytest.raises(ConfigurationError, match="no index of an address"):
            AccountStore(storage).restore(WORDS[0], first_index=index)


def test_the_same_account_is_left_alone_with_its_count(storage: FileStorage) -> None:
    store = AccountStore(storage)
    store.open_or_create()
    DeviceJournal(storage).take_address_index()
    assert store.restore(store.words(), first_index=1000) == Restored(True, 1)
    assert DeviceJournal(storage).take_address_index() == 1


def test_another_account_is_replaced_only_on_demand_and_takes_its_records_along(storage: FileStorage) -> None:
    store = AccountStore(storage)
    store.restore(WORDS[0], first_index=5)
    storage.write("other", b"of the old account")
    for words, passphrase in ((WORDS[1], ""), (WORDS[0], "another passphrase is another account")):
        with pytest.raises(ConfigurationError, match="in use by another account"):
            store.restore(words, passphrase, first_index=9)
    assert store.words() == WORDS[0]
    assert store.restore(WORDS[1], first_index=9, replace=True) == Restored(False, 9)
    assert store.words() == WORDS[1]
    assert storage.names() == ["account", "addresses"]


def test_records_without_an_account_are_not_overwritten_unasked(storage: FileStorage) -> None:
    DeviceJournal(storage).take_address_index()
    with pytest.raises(ConfigurationError, match="in use"):
        AccountStore(storage).restore(WORDS[0], first_index=9)
    AccountStore(storage).restore(WORDS[0], first_index=9, replace=True)
    assert DeviceJournal(storage).take_address_index() == 9


def test_an_account_with_a_session_to_settle_is_never_replaced(storage: FileStorage) -> None:
    store = AccountStore(storage)
    store.restore(WORDS[0], first_index=5)
    journal = storage_with_open_session(storage)
    with pytest.raises(ConfigurationError, match="not settled yet"):
        store.restore(WORDS[1], first_index=9, replace=True)
    assert store.words() == WORDS[0]
    assert journal.open_session() is not None
    journal.forget()
    assert not store.restore(WORDS[1], first_index=9, replace=True).same


def storage_with_open_session(storage: FileStorage) -> DeviceJournal:
    """Put into ``storage`` what a socket that lost its power in a session has there."""
    from hil.tests.devices.device_pair import DevicePair

    pair = DevicePair().start()
    pair.run(10.0)
    assert pair.journal().open_session() is not None
    storage.write("session", pair.socket.storage.records["session"])
    journal = DeviceJournal(storage)
    assert journal.open_session() is not None
    return journal


def test_a_restore_that_is_cut_anywhere_is_finished_or_was_never_begun() -> None:
    def used() -> SimulatedDisk:
        disk = SimulatedDisk()
        with FileStorage(PLACE, disk) as storage:
            AccountStore(storage).restore(WORDS[0], first_index=3)
            storage.write("coins", b"of the old account")
        disk.operations = 0
        return disk

    cuts = 0
    for number in range(200):
        disk = used()
        disk.before = cut_before(number)
        through = False
        with contextlib.suppress(PowerCut):
            AccountStore(FileStorage(PLACE, disk)).restore(WORDS[1], first_index=9, replace=True)
            through = True
        for left in disk.outcomes():
            cuts += 1
            storage = FileStorage(PLACE, left)
            store = AccountStore(storage)
            store.open_or_create()
            if store.words() == WORDS[0]:
                assert not through
                assert (store.addresses_used(), storage.read("coins")) == (3, b"of the old account")
            else:
                assert (store.addresses_used(), storage.read("coins")) == (9, None)
        if through:
            break
    assert cuts > 100


# --- secrets ------------------------------------------------------------------------------------------------------


def test_neither_words_nor_seed_are_in_any_repr_or_error() -> None:
    storage = FileStorage(PLACE, SimulatedDisk())
    store = AccountStore(storage, lambda count: bytes(range(count)))
    seed = store.open_or_create("pass")
    shown = f"{store!r} {store.words()!r} {store.words()} {storage!r} {vars(store)!r} {store._stored()!r}"
    with pytest.raises(ConfigurationError) as caught:
        store.open_or_create("wrong")
    shown += f"{caught.value!r} {caught.value}"
    for secret in (seed.hex(), repr(seed), bytes(range(32)).hex(), *store.words().reveal()[:3], "pass "):
        assert f"{secret} " not in shown
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(store.words())


# --- the commands -------------------------------------------------------------------------------------------------

COMMAND = [sys.executable, "-m", "hil.cli.main", "device"]


def hil(*arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=30, check=False, **settings)


def test_backup_to_a_file_and_restore_into_another_folder(tmp_path: Path) -> None:
    device, spare, backup = tmp_path / "device", tmp_path / "spare", tmp_path / "words"
    with FileStorage(device) as storage:
        seed = AccountStore(storage).open_or_create("secret pass")
    refused = hil("backup", str(device))
    assert refused.returncode == ExitCode.AUTHOR_ERROR
    assert "told to a terminal only" in refused.stderr
    done = hil("backup", str(device), "--output", str(backup))
    assert done.returncode == 0, done.stderr
    words = backup.read_text().split()
    assert backup.stat().st_mode & 0o777 == 0o600
    assert len(words) == 24
    told = re.sub(r"[0-9a-f]{8}", "FINGERPRINT", done.stdout.replace(str(backup), "FILE"), count=1)
    # not a word more than this: its own words may be among those of the account, so that they cannot be told apart
    assert told == (
        "24 words of account FINGERPRINT are in FILE\n"
        "addresses used so far: 0; a passphrase, if there is one, is not among the words\n"
    )
    again = hil("backup", str(device), "--output", str(backup))
    assert "File exists" in again.stderr

    passphrase = tmp_path / "passphrase"
    passphrase.write_text("secret pass\n")
    restore = ("restore", str(spare), "--input", str(backup))
    loose = hil(*restore, "--passphrase-file", str(passphrase))
    assert "others may read it. chmod 600" in loose.stderr
    passphrase.chmod(0o600)
    done = hil(*restore, env={**os.environ, "HIL_DEVICE_PASSPHRASE_FILE": str(passphrase)})
    assert done.returncode == 0, done.stderr
    assert "its next address has index" in done.stdout
    with FileStorage(spare) as storage:
        assert AccountStore(storage).open_or_create("secret pass") == seed
        assert DeviceJournal(storage).take_address_index() > 20_000_000
    same = hil(*restore, "--passphrase-file", str(passphrase))
    assert "was there already" in same.stdout
    other = hil(*restore)  # the same words without the passphrase are another account
    assert other.returncode == ExitCode.AUTHOR_ERROR
    assert "say --replace" in other.stderr
    assert "no such folder" in hil("backup", str(tmp_path / "none")).stderr
    assert not (tmp_path / "none").exists()


def test_words_are_told_to_a_terminal_and_asked_for_there_without_being_shown(tmp_path: Path) -> None:
    with FileStorage(tmp_path / "device") as storage:
        store = AccountStore(storage)
        store.open_or_create()
        words = store.words()
    shown = at_terminal(["backup", str(tmp_path / "device")], "")
    listed = shown[shown.index("  1.") : shown.index("addresses used")]
    assert Mnemonic.parse(listed, place="terminal") == words
    shown = at_terminal(["restore", str(tmp_path / "spare")], " ".join(words.reveal()))
    assert "is restored" in shown
    assert " ".join(words.reveal()[:3]) not in shown
    with FileStorage(tmp_path / "spare") as storage:
        assert AccountStore(storage).words() == words
    refused = hil("restore", str(tmp_path / "third"), stdin=subprocess.DEVNULL, start_new_session=True)
    assert "there is no terminal. Use --input FILE." in refused.stderr


def at_terminal(arguments: list[str], answer: str) -> str:
    """Run the command with a terminal of its own, type ``answer`` when it asks, and return what was shown."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [*COMMAND, *arguments])  # noqa: S606 - our own program, no shell
    shown, answered = b"", not answer
    try:
        while data := os.read(terminal, 4096):
            shown += data
            if not answered and shown.endswith(b"words: "):
                os.write(terminal, answer.encode() + b"\n")
                answered = True
    except OSError:  # the other end is closed
        pass
    finally:
        os.close(terminal)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, shown
    return shown.decode().replace("\r\n", "\n")


def test_where_coins_go_is_told_without_a_secret_and_without_making_an_account(tmp_path: Path) -> None:
    device, empty = tmp_path / "device", tmp_path / "empty"
    with FileStorage(device) as storage:
        seed = AccountStore(storage).open_or_create()
    told = hil("address", str(device))
    assert told.returncode == 0, told.stderr
    address, key, descriptor = told.stdout.splitlines()
    account = Account(seed)
    for line in (address, key, descriptor):
        assert funding_script(line.partition(": ")[2]) == account.key(RECEIVE, 0).p2wpkh_script
    assert "prv" not in told.stdout
    empty.mkdir()
    refused = hil("address", str(empty))
    assert refused.returncode == ExitCode.AUTHOR_ERROR
    assert "there is no account" in refused.stderr
    assert hil("address", str(tmp_path / "nowhere")).returncode == ExitCode.AUTHOR_ERROR

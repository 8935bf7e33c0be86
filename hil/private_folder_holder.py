"""A program: mounts a file system of its own on a folder, in a mount namespace of its own, and lets it fail when told.

``python -I -S private_folder_holder.py FOLDER``. It says ``ready``; then it answers each line of its standard input
with ``done`` or ``failed REASON``: ``full``, ``read-only``, ``works again``, ``torn in its newest file``, ``torn in
every file``. The namespace, and with it all that was written, ends when this program and those that joined it have
ended. It ends with its standard input. Imports the standard library only, so that it starts in a few milliseconds.
"""

import ctypes
import os
import sys

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 16384, 1 << 18
"""Of unshare(2) and mount(2)."""

SIZE = 64 << 20
"""Bytes that the file system holds; memory is taken for what is in it only."""

STORAGE = "storage"
"""The folder in the file system that the device gets."""

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str, flags: int, options: str) -> None:
    words = [word.encode() or None for word in (source, target, kind, options)]
    _checked(_libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3]), f"mount {kind or target}")


def enter_namespace() -> None:
    """Leave the mounts of the machine; raises OSError if the machine does not let it."""
    if _libc.unshare(CLONE_NEWNS) != 0:  # not root: then root in a user namespace that knows this user only
        user, group = os.geteuid(), os.getegid()
        _checked(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{user} {user} 1"),
            ("gid_map", f"{group} {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    _mount("", "/", "", MS_REC | MS_PRIVATE, "")


def _remount(folder: str, flags: int, size: int) -> None:
    _mount("", folder, "", MS_REMOUNT | MS_NOSUID | MS_NODEV | flags, f"size={size}")


def _tear(folder: str, *, all_files: bool) -> None:
    found = [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]
    files = [path for path in found if os.path.isfile(path) and os.path.getsize(path)]
    files.sort(key=lambda path: os.stat(path).st_mtime_ns)
    for path in files if all_files else files[-1:]:
        os.truncate(path, os.path.getsize(path) // 2)


def carry_out(word: str, folder: str) -> None:
    """Let the file system fail, or work again; raises OSError."""
    storage = os.path.join(folder, STORAGE)
    if word == "full":
        # a page in use: a size of 0 would be no limit
        with open(os.path.join(folder, "used"), "wb") as file:
            file.write(b"used")
        state = os.statvfs(folder)
        _remount(folder, 0, (state.f_blocks - state.f_bfree) * state.f_bsize)
    elif word == "read-only":
        _remount(folder, MS_RDONLY, SIZE)
    elif word == "works again":
        _remount(folder, 0, SIZE)
    elif word in ("torn in its newest file", "torn in every file"):
        _tear(storage, all_files=word == "torn in every file")
    else:
        raise OSError(0, f"'{word}' is not a way to fail")


def main() -> None:
    """See the docstring of the module."""
    folder = sys.argv[1]
    try:
        enter_namespace()
        _mount("storage", folder, "tmpfs", MS_NOSUID | MS_NODEV, f"size={SIZE},mode=700")
        os.mkdir(os.path.join(folder, STORAGE), 0o700)
    except OSError as error:
        print(f"failed {error.strerror}", flush=True)  # noqa: T201 - its answer
        return
    print("ready", flush=True)  # noqa: T201 - its answer
    for line in sys.stdin:
        try:
            carry_out(line.strip(), folder)
            print("done", flush=True)  # noqa: T201 - its answer
        except OSError as error:
            print(f"failed {error.strerror}", flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main()

"""The Docker image with bitcoind in it: present, pulled, or built here."""

from __future__ import annotations

import hashlib
import os
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import docker.errors
import requests

from hil.chain.node import debian
from hil.chain.node.folders import lock
from hil.errors import ConfigurationError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

OWN_IMAGES: Final = "micropay-hil/"
"""Images under this name are built here; any other name is somebody else's and is only pulled."""

DOCKERFILE: Final = Path(__file__).parent / "bitcoind" / "Dockerfile"
"""The recipe of our image; it is part of the package."""

DEFAULT_IMAGE: Final = f"{OWN_IMAGES}bitcoind"
DEBIAN_IMAGE: Final = ("debian", f"{debian.SUITE}-slim")
LABEL: Final = "micropay-hil.dockerfile"
NOTES_LABEL: Final = "micropay-hil.notes"

_BASE_IMAGE = f"{OWN_IMAGES}debian"
_DOCKER_ERRORS = (docker.errors.DockerException, requests.RequestException)


def image_name() -> str:
    """Return the image to use: ``HIL_BITCOIND_IMAGE``, else our own."""
    return os.environ.get("HIL_BITCOIND_IMAGE") or DEFAULT_IMAGE


def ensure_image(client: DockerClient, name: str) -> tuple[Image, tuple[str, ...]]:
    """Return the image ``name``, made first if it is absent or older than its Dockerfile, and notes about it.

    Raises ConfigurationError with every way that was tried if it cannot be had.
    """
    ours = name.startswith(OWN_IMAGES)
    fingerprint = hashlib.sha256(DOCKERFILE.read_bytes()).hexdigest()[:16] if ours else ""
    image = _present(client, name, fingerprint)
    if image is None:
        with lock("image"):
            image = _present(client, name, fingerprint)
            if image is None:
                image = _build(client, name, fingerprint) if ours else _pull(client, name)
    return image, tuple(image.labels.get(NOTES_LABEL, "").splitlines())


def digest_of(image: Image) -> str:
    """Return the digest under which the registry knows the image; the image's own id if it was built here."""
    digests = image.attrs.get("RepoDigests") or []
    return str(digests[0]).rpartition("@")[2] if digests else str(image.id)


def _present(client: DockerClient, name: str, fingerprint: str) -> Image | None:
    try:
        image = client.images.get(name)
    except docker.errors.ImageNotFound:
        return None
    return image if not fingerprint or image.labels.get(LABEL) == fingerprint else None


def _pull(client: DockerClient, name: str) -> Image:
    try:
        image = client.images.pull(name) if ":" in name.rpartition("/")[2] else client.images.pull(name, tag="latest")
    except _DOCKER_ERRORS as error:
        raise ConfigurationError(
            f"the image '{name}' is not here and cannot be pulled ({_brief(error)})",
            place="HIL_BITCOIND_IMAGE",
            remedy=f"Load it by hand, or leave HIL_BITCOIND_IMAGE empty to have '{DEFAULT_IMAGE}' built",
        ) from error
    return image


def _build(client: DockerClient, name: str, fingerprint: str) -> Image:
    """Build from Debian's image if the registry gives it, else from the packages of the machine's mirror."""
    try:
        client.images.pull(DEBIAN_IMAGE[0], tag=DEBIAN_IMAGE[1])
        return _build_on(client, name, ":".join(DEBIAN_IMAGE), fingerprint)
    except _DOCKER_ERRORS as error:
        first = f"on Debian's image: {_brief(error)}"
    try:
        tree = debian.unpack()
        base = _base_of(client, tree)
        note = "base image made from the machine's Debian mirror, because the registry's cannot be used"
        return _build_on(client, name, base, fingerprint, (note, *tree.notes))
    except (ConfigurationError, *_DOCKER_ERRORS) as error:
        second = f"on the machine's Debian mirror: {_brief(error)}"
    raise ConfigurationError(
        f"the image '{name}' cannot be built, neither {first}; nor {second}",
        place=str(DOCKERFILE),
        remedy="Give a network, or set HIL_BITCOIND_IMAGE to an image that is here, or use NODE=native",
    )


def _build_on(client: DockerClient, name: str, base: str, fingerprint: str, notes: tuple[str, ...] = ()) -> Image:
    image, _ = client.images.build(
        path=str(DOCKERFILE.parent),
        tag=name,
        buildargs={"BASE": base},
        labels={LABEL: fingerprint, NOTES_LABEL: "\n".join(notes)},
        network_mode="host",
        rm=True,
        forcerm=True,
    )
    return image


def _base_of(client: DockerClient, tree: debian.Tree) -> str:
    """Return the name of the base image that holds the unpacked tree; import it if it is not there yet."""
    stat = (tree.root / "usr/bin/bitcoind").stat()
    tag = f"{debian.SUITE}-{int(stat.st_mtime)}-{stat.st_size}"  # dpkg keeps the package's own dates
    name = f"{_BASE_IMAGE}:{tag}"
    if _present(client, name, "") is None:
        _import_tree(client, tree, tag)
    return name


def _import_tree(client: DockerClient, tree: debian.Tree, tag: str) -> None:
    def as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
        # whoever unpacked it
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        return member

    with tempfile.NamedTemporaryFile(suffix=".tar") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            archive.add(tree.root, arcname=".", filter=as_root)
        file.flush()
        client.api.import_image_from_file(file.name, _BASE_IMAGE, tag)


def _brief(error: Exception) -> str:
    text = getattr(error, "explanation", None) or str(error)
    return " ".join(str(text).split())[:200]

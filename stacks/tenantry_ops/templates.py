"""What the commands of `tenantry template` do: find a version, pack it, sign it, look at it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.errors import CatalogueError, PreflightError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenantry.catalogue import TemplateVersion
    from tenantry.catalogue.lint import LintReport
    from tenantry.catalogue.places import Place
    from tenantry.catalogue.platforms import Architecture
    from tenantry.catalogue.signing import Trust
    from tenantry.spec.plan import OverlayPlan
    from tenantry_ops.project import Project

_BUNDLE: Final = ".bundle"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedBundle:
    """A bundle that was written: `sha256` of its bytes, the `digest` that a lock holds, the wheels inside."""

    file: Path
    template: str
    digest: str
    sha256: str
    size: int
    wheels: tuple[str, ...]
    overlay: OverlayPlan | None = None

    def to_json(self) -> dict[str, object]:
        """The bundle as a JSON object."""
        return {
            "file": str(self.file),
            "template": self.template,
            "digest": self.digest,
            "sha256": self.sha256,
            "size": self.size,
            "wheels": list(self.wheels),
            "overlay": {"base": self.overlay.base, "digest": self.overlay.digest} if self.overlay else None,
        }


def version_of(target: str, project: Callable[[], Project]) -> TemplateVersion:
    """The version that `shop@1.2.0`, a folder with a template.yaml, or a bundle's file stands for.

    Args:
        target: what the user wrote.
        project: gives the project, whose catalogue knows selectors; asked only for those.

    Raises CatalogueError, SpecError, PreflightError.
    """
    from tenantry.catalogue.catalogue import open_place
    from tenantry.catalogue.places import Place, open_bundle

    path = Path(target)
    if path.is_dir():
        return open_place(Place(folder=path.absolute()))
    if target.endswith(_BUNDLE):
        return open_place(open_bundle(path.absolute()))
    if "@" in target:
        return project().catalogue.open(target)
    raise PreflightError(
        f"{target[:200]!r} is no template version, no folder and no bundle.",
        hint="Write for example shop@1.2.0, ./templates/shop/1.2.0 or shop-1.2.0.bundle.",
    )


def version_of_instance(project: Project, instance: str) -> tuple[TemplateVersion, OverlayPlan | None]:
    """The version that an instance runs, with its overlay. Raises CatalogueError, SpecError, PreflightError."""
    from tenantry.spec.load import load_tenant
    from tenantry_ops.overlays import with_overlay

    file = project.tenant_file(instance)
    tenant = load_tenant(file, name=project.shown(file))
    return with_overlay(project, project.catalogue, project.catalogue.open(tenant.template), tenant)


def pack(
    version: TemplateVersion,
    output: Path,
    *,
    overlay: OverlayPlan | None = None,
    architectures: Sequence[Architecture] = (),
    wheels: bool = True,
) -> PackedBundle:
    """Writes the version's bundle.

    Args:
        version: the version.
        output: a folder, in which the file gets its usual name, or the file itself.
        overlay: what was laid over the version.
        architectures: processors to take wheels along for; all known ones where empty.
        wheels: whether to take the locked packages along.

    Raises CatalogueError where a wheel cannot be had; PreflightError where the file cannot be written.
    """
    from tenantry.catalogue.bundle import bundle_name, pack_bundle
    from tenantry.catalogue.platforms import ARCHITECTURES
    from tenantry.catalogue.vendoring import wheels_of

    name, number = version.ref.name, version.ref.version
    taken = wheels_of(version, architectures or ARCHITECTURES) if wheels else []
    content = pack_bundle(version.tree, name, number, wheels=taken, overlay=overlay)
    file = output / bundle_name(name, number) if output.is_dir() else output
    _write(file, content)
    return PackedBundle(
        file=file,
        template=str(version.ref),
        digest=version.tree.digest,
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        wheels=tuple(wheel.path.name for wheel in taken),
        overlay=overlay,
    )


def write_archives(version: TemplateVersion, folder: Path, architecture: Architecture) -> dict[str, Path]:
    """Writes what pods fetch when sources fit no ConfigMap: `<digest>.tar.gz` per service and site; component -> file.

    Raises CatalogueError, SpecError; PreflightError where the folder cannot be written.
    """
    from tenantry.catalogue.platforms import Platform
    from tenantry.spec.components import Service

    written: dict[str, Path] = {}
    for name, component in version.template.components.items():
        tree = version.sources.get(name)
        if tree is None:
            continue
        runtime = component.runtime if isinstance(component, Service) else None
        packed = tree.packed(Platform(runtime=runtime, architecture=architecture) if runtime else None)
        written[name] = folder / f"{packed.ref.digest.removeprefix('sha256:')}.tar.gz"
        _write(written[name], packed.archive)
    return written


def trust_of(project: Project | None, keys: Sequence[Path]) -> Trust | None:
    """Whose signatures count: those of the given keys, one of which is required; else the project's publishers."""
    from tenantry.catalogue.signing import Trust

    if keys:
        return Trust(required=True, publishers={str(key): [_read(key).decode("ascii", "replace")] for key in keys})
    return project.catalogue.trust if project is not None else None


def verify(file: Path, trust: Trust | None = None) -> Place:
    """Checks a bundle's signatures, its content and its template. Raises CatalogueError, SpecError."""
    from tenantry.catalogue.catalogue import open_place
    from tenantry.catalogue.places import open_bundle

    place = open_bundle(file.absolute(), trust)
    open_place(place)
    return place


def sign(file: Path, key: Path, passphrase_file: Path | None) -> tuple[str, Path, list[str]]:
    """Adds a signature to the file beside a bundle, which is checked first.

    Returns `name@version`, the file of signatures, and the ids of all keys that signed.
    Raises CatalogueError, SpecError, PreflightError.
    """
    from tenantry.catalogue.scan import sha256_of
    from tenantry.catalogue.signing import SUFFIX, private_key, read_signatures, write_signatures
    from tenantry.catalogue.signing import sign as signature_of
    from tenantry.catalogue.unbundle import read_info

    passphrase = _read(passphrase_file).strip(b"\r\n") if passphrase_file is not None else None
    secret = private_key(_read(key), str(key), passphrase)
    before = sha256_of(file)
    verify(file)
    selector = read_info(file).selector
    if sha256_of(file) != before:
        raise CatalogueError(f"{file} changed while it was used", hint="run the command again")
    made = signature_of(selector, before, secret)
    target = file.with_name(file.name + SUFFIX)
    others = [one for one in read_signatures(target) if one.key != made.key]
    write_signatures(target, [*others, made])
    return selector, target, sorted(one.key for one in [*others, made])


def make_key(file: Path) -> tuple[Path, str]:
    """Writes a new private key to `file`, for its owner only, and the public one beside it; its path, and the key's id.

    Raises PreflightError where one of the files is there already or cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    from tenantry.catalogue.signing import key_id

    public = file.with_name(f"{file.stem}.pub{file.suffix or '.pem'}")
    key = Ed25519PrivateKey.generate()
    texts = (
        (public, 0o644, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)),
        (file, 0o600, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())),
    )
    for path, mode, content in texts:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            with os.fdopen(descriptor, "wb") as opened:
                opened.write(content)
        except OSError as error:
            raise PreflightError(f"{path} cannot be written: {error.strerror}.", hint="Choose another file.") from None
    return public, key_id(key.public_key())


def look_at(version: TemplateVersion) -> LintReport:
    """What lint says of a version, with the names and dialects of the installed runtimes and stores."""
    from tenantry import registry
    from tenantry.catalogue.lint import lint

    dialects = registry.store_dialects()
    vendors = {*registry.runtimes(), *dialects, *dialects.values()}
    return lint(version, vendors=vendors, dialects=set(dialects.values()))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PreflightError(f"{path} cannot be read: {error.strerror}.", hint="Name an existing file.") from None


def _write(file: Path, content: bytes) -> None:
    try:
        descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(file)
    except OSError as error:
        hint = "Name another file or folder: --output"
        raise PreflightError(f"{file} cannot be written: {error.strerror}.", hint=hint) from None

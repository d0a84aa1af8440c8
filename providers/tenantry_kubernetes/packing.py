"""How a component's sources reach its pods: in a ConfigMap where they fit, else from the account's bundle address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenantry.errors import CapabilityError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.catalogue.platforms import Platform
    from tenantry.contract.scope import SourcePackage
    from tenantry.spec.plan import SourceRef

CONFIG_MAP_LIMIT: Final = 2**20
"""What all values of a ConfigMap may come to, in bytes (kubernetes.io/docs/concepts/configuration/configmap)."""
PROGRAMS_ROOM: Final = 48 * 2**10
"""What is kept free beside the archive for the programs that unpack and serve it."""
PACKED_LIMIT: Final = CONFIG_MAP_LIMIT - PROGRAMS_ROOM
NODE_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
"""The kernel's name of a processor -> the value of the node label kubernetes.io/arch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A source tree on its way: `archive` where it fits a ConfigMap, else `url`. `ref` is what it unpacks to.

    `architecture`: the processor that it needs, as nodes say it (`amd64`); None where every one does.
    """

    ref: SourceRef
    archive: bytes | None
    url: str | None
    architecture: str | None = None


def pack(
    component: str, sources: Mapping[str, SourcePackage], bundles: str | None, platform: Platform | None = None
) -> Packed:
    """Decides how the sources travel. Raises CapabilityError where they are too large and there are no bundles.

    Args:
        component: whose sources.
        sources: all of the instance.
        bundles: the account's address of large archives, where it has one.
        platform: what a service's locked packages are chosen for; None for a site.
    """
    packed = sources[component].packed(platform)
    archive, ref = packed.archive, packed.ref
    architecture = NODE_ARCHITECTURES[platform.architecture] if packed.native and platform is not None else None
    if len(archive) <= PACKED_LIMIT:
        return Packed(ref=ref, archive=archive, url=None, architecture=architecture)
    if bundles is not None:
        url = f"{bundles}/{ref.digest.removeprefix('sha256:')}.tar.gz"
        return Packed(ref=ref, archive=None, url=url, architecture=architecture)
    raise CapabilityError(
        f"The sources of {component} are {len(archive)} bytes packed; a ConfigMap holds {PACKED_LIMIT}.",
        hint="Give runtime.account.bundles, an https:// address below which "
        f"{ref.digest.removeprefix('sha256:')}.tar.gz answers; or build an image and give the component image: "
        "name@sha256:… instead of a source; or leave large files out of the source.",
    )

"""Which kinds a server serves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.kinds import Kind

if TYPE_CHECKING:
    from tenantry_kubernetes.client.requests import Object


def from_listing(listing: Object) -> dict[str, Kind]:
    """The kinds of an APIResourceList, subresources left out."""
    group, _, version = str(listing["groupVersion"]).rpartition("/")
    return {
        each["kind"]: Kind(group, version, each["kind"], each["name"], bool(each["namespaced"]))
        for each in listing.get("resources") or []
        if "/" not in each["name"]
    }


def unknown_kind(api_version: str, kind: str) -> KubernetesError:
    """The error for a kind that the server does not serve."""
    return KubernetesError(
        f"The server does not serve the kind {kind} in {api_version}",
        status=404,
        reason="NoMatch",
        hint="Install the CustomResourceDefinition that brings it, or correct apiVersion and kind.",
    )

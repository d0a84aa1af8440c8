"""What a host can do. Databases, buckets and schedules are absent: a plan that needs them is refused before `up`."""

from __future__ import annotations

from typing import Final

from tenantry.spec.capabilities import Capabilities, Feature, Limit, Provenance

_OWN: Final = Provenance(kind="recorded", source="tenantry_host.daemon, by the conformance kit", on="2026-11-23")


def _yes() -> Feature:
    return Feature(support="yes", provenance=_OWN)


def _nearly(note: str) -> Feature:
    return Feature(support="approximate", provenance=_OWN, note=note)


CAPABILITIES: Final = Capabilities(
    features={
        "service": _nearly("A host does not hold a process to its share of CPU and memory."),
        "service.source": _yes(),
        "service.scale": _nearly("A host runs scale.min copies, at least one; it adds none under load."),
        "service.scale_to_zero": _nearly("A host keeps one copy running; it does not scale to zero."),
        "service.concurrency": _nearly("A host does not limit how many requests one copy gets."),
        "site": _yes(),
        "suspend": _yes(),
        "domains": _yes(),
        "domains.tls.none": _yes(),
        "ownership.provider": _yes(),
    },
    limits={
        "service.scale.max": Limit(provenance=_OWN, minimum=1, maximum=16),
        "source.size_bytes": Limit(provenance=_OWN, maximum=16 * 2**20),
        "domains.count": Limit(provenance=_OWN, maximum=64),
        "routes.count": Limit(provenance=_OWN, maximum=64),
    },
    source_runtimes=("python3.11", "python3.12", "python3.13"),
)

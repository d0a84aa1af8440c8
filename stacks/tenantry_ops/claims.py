"""What no two instances may have: host names and mini-programs, answered from an index of the tenant files.

The index knows each file's time, size and place on the disk; a file is read again only where one of them changed, so
that one more instance costs the same beside ten as beside ten thousand. It is a copy: a broken or missing one is made
again. A retired instance claims nothing, a suspended one keeps what it has.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tenantry.errors import SpecError, TenantryError
from tenantry.spec.source import Finding
from tenantry_ops.kept import read_record, write_record
from tenantry_ops.project import is_instance_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from tenantry.spec.source import Path as Place
    from tenantry.spec.source import Source
    from tenantry_ops.project import Project

_VERSION: Final = 1
"""Of the record's form; another one is made again."""

_APPID: Final = ("appid", "app_id")
"""Fields of a store by which its package names the mini-program."""

Claim = tuple[str, str]
"""What is claimed, and the value: `("host", "shop.acme.example")`, `("appid wechat", "wx0123456789abcdef")`."""

Stamp = list[int]


@dataclass(slots=True)
class _Row:
    stamp: Stamp
    tenant: str
    claims: list[Claim]
    open_host: bool
    """Whether it names no domain and so gets the runtime's default host."""


@dataclass(slots=True)
class Index:
    """Claims by instance, as the files say now. `read` counts the files that had to be read."""

    rows: dict[str, _Row] = field(default_factory=dict)
    read: int = 0
    _by_claim: dict[Claim, list[str]] | None = None

    @classmethod
    def of(cls, project: Project) -> Index:
        """The index of a project, brought up to date."""
        file = project.folder / "cache" / "index.json"
        kept = _kept(file)
        index = cls()
        for name, stamp in _stamps(project.instances_folder):
            row = kept.get(name)
            if row is None or row.stamp != stamp:
                row = _read(project, name, stamp)
                index.read += 1
            index.rows[name] = row
        if index.read or kept.keys() != index.rows.keys():
            rows = {name: [row.stamp, row.tenant, row.claims, int(row.open_host)] for name, row in index.rows.items()}
            write_record(file, {"version": _VERSION, "rows": rows})
        return index

    def put(self, instance: str, tenant: str, claims: Iterable[Claim]) -> None:
        """Says what an instance claims, its default host with the rest, without its file being read."""
        self.rows[instance] = _Row([], tenant, list(claims), open_host=False)
        self._by_claim = None

    def disputed(self) -> dict[str, list[Claim]]:
        """Instances with claims that others have too."""
        found: dict[str, list[Claim]] = {}
        for name, row in self.rows.items():
            for claim in row.claims:
                if len(self.owners(claim)) > 1:
                    found.setdefault(name, []).append(claim)
        return found

    def owners(self, claim: Claim) -> list[str]:
        """The instances that claim it, sorted."""
        if self._by_claim is None:
            self._by_claim = {}
            for name, row in self.rows.items():
                for one in row.claims:
                    self._by_claim.setdefault(one, []).append(name)
        return sorted(set(self._by_claim.get(claim, ())))

    def has_open_host(self, instance: str) -> bool:
        """Whether an instance gets its runtime's default host."""
        row = self.rows.get(instance)
        return row is not None and row.open_host

    def tenant(self, instance: str) -> str:
        """The owner of an instance, as its file says."""
        row = self.rows.get(instance)
        return row.tenant if row is not None else ""


def claims_of(data: object) -> list[tuple[Claim, Place]]:
    """What a tenant file's data claims and where it says so; nothing of it is trusted to have its right form."""
    if not isinstance(data, dict) or _state(data) == "retired":
        return []
    return [*_hosts(data.get("domains")), *_appids(data.get("stores"))]


def conflicts(
    index: Index, instance: str, data: object, host: str | None = None, others: Iterable[str] = ()
) -> Iterator[Finding]:
    """What of an instance somebody else claims too.

    Args:
        index: of all instances.
        instance: whose data this is.
        data: its tenant file's.
        host: the host that it gets from its runtime, where it names none.
        others: hosts among its own that are the default hosts of other instances.
    """
    taken = set(others)
    for claim, place in claims_of(data):
        kind, value = claim
        owners = [name for name in index.owners(claim) if name != instance]
        if owners:
            what = "the host" if kind == "host" else f"the mini-program ({kind})"
            message = f"{what} {value} is also claimed by {_named(index, owners)}"
            yield Finding(place, message, "each belongs to one instance: change one of the two")
        elif kind == "host" and value in taken:
            yield Finding(place, f"the host {value} is what another instance gets from its runtime", "take another one")
    if host is not None:
        owners = [name for name in index.owners(("host", host)) if name != instance]
        if owners:
            message = f"the instance gets the host {host} from its runtime, and {_named(index, owners)} claims it too"
            yield Finding(("instance",), message, "add a domain, or take the host out of the other file")


def check_claims(
    project: Project, instance: str, source: Source, host: str | None, default_host: Callable[[str], str | None]
) -> None:
    """Raises SpecError where the instance claims what another one has.

    Args:
        project: where the instance is.
        instance: its id.
        source: the places of its tenant file.
        host: the host that it gets from its runtime; None where it names one itself.
        default_host: the default host of another instance, where it runs on the same runtime.
    """
    index = Index.of(project)
    data = project.tenant_data(instance)
    hosts = [value for (kind, value), _ in claims_of(data) if kind == "host"]
    others = [other for name in candidates(index, instance, hosts) if (other := default_host(name)) is not None]
    findings = list(conflicts(index, instance, data, host, others))
    if findings:
        raise SpecError(source.problems(findings))


def candidates(index: Index, instance: str, hosts: Iterable[str]) -> list[str]:
    """Instances whose default host may be one of these: a default host begins with the instance's id."""
    first = {host.partition(".")[0] for host in hosts}
    return [name for name in sorted(first) if name != instance and index.has_open_host(name)]


def _named(index: Index, owners: list[str]) -> str:
    shown = [f"{name} (tenant {index.tenant(name)})" for name in owners[:3]]
    return ", ".join(shown) + (f" and {len(owners) - 3} more" if len(owners) > len(shown) else "")


def _stamps(folder: Path) -> Iterator[tuple[str, Stamp]]:
    """Every tenant file with what tells one content from another without reading it."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            stem = entry.name[:-5]
            if entry.name.endswith(".yaml") and not entry.name.startswith("Pulumi.") and is_instance_id(stem):
                status = entry.stat()
                yield stem, [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]


def _read(project: Project, instance: str, stamp: Stamp) -> _Row:
    try:
        data: dict[str, Any] = project.tenant_data(instance)
    except TenantryError:
        # A file that cannot be read claims nothing; whoever validates it says what is wrong.
        data = {}
    tenant = data.get("tenant")
    claims = [claim for claim, _ in claims_of(data)]
    named = any(kind == "host" for kind, _ in claims)
    return _Row(stamp, tenant if isinstance(tenant, str) else "", claims, not named and _state(data) != "retired")


def _kept(file: Path) -> dict[str, _Row]:
    record = read_record(file)
    if record is None or record.get("version") != _VERSION:
        return {}
    try:
        return {
            name: _Row(stamp, tenant, [(kind, value) for kind, value in claims], bool(open_host))
            for name, (stamp, tenant, claims, open_host) in record["rows"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def _state(data: Mapping[str, Any]) -> object:
    lifecycle = data.get("lifecycle")
    return lifecycle.get("state") if isinstance(lifecycle, dict) else None


def _hosts(domains: object) -> Iterator[tuple[Claim, Place]]:
    for position, domain in enumerate(domains if isinstance(domains, list) else ()):
        host = domain.get("host") if isinstance(domain, dict) else None
        if isinstance(host, str):
            yield ("host", host.lower()), ("domains", position, "host")


def _appids(stores: object) -> Iterator[tuple[Claim, Place]]:
    for store, account in (stores if isinstance(stores, dict) else {}).items():
        for name in _APPID:
            value = account.get(name) if isinstance(account, dict) else None
            if isinstance(value, str):
                yield (f"appid {store}", value), ("stores", store, name)

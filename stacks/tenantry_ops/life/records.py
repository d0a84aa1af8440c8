"""The record of a retirement: what was kept of an instance and where, in files that are committed with the project.

A record holds no secret value. The generated passwords that the kept data needs are in the stack's settings,
`Pulumi.<instance>.yaml`, encrypted with the stack's own key.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

from tenantry.errors import PreflightError, Problem, SpecError
from tenantry_ops.life.change import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry_ops.project import Project

FOLDER: Final = "retired"
"""Below the project's root: one folder per instance, one file per retirement."""

SECRETS_KEY: Final = "tenantry:kept"
"""The stack's configuration key under which the kept data's passwords are."""

_HEAD: Final = "# What is left of a retired instance. Its data is taken over again by: tenantry adopt {instance}\n"
_SPEC: Final = {"spec": "tenantry/v1", "kind": "Retirement"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One thing that stays at the vendor. `type` is the Pulumi type, `id` the vendor's own."""

    name: str
    type: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One retirement.

    `account` is its fingerprint. `retired` and `adopted` are times in UTC (ISO 8601). `finished`: whether the stack has
    let go of everything. `secrets`: logical names of the generated secrets. `forward_only`: versions that the data
    cannot be brought back over. `tenant_file`: the file as it was before.
    """

    tenant: str
    instance: str
    mode: str
    runtime: str
    account: str
    template: str
    retired: str
    data: str
    token: str
    finished: bool
    adopted: str | None
    secrets: tuple[str, ...]
    forward_only: tuple[str, ...]
    kept: tuple[Kept, ...]
    deleted: tuple[Kept, ...]
    tenant_file: str

    @property
    def waits(self) -> bool:
        """Whether there is data that nobody has taken over."""
        return self.finished and self.adopted is None and bool(self.kept)

    def to_json(self) -> dict[str, object]:
        """As a JSON object."""
        return asdict(self)


def now() -> str:
    """This second."""
    return dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def folder_of(root: Path, instance: str) -> Path:
    """Where the records of an instance are."""
    return root / FOLDER / instance


def latest(root: Path, instance: str) -> tuple[Path, Record] | None:
    """The last retirement of an instance; None where it was never retired. Raises SpecError for a broken record."""
    try:
        names = sorted(entry.name for entry in folder_of(root, instance).iterdir() if entry.suffix == ".yaml")
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not names:
        return None
    file = folder_of(root, instance) / names[-1]
    return file, read(file)


def read(file: Path) -> Record:
    """The record in a file. Raises SpecError."""
    from tenantry.spec.yamlfile import read_document

    document = read_document(file)
    if document.problems:
        raise SpecError(document.problems)
    try:
        return Record(**_typed(dict(document.data) if isinstance(document.data, dict) else {}))
    except (KeyError, TypeError, ValueError):
        problem = Problem(file=str(file), message="this is no record of a retirement", hint="restore it from git")
        raise SpecError([problem]) from None


def write(project: Project, record: Record) -> Path:
    """Writes the record in one step; a record of the same second of the same instance is replaced."""
    import yaml

    stamp = record.retired.replace("-", "").replace(":", "")
    file = folder_of(project.root, record.instance) / f"{stamp}.yaml"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PreflightError(f"{file.parent} cannot be made: {error.strerror}.", hint="Make it writable.") from error
    document: dict[str, Any] = {**_SPEC, **{key: value for key, value in asdict(record).items() if value is not None}}
    for name in ("kept", "deleted", "secrets", "forward_only"):
        document[name] = list(document[name])
    text = yaml.dump(document, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=120)
    replace_file(file, (_HEAD.format(instance=record.instance) + text).encode())
    return file


def finished(record: Record) -> Record:
    """The record once the stack has let go."""
    return replace(record, finished=True)


def adopted(record: Record) -> Record:
    """The record once another stack has the data."""
    return replace(record, adopted=now())


def _typed(data: dict[str, Any]) -> dict[str, Any]:
    if {key: data.pop(key, None) for key in _SPEC} != _SPEC:
        raise ValueError(data)
    known = {item.name for item in fields(Record)}
    if set(data) | {"adopted"} != known:
        raise ValueError(data)
    lists = {name: tuple(Kept(**item) for item in data[name]) for name in ("kept", "deleted")}
    return {"adopted": None} | {
        **data,
        **lists,
        "secrets": tuple(data["secrets"]),
        "forward_only": tuple(data["forward_only"]),
    }


def _dumper() -> Any:  # noqa: ANN401 - a class of PyYAML's, made for this call
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
        style = "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    return Dumper

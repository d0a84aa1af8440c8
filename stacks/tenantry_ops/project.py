"""One project on disk: the folder with `Pulumi.yaml`, its settings, its instances."""

from __future__ import annotations

import dataclasses
import os
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from tenantry.errors import PreflightError, Problem, SpecError
from tenantry_ops.kept import digest_of_file, read_record, stamp_of_code, write_record
from tenantry_ops.settings import FILE, SHIPPED, Settings, read_settings

if TYPE_CHECKING:
    from tenantry.catalogue import Catalogue
    from tenantry.catalogue.signing import Trust
    from tenantry.policy.load import PolicySet
    from tenantry.spec.plan import Json, Mode

PULUMI_FILE: Final = "Pulumi.yaml"
_CODE: Final = ("tenantry.spec", "tenantry_ops.settings", "tenantry_ops.project")
_INSTANCE: Final = re.compile(r"[a-z](-?[a-z0-9])*")
_LONGEST_ID: Final = 40
_LAYOUT: Final = "`tenantry init` in an empty folder shows how the file looks"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Project:
    """A project: `root` is absolute, `name` is the Pulumi project's, `instances_folder` holds the tenant files."""

    root: Path
    name: str
    settings: Settings
    instances_folder: Path

    @classmethod
    def root_of(cls, start: Path | None = None) -> Path:
        """The folder of the project at or above `start`; see `find`. Raises PreflightError."""
        named = os.environ.get("TENANTRY_ROOT")
        begin = (start or Path(named or ".")).absolute()
        for folder in (begin, *begin.parents):
            if (folder / PULUMI_FILE).is_file():
                return folder
        raise PreflightError(
            f"There is no project at {begin} or above it: no {PULUMI_FILE} was found.",
            hint="Go to your project's folder, or make one: tenantry init <folder>",
        )

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """The project at or above `start`, which defaults to TENANTRY_ROOT and then to the current folder.

        Raises PreflightError where there is none, SpecError where its files are wrong.
        """
        return cls.open(cls.root_of(start))

    @classmethod
    def open(cls, root: Path) -> Project:
        """The project in the folder `root`. Raises PreflightError, SpecError."""
        if not (root / FILE).is_file():
            raise PreflightError(
                f"{root} has a {PULUMI_FILE} but no {FILE}: it is no project of Tenantry's.",
                hint="Make one in a folder of its own: tenantry init <folder>",
            )
        file = root / ".tenantry" / "cache" / "project.json"
        inputs = [digest_of_file(root / PULUMI_FILE), digest_of_file(root / FILE), stamp_of_code(_CODE)]
        kept = read_record(file)
        if kept is None or kept.get("inputs") != inputs:
            name, folder = _names(root)
            settings = read_settings(root / FILE)
            kept = {"inputs": inputs, "name": name, "folder": folder, "settings": dataclasses.asdict(settings)}
            write_record(file, kept)
        return cls(
            root=root,
            name=kept["name"],
            settings=Settings(**kept["settings"]),
            instances_folder=Path(os.path.normpath(root / kept["folder"])),
        )

    @property
    def mode(self) -> Mode:
        """`live` or `sandbox`: TENANTRY_MODE, else what the settings say. Raises PreflightError."""
        mode = os.environ.get("TENANTRY_MODE") or self.settings.mode
        if mode not in {"live", "sandbox"}:
            raise PreflightError(
                f"TENANTRY_MODE is {mode!r}.", hint="Set it to sandbox or live, or leave it out: unset TENANTRY_MODE"
            )
        return cast("Mode", mode)

    @property
    def folder(self) -> Path:
        """`.tenantry`: keys, state, sandbox, caches. Never committed."""
        return self.root / ".tenantry"

    @property
    def catalogue_folder(self) -> Path:
        """Where the template versions are. Raises PreflightError where the installed package has none."""
        if self.settings.catalogue != SHIPPED:
            return (self.root / self.settings.catalogue).absolute()
        from tenantry_ops.shipped import shipped_templates

        return shipped_templates()

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue that the settings name; what it has opened stays open."""
        from tenantry.catalogue import Catalogue

        return Catalogue(self.catalogue_folder, self._trust())

    def _trust(self) -> Trust | None:
        """Whose bundles may be used. Raises PreflightError where a publisher's key cannot be read."""
        settings = self.settings
        # What comes with the installed package is trusted as the package is.
        if settings.catalogue == SHIPPED or not (settings.require_signatures or settings.publishers):
            return None
        from tenantry.catalogue.signing import Trust

        publishers = {name: [self._key(path) for path in paths] for name, paths in settings.publishers.items()}
        return Trust(required=settings.require_signatures, publishers=publishers)

    def _key(self, path: str) -> str:
        try:
            return (self.root / path).read_text("ascii")
        except (OSError, UnicodeDecodeError, ValueError):
            raise PreflightError(
                f"The public key {path[:200]}, which trust.publishers names, cannot be read.",
                hint=f"Put the publisher's PEM file there, or correct its path in {FILE}.",
            ) from None

    @cached_property
    def policies(self) -> PolicySet:
        """The policies in `policies/`; an empty set where there is no such folder. Raises SpecError."""
        from tenantry.policy.load import load_policies

        return load_policies(self.root / "policies")

    def instances(self) -> list[str]:
        """Ids of all instances that have a tenant file, sorted."""
        try:
            names = [file.name for file in self.instances_folder.iterdir()]
        except FileNotFoundError:
            return []
        stems = (name[:-5] for name in names if name.endswith(".yaml") and not name.startswith("Pulumi."))
        return sorted(stem for stem in stems if is_instance_id(stem))

    def tenant_file(self, instance: str) -> Path:
        """The instance's tenant file, whether it exists or not. Raises PreflightError for an impossible id."""
        return self.instances_folder / f"{checked_id(instance)}.yaml"

    def stack_file(self, instance: str) -> Path:
        """The stack's settings, written by `pulumi stack init`. Raises PreflightError for an impossible id."""
        return self.instances_folder / f"Pulumi.{checked_id(instance)}.yaml"

    def sandbox_folder(self, runtime: str) -> Path:
        """All state of one sandbox: below TENANTRY_SANDBOXES where projects share theirs, else the project's own."""
        shared = os.environ.get("TENANTRY_SANDBOXES")
        return (Path(shared).absolute() if shared else self.folder / "sandbox") / runtime

    @property
    def sandbox_home(self) -> Path:
        """The private PULUMI_HOME of sandbox mode; only there are stand-in plugins installed."""
        return self.folder / "sandbox" / "pulumi-home"

    def tenant_data(self, instance: str) -> dict[str, Json]:
        """The tenant file's data without any check of its fields; empty where there is no file. Raises SpecError.

        For what must work with a file that does not validate: the environment, `destroy`, `outputs`.
        """
        from tenantry.spec.yamlfile import read_document

        file = self.tenant_file(instance)
        if not file.exists():
            return {}
        data = read_document(file, name=self.shown(file)).data
        return data if isinstance(data, dict) else {}

    def shown(self, path: Path) -> str:
        """A path as messages show it: below the root where it is there."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


def is_instance_id(text: str) -> bool:
    """Whether this can be an instance's id."""
    return 3 <= len(text) <= _LONGEST_ID and _INSTANCE.fullmatch(text) is not None  # noqa: PLR2004 - the spec's rule


def checked_id(instance: str) -> str:
    """The id itself. Raises PreflightError where it cannot be one, so that no path is made from it."""
    if is_instance_id(instance):
        return instance
    raise PreflightError(
        f"{instance[:60]!r} cannot be an instance.",
        hint="An id has 3 to 40 lower-case letters, digits and single '-', and begins with a letter.",
    )


def _names(root: Path) -> tuple[str, str]:
    """The Pulumi project's name and the folder of its stacks' settings. Raises SpecError."""
    from tenantry.spec.yamlfile import read_document

    document = read_document(root / PULUMI_FILE, name=PULUMI_FILE)
    data = document.data if isinstance(document.data, dict) else {}
    name, folder = data.get("name"), data.get("stackConfigDir", "tenant_configs/")
    if document.problems or not isinstance(name, str) or not isinstance(folder, str):
        message = "expected the texts name and stackConfigDir"
        raise SpecError(document.problems or [Problem(file=PULUMI_FILE, message=message, hint=_LAYOUT)])
    return name, folder

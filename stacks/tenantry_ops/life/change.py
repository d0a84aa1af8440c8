"""A change of the tenant file that lasts only where what follows it is not refused."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tenantry.errors import PreflightError
from tenantry_ops.engine.events import STACK_TYPE, ResourceEvent
from tenantry_ops.life.textedit import with_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from tenantry.errors import TenantryError
    from tenantry_ops.engine.events import Event
    from tenantry_ops.life.textedit import Field
    from tenantry_ops.project import Project

_HARMLESS: Final = frozenset({"same", "read", "refresh", "discard"})
_NOTHING: Final = (STACK_TYPE, "tenantry:index:AppInstance")
"""Types that stand for nothing at a vendor."""


@dataclass(slots=True)
class Watch:
    """Notes whether an engine run has changed anything; passes its events on."""

    on_event: Callable[[Event], None]
    touched: bool = False

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if isinstance(event, ResourceEvent) and event.state != "started" and event.operation not in _HARMLESS:
            self.touched = self.touched or not (event.type in _NOTHING or event.type.startswith("pulumi:providers:"))
        self.on_event(event)


@dataclass(slots=True)
class TenantChange:
    """Changes fields of a tenant file for the time of a `with` block.

    The file is replaced in one step. Where the block raises, the file gets back what it had, unless `keep` says that
    something stands by then that only the new file describes. Somebody else's change in between is never overwritten.
    """

    project: Project
    instance: str
    changes: Mapping[Field, str]
    keep: Callable[[], bool] = field(default=lambda: False)
    always_undo: bool = False
    kept_after_error: bool = False
    _before: bytes = b""
    _after: bytes = b""

    @property
    def changed(self) -> bool:
        """Whether the file is another than before."""
        return self._before != self._after

    def __enter__(self) -> Self:
        name = self.project.shown(self._file)
        try:
            self._before = self._file.read_bytes()
            text = self._before.decode("utf-8")
        except (OSError, UnicodeDecodeError):
            raise PreflightError(
                f"The tenant file {name} cannot be read.",
                hint=f"Make the instance: tenantry new tenant {self.instance}",
            ) from None
        wanted = {
            key: value for key, value in self.changes.items() if _current(self.project, self.instance, key) != value
        }
        self._after = with_fields(text, wanted, name).encode("utf-8")
        if self.changed:
            replace_file(self._file, self._after)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        undo = self.always_undo or (error is not None and not self.keep())
        if undo and self.changed and self._file.read_bytes() == self._after:
            replace_file(self._file, self._before)
        self.kept_after_error = error is not None and not undo

    def tell(self, error: TenantryError) -> None:
        """Adds to the error what became of the file."""
        if not self.changed:
            return
        name = self.project.shown(self.project.tenant_file(self.instance))
        if self.kept_after_error:
            text = f"{name} keeps the change, since part of it is deployed: tenantry up {self.instance} goes on."
        else:
            text = f"{name} is as it was before."
        error.hint = f"{error.hint}\n  {text}" if error.hint else text

    @property
    def _file(self) -> Path:
        return self.project.tenant_file(self.instance).resolve()


def _current(project: Project, instance: str, path: Field) -> object:
    found: object = project.tenant_data(instance)
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def replace_file(file: Path, content: bytes) -> None:
    """Gives a file new content in one step, with the mode that it had. Raises PreflightError."""
    try:
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        aside = Path(name)
        aside.chmod(file.stat().st_mode & 0o7777 if file.exists() else 0o644)
        aside.replace(file)
    except OSError as error:
        raise PreflightError(f"{file} cannot be written: {error.strerror}.", hint="Make it writable.") from error

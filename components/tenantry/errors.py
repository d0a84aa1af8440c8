"""The one error tree of Tenantry.

```
TenantryError                 1
├── SpecError                 3   a template, tenant or project file is wrong; carries every problem at once
├── CapabilityError           4   the runtime or store cannot do what the plan asks
├── PreflightError            5   the account or the machine is not ready
├── IdentityError             6   the stack belongs to another account, runtime, mode or tenant
├── EngineError               7   the Pulumi engine refused or failed
├── VendorError               8   a vendor's API answered with an error
├── ReleaseError              9   a store release cannot go on
├── CatalogueError           10   a template version is missing, changed or not trusted
├── SandboxError             11   a local stand-in could not be started or reached
├── AdapterError             12   an installed adapter cannot be used
├── PolicyError              13   a policy of the project refuses the plan or a resource
└── TaskError                14   a migration, backup or restore failed, or another one is under way
```

Every class has an exit code; every error has a message that says what is wrong and a hint that says what to do next.
Secret values are never put into an error.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class TenantryError(Exception):
    """Base of every error that a user may see.

    Args:
        message: one or two sentences: what is wrong.
        hint: what to do next, in the imperative; empty where the message already says so.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def code(self) -> str:
        """The stable machine name: the class name."""
        return type(self).__name__

    def to_json(self) -> dict[str, object]:
        """The error as a JSON object: `error`, `exit_code`, `message`, `hint`."""
        return {"error": self.code, "exit_code": self.exit_code, "message": self.message, "hint": self.hint}

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake in one file.

    `line` and `column` count from 1; 0 where the whole file is meant. `path` is dotted: `components.api.scale.min`.
    """

    file: str
    line: int = 0
    column: int = 0
    path: str = ""
    message: str
    hint: str = ""

    def to_json(self) -> dict[str, object]:
        """The problem as a JSON object with the names of its fields."""
        return asdict(self)

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        path = f" {self.path}:" if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}:{path} {self.message}{hint}"


class SpecError(TenantryError):
    """A template, tenant or project file is wrong. `problems` holds every mistake, in file order."""

    exit_code = 3

    def __init__(self, problems: Sequence[Problem], *, hint: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems), hint=hint)

    def to_json(self) -> dict[str, object]:
        """As for every error, with `problems`: a list of objects with the fields of `Problem`."""
        return super().to_json() | {"problems": [problem.to_json() for problem in self.problems]}


class CapabilityError(TenantryError):
    """The runtime or store cannot do what the plan asks. Raised at resolve, before anything is created.

    `problems` holds the places in the files that ask for it, where they are known.
    """

    exit_code = 4

    def __init__(self, message: str, *, hint: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)

    def to_json(self) -> dict[str, object]:
        """As for every error, with `problems` as in `SpecError`."""
        return super().to_json() | {"problems": [problem.to_json() for problem in self.problems]}


class PreflightError(TenantryError):
    """The account or the machine is not ready."""

    exit_code = 5


class IdentityError(TenantryError):
    """The stack belongs to another account, runtime, mode, tenant or instance."""

    exit_code = 6


class EngineError(TenantryError):
    """The Pulumi engine refused or failed."""

    exit_code = 7


class VendorError(TenantryError):
    """A vendor's API answered with an error. `vendor_code` and `request_id` are the vendor's own, for its support."""

    exit_code = 8

    def __init__(self, message: str, *, vendor_code: str = "", request_id: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.vendor_code = vendor_code
        self.request_id = request_id

    def to_json(self) -> dict[str, object]:
        """As for every error, with `vendor_code` and `request_id`."""
        return super().to_json() | {"vendor_code": self.vendor_code, "request_id": self.request_id}


class ReleaseError(TenantryError):
    """A store release cannot go on."""

    exit_code = 9


class CatalogueError(TenantryError):
    """A template version is missing, was changed after its release, or is not trusted.

    Also raised for an overlay that does not fit its version. `place` is the field of the tenant file that asks for it.
    """

    exit_code = 10

    def __init__(self, message: str, *, hint: str = "", place: str = "template") -> None:
        super().__init__(message, hint=hint)
        self.place = place


class SandboxError(TenantryError):
    """A local stand-in could not be started or reached."""

    exit_code = 11


class AdapterError(TenantryError):
    """An installed adapter cannot be used: duplicate name, wrong `api_version`, or a missing extra."""

    exit_code = 12


class PolicyError(TenantryError):
    """A mandatory policy of the project refuses the plan or a resource. `problems` holds every violation."""

    exit_code = 13

    def __init__(self, message: str, *, hint: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, hint=hint)
        self.problems = tuple(problems)

    def to_json(self) -> dict[str, object]:
        """As for every error, with `problems` as in `SpecError`."""
        return super().to_json() | {"problems": [problem.to_json() for problem in self.problems]}


class TaskError(TenantryError):
    """A task, a backup or a restore failed, or another one is under way."""

    exit_code = 14

"""What the steps of resolve share: the inputs, and what they found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tenantry.errors import CapabilityError, SpecError
from tenantry.spec.plan import LeftOut
from tenantry.spec.source import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.errors import Problem
    from tenantry.spec.plan import SourceRef, TemplateRef
    from tenantry.spec.settings import SettingValue
    from tenantry.spec.source import Path
    from tenantry.spec.target import Target
    from tenantry.spec.template import AppTemplate
    from tenantry.spec.tenant import Tenant


@dataclass(slots=True, kw_only=True)
class Context:
    """One run of resolve. `settings` maps a component's id and setting to its value after plan and overrides."""

    template: AppTemplate
    ref: TemplateRef
    sources: Mapping[str, SourceRef]
    tenant: Tenant
    target: Target
    settings: dict[tuple[str, str], SettingValue] = field(default_factory=dict)
    chosen: set[tuple[str, str]] = field(default_factory=set)
    """Settings that somebody wrote down, as opposed to defaults of the spec."""
    left: dict[str, str] = field(default_factory=dict)
    """Components that are left out, and why."""
    left_out: list[LeftOut] = field(default_factory=list)
    host: str | None = None
    url: str | None = None
    _wrong: list[Problem] = field(default_factory=list)
    _unable: list[Problem] = field(default_factory=list)

    def wrong_tenant(self, path: Path, message: str, hint: str = "", *, on_key: bool = False) -> None:
        """A mistake in the tenant file."""
        self._wrong.append(self.tenant.source.problem(Finding(path, message, hint, on_key)))

    def wrong_template(self, path: Path, message: str, hint: str = "") -> None:
        """A mistake in the template."""
        self._wrong.append(self.template.source.problem(Finding(path, message, hint)))

    def wrong_in_template(self, findings: list[Finding]) -> None:
        """Mistakes in the template."""
        self._wrong += self.template.source.problems(findings)

    def wrong_in_tenant(self, findings: list[Finding]) -> None:
        """Mistakes in the tenant file."""
        self._wrong += self.tenant.source.problems(findings)

    def unable_tenant(self, path: Path, message: str, hint: str = "") -> None:
        """The tenant file asks for something that the runtime or store cannot do."""
        self._unable.append(self.tenant.source.problem(Finding(path, message, hint)))

    def unable_template(self, path: Path, message: str, hint: str = "") -> None:
        """The template needs something that the runtime or store cannot do."""
        self._unable.append(self.template.source.problem(Finding(path, message, hint)))

    def note(self, what: str, reason: str) -> None:
        """Something that the instance does not get, or only nearly."""
        found = LeftOut(what=what, reason=reason)
        if found not in self.left_out:
            self.left_out.append(found)

    @property
    def failed(self) -> bool:
        """Whether anything was found."""
        return bool(self._wrong or self._unable)

    def finish(self) -> None:
        """Raises SpecError where a file is wrong, CapabilityError where only the target falls short."""
        if self._wrong:
            raise SpecError([*self._wrong, *self._unable])
        if self._unable:
            lines = "\n".join(str(problem) for problem in self._unable)
            raise CapabilityError(
                lines, problems=self._unable, hint="choose another runtime, or change what is named above"
            )

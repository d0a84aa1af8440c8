"""A project's policies from its folder: `policies.yaml` and the Python files beside it."""

from __future__ import annotations

import hashlib
import importlib.util
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tenantry.errors import Problem, SpecError
from tenantry.policy.builtin import PLAN_POLICIES, RESOURCE_POLICIES
from tenantry.policy.kinds import PlanPolicy, ResourcePolicy
from tenantry.spec.names import suggest
from tenantry.spec.source import Finding, Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import ModuleType

    from tenantry.policy.kinds import Level
    from tenantry.policy.settings import Policies, Waiver
    from tenantry.spec.plan import Json

FILE: Final = "policies.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A policy with the level and the settings that this project gives it."""

    policy: PlanPolicy | ResourcePolicy
    level: Level
    settings: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """All policies that apply in a project, in a fixed order, and the waivers. An empty set allows everything."""

    applied: tuple[Applied, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    source: Source = field(default_factory=lambda: Source(FILE))

    @property
    def for_resources(self) -> list[Applied]:
        """Those that look at resources."""
        return [each for each in self.applied if isinstance(each.policy, ResourcePolicy)]


def stamp(folder: Path) -> str:
    """A digest of everything that decides what the policies say but the day; empty where there is no folder."""
    if not folder.is_dir():
        return ""
    digest = hashlib.sha256()
    for file in _files(folder):
        digest.update(f"{file.name}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def load_policies(folder: Path, *, name: str = "policies") -> PolicySet:
    """The policies of a folder; an empty set where there is none.

    The Python files are the operator's own code and are run: they are trusted as the project's `__main__.py` is.

    Args:
        folder: the project's `policies/`.
        name: how messages call the folder.

    Raises:
        SpecError: a file is wrong, with every mistake.
    """
    if not folder.is_dir():
        return PolicySet()
    own: dict[str, PlanPolicy | ResourcePolicy] = {}
    problems: list[Problem] = []
    for file in _files(folder):
        if file.suffix == ".py":
            found, wrong = _own(file, f"{name}/{file.name}")
            problems += wrong
            for policy in found:
                if policy.name in own or policy.name in PLAN_POLICIES or policy.name in RESOURCE_POLICIES:
                    message = f"there is already a policy {policy.name!r}"
                    problems.append(Problem(file=f"{name}/{file.name}", message=message, hint="choose another name"))
                own[policy.name] = policy
    file = folder / FILE
    settings = _settings(file, f"{name}/{FILE}") if file.is_file() else None
    if settings is None:
        if problems:
            raise SpecError(problems)
        return PolicySet(applied=tuple(_applied(policy, None) for policy in own.values()))
    every = {**PLAN_POLICIES, **RESOURCE_POLICIES, **own}
    problems += settings.source.problems(_findings(settings, every))
    if problems:
        raise SpecError(problems)
    chosen = {**own, **{each: every[each] for each in settings.use}}
    applied = (_applied(policy, settings) for _, policy in sorted(chosen.items()))
    return PolicySet(applied=tuple(applied), waivers=settings.waivers, source=settings.source)


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file() and (file.name == FILE or file.suffix == ".py"))


def _settings(file: Path, name: str) -> Policies:
    from tenantry.policy.settings import Policies
    from tenantry.spec.load import load_file

    return load_file(Policies, file, name=name)


def _applied(policy: PlanPolicy | ResourcePolicy, settings: Policies | None) -> Applied:
    use = settings.use.get(policy.name) if settings else None
    if use is None:
        return Applied(policy=policy, level=policy.level, settings={})
    return Applied(policy=policy, level=use.level or policy.level, settings=use.settings)


def _findings(settings: Policies, every: Mapping[str, PlanPolicy | ResourcePolicy]) -> list[Finding]:
    findings: list[Finding] = []
    for name, use in settings.use.items():
        policy = every.get(name)
        if policy is None:
            findings.append(Finding(("use", name), f"there is no policy `{name}`", suggest(name, every), on_key=True))
            continue
        findings += [
            Finding(("use", name, "settings", key), f"there is no setting `{key}` here", suggest(key, policy.settings))
            for key in use.settings
            if key not in policy.settings
        ]
    findings += [
        Finding(("waivers", index, "policy"), f"there is no policy `{waiver.policy}`", suggest(waiver.policy, every))
        for index, waiver in enumerate(settings.waivers)
        if waiver.policy not in every
    ]
    return findings


def _own(file: Path, name: str) -> tuple[list[PlanPolicy | ResourcePolicy], list[Problem]]:
    try:
        module = _run(file)
    except Exception as error:  # noqa: BLE001 - whatever an operator's file does becomes a message with its line
        lines = [
            frame.lineno or 0 for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)
        ]
        line = lines[-1] if lines else getattr(error, "lineno", 0) or 0
        message = f"the file cannot be run: {type(error).__name__}: {error}"
        return [], [Problem(file=name, line=line, column=1 if line else 0, message=message)]
    found = [value for value in vars(module).values() if isinstance(value, PlanPolicy | ResourcePolicy)]
    imported = {id(policy) for policy in (*PLAN_POLICIES.values(), *RESOURCE_POLICIES.values())}
    return list({policy.name: policy for policy in found if id(policy) not in imported}.values()), []


def _run(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tenantry_policies_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise ImportError(file.name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

"""Validation of many instances, with change detection: no engine, no Pulumi, a second process only where it pays."""

from __future__ import annotations

import dataclasses
import gc
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tenantry.errors import CapabilityError, CatalogueError, PolicyError, Problem, SpecError, TenantryError
from tenantry.spec.yamlfile import read_document
from tenantry_ops.claims import Index, claims_of, conflicts
from tenantry_ops.loading import sandbox_settings, target
from tenantry_ops.overlays import with_overlay
from tenantry_ops.policies import check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tenantry.catalogue import TemplateVersion
    from tenantry.spec.plan import InstancePlan, Mode
    from tenantry.spec.target import Target
    from tenantry.spec.tenant import Tenant
    from tenantry_ops.claims import Claim
    from tenantry_ops.project import Project

POOL_FROM: Final = 400
"""Instances from which a second process saves more time than its start costs."""
_CHUNK: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """One instance: the fingerprint of its plan, or the problems that leave it without one.

    `error` is the name of the error's class, empty where there is none. `template` is `name@version` where it is known.
    """

    instance: str
    fingerprint: str | None = None
    template: str = ""
    error: str = ""
    exit_code: int = 0
    problems: tuple[Problem, ...] = ()
    advice: tuple[Problem, ...] = ()
    """What advisory policies say; the instance is valid all the same."""
    tenant: str = ""
    claims: tuple[Claim, ...] = ()
    """What nobody else may have: hosts, its default host among them, and mini-programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every instance, by id, and what differs from the baseline (all empty where there was none).

    `changed`, `added`, `unchanged` hold instances with a plan; `removed` those of the baseline without a tenant file.
    """

    results: Mapping[str, Validated]
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()

    @property
    def invalid(self) -> list[Validated]:
        """Instances with problems."""
        return [result for result in self.results.values() if result.error]

    @property
    def fingerprints(self) -> dict[str, str]:
        """Instance -> fingerprint: the baseline of the next run."""
        return {name: found.fingerprint for name, found in self.results.items() if found.fingerprint is not None}


def validate_all(
    project: Project,
    instances: Iterable[str] | None = None,
    *,
    baseline: Mapping[str, str] | None = None,
    processes: int | None = None,
) -> Report:
    """Loads and resolves instances; a broken one never hides the others.

    Args:
        project: where they are.
        instances: their ids; all of the project where None.
        baseline: instance -> fingerprint of an earlier run, to say what changed.
        processes: how many processes to use; chosen by the number of instances and cores where None.

    Raises:
        TenantryError: only for what concerns the project as a whole; problems of instances are in the report.
    """
    names = sorted(set(project.instances() if instances is None else instances))
    validator = Validator(project)
    workers = _workers(len(names)) if processes is None else max(1, min(processes, len(names)))
    # Plans and tenants have no cycles: looking for them in the middle of the work only costs time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        found = _in_processes(validator, names, workers) if workers > 1 else [validator.validate(one) for one in names]
    finally:
        if collecting:
            gc.enable()
    results = {result.instance: result for result in found}
    _dispute(project, results, Index() if instances is None else Index.of(project))
    return _compare(results, baseline, complete=instances is None)


@dataclass
class Validator:
    """Validates instance after instance; what they share is read once."""

    project: Project
    target_of: Callable[[str], Target] | None = None
    _versions: dict[str, TemplateVersion | TenantryError] = field(default_factory=dict)
    _targets: dict[str, Target | TenantryError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._catalogue = self.project.catalogue
        self._mode: Mode = self.project.mode

    def validate(self, instance: str) -> Validated:
        """One instance. Raises nothing that has to do with its files."""
        from tenantry.spec.load import load_tenant

        name = f"{instance}.yaml"
        try:
            file = self.project.tenant_file(instance)
            name = self.project.shown(file)
            tenant = load_tenant(file, name=name)
        except TenantryError as error:
            return _failed(instance, error, Problem(file=name, message=error.message, hint=error.hint))
        try:
            return self._resolve(instance, tenant)
        except TenantryError as error:
            path = error.place if isinstance(error, CatalogueError) else "runtime.on"
            line, column = tenant.source.at(tuple(path.split(".")))
            at = Problem(file=name, line=line, column=column, path=path, message=error.message, hint=error.hint)
            return _failed(instance, error, at)

    def _resolve(self, instance: str, tenant: Tenant) -> Validated:
        from tenantry.spec.check_project import check_state
        from tenantry.spec.resolution import resolve

        settings = self.project.settings
        wrong = check_state(tenant, settings.backends, settings.secrets)
        if wrong:
            raise SpecError(tenant.source.problems(wrong))
        version = self._version(tenant.template)
        where = self._target(tenant.runtime.on)
        if tenant.overlay is not None:
            version, overlay = with_overlay(self.project, self._catalogue, version, tenant)
            where = dataclasses.replace(where, overlay=overlay)
        kept = self._version(tenant.lifecycle.kept).template if tenant.lifecycle.kept else None
        plan = resolve(version.template, version.ref, version.source_refs, tenant, where, kept=kept)
        outcome = check(self.project, plan, self.project.shown(self.project.tenant_file(instance)))
        outcome.raise_refused(instance)
        return Validated(
            instance=instance,
            fingerprint=plan.fingerprint,
            template=str(version.ref),
            advice=outcome.advised,
            tenant=tenant.tenant,
            claims=_claims(tenant, plan),
        )

    def _version(self, selector: str) -> TemplateVersion:
        found = self._versions.get(selector)
        if found is None:
            try:
                found = self._catalogue.open(selector)
            except TenantryError as error:
                found = error
            self._versions[selector] = found
        if isinstance(found, TenantryError):
            raise found
        return found

    def _target(self, runtime: str) -> Target:
        found = self._targets.get(runtime)
        if found is None:
            try:
                found = self.target_of(runtime) if self.target_of else self._installed(runtime)
            except TenantryError as error:
                found = error
            self._targets[runtime] = found
        if isinstance(found, TenantryError):
            raise found
        return found

    def _installed(self, runtime: str) -> Target:
        return target(runtime, self._mode, sandbox_settings(self.project, runtime))


def _claims(tenant: Tenant, plan: InstancePlan) -> tuple[Claim, ...]:
    if plan.lifecycle_state == "retired":
        return ()
    found = [
        claim
        for claim, _ in claims_of(
            {"domains": [{"host": one.host} for one in tenant.domains], "stores": dict(tenant.stores)}
        )
    ]
    return tuple(found) if tenant.domains or plan.host is None else (*found, ("host", plan.host))


def _dispute(project: Project, results: dict[str, Validated], index: Index) -> None:
    """Gives those instances a problem that claim what others claim too. Only their files are read once more."""
    for name, result in results.items():
        if not result.error:
            index.put(name, result.tenant, result.claims)
    for name, claims in index.disputed().items():
        if name not in results or results[name].error:
            continue
        document = read_document(project.tenant_file(name), name=project.shown(project.tenant_file(name)))
        own = {claim for claim, _ in claims_of(document.data)}
        host = next((value for kind, value in claims if kind == "host" and (kind, value) not in own), None)
        problems = tuple(document.source.problems(conflicts(index, name, document.data, host)))
        if problems:
            results[name] = dataclasses.replace(
                results[name],
                fingerprint=None,
                error=SpecError.__name__,
                exit_code=SpecError.exit_code,
                problems=problems,
            )


def _failed(instance: str, error: TenantryError, otherwise: Problem) -> Validated:
    problems = error.problems if isinstance(error, SpecError | CapabilityError | PolicyError) else ()
    return Validated(
        instance=instance, error=error.code, exit_code=error.exit_code, problems=tuple(problems) or (otherwise,)
    )


def _compare(results: Mapping[str, Validated], baseline: Mapping[str, str] | None, *, complete: bool) -> Report:
    if baseline is None:
        return Report(results=results)
    planned = [result for result in results.values() if result.fingerprint is not None]
    return Report(
        results=results,
        changed=_names(one for one in planned if baseline.get(one.instance, one.fingerprint) != one.fingerprint),
        added=_names(one for one in planned if one.instance not in baseline),
        unchanged=_names(one for one in planned if baseline.get(one.instance) == one.fingerprint),
        removed=tuple(sorted(set(baseline) - set(results))) if complete else (),
    )


def _names(results: Iterable[Validated]) -> tuple[str, ...]:
    return tuple(result.instance for result in results)


def _workers(count: int) -> int:
    # A forked process inherits the imported models and opened templates; with other threads alive forking is not safe.
    if count < POOL_FROM or threading.active_count() > 1 or "fork" not in multiprocessing.get_all_start_methods():
        return 1
    return min(4, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


_shared: list[Validator] = []


def _in_processes(validator: Validator, names: Sequence[str], workers: int) -> list[Validated]:
    results = [validator.validate(name) for name in names[:_CHUNK]]
    rest = [names[start : start + _CHUNK] for start in range(_CHUNK, len(names), _CHUNK)]
    _shared[:] = [validator]
    try:
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
            for part in pool.map(_validate_chunk, rest):
                results += part
    finally:
        _shared.clear()
    return results


def _validate_chunk(names: Sequence[str]) -> list[Validated]:
    return [_shared[0].validate(name) for name in names]

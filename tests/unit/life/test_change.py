"""A change of the tenant file: in one step, undone where what follows is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tenantry.errors import EngineError, IdentityError, PreflightError
from tenantry_ops.engine.events import Event, ResourceEvent
from tenantry_ops.life.change import TenantChange, Watch
from tenantry_ops.project import Project

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

TEXT = "# mine\ninstance: acme\ntemplate: shop@1.0.0\n"
TO: dict[tuple[str, ...], str] = {("template",): "shop@1.1.0"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv("TENANTRY_ROOT", raising=False)
    (tmp_path / "tenant_configs").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: probe\nruntime: python\n")
    (tmp_path / "tenantry.yaml").write_text("spec: tenantry/v1\nkind: Project\n")
    (tmp_path / "tenant_configs/acme.yaml").write_text(TEXT)
    return Project.find(tmp_path)


def text(project: Project) -> str:
    return project.tenant_file("acme").read_text()


def event(state: Literal["started", "done", "failed"], operation: str, kind: str) -> ResourceEvent:
    return ResourceEvent(state=state, operation=operation, urn="urn", type=kind, name="x")


def test_it_stays_after_success(project: Project) -> None:
    project.tenant_file("acme").chmod(0o640)
    with TenantChange(project, "acme", TO) as change:
        assert "1.1.0" in text(project)
    assert text(project) == TEXT.replace("1.0.0", "1.1.0")
    assert change.changed
    assert project.tenant_file("acme").stat().st_mode & 0o777 == 0o640
    assert sorted(file.name for file in project.instances_folder.iterdir()) == ["acme.yaml"]


@pytest.mark.parametrize("error", [IdentityError("no"), KeyboardInterrupt(), RuntimeError()])
def test_it_is_undone_where_it_is_refused(project: Project, error: BaseException) -> None:
    change = TenantChange(project, "acme", TO)
    with pytest.raises(type(error)), change:
        raise error
    assert text(project) == TEXT
    said = IdentityError("no")
    change.tell(said)
    assert "as it was before" in said.hint


def test_it_stays_where_something_was_changed_by_then(project: Project) -> None:
    change = TenantChange(project, "acme", TO, keep=lambda: True)
    with pytest.raises(EngineError), change:
        raise EngineError("half")
    assert "1.1.0" in text(project)
    said = EngineError("half", hint="Look.")
    change.tell(said)
    assert said.hint.startswith("Look.")
    assert "tenantry up acme goes on" in said.hint


def test_somebody_elses_change_is_not_overwritten(project: Project) -> None:
    def edit() -> None:
        project.tenant_file("acme").write_text("other: 1\n")
        raise EngineError("no")

    with pytest.raises(EngineError), TenantChange(project, "acme", TO):
        edit()
    assert text(project) == "other: 1\n"


def test_a_preview_is_always_undone(project: Project) -> None:
    with TenantChange(project, "acme", TO, always_undo=True):
        assert "1.1.0" in text(project)
    assert text(project) == TEXT


def test_what_is_so_already_is_not_written(project: Project) -> None:
    before = project.tenant_file("acme").stat().st_mtime_ns
    with TenantChange(project, "acme", {("template",): "shop@1.0.0"}) as change:
        pass
    assert not change.changed
    assert project.tenant_file("acme").stat().st_mtime_ns == before


def test_a_file_that_is_not_there(project: Project) -> None:
    with pytest.raises(PreflightError, match="cannot be read"), TenantChange(project, "globex", TO):
        pass


@pytest.mark.parametrize(
    ("one", "touched"),
    [
        (event("done", "create", "testcloud:index:Thing"), True),
        (event("failed", "update", "testcloud:index:Thing"), True),
        (event("started", "create", "testcloud:index:Thing"), False),
        (event("done", "same", "testcloud:index:Thing"), False),
        (event("done", "create", "pulumi:providers:kubernetes"), False),
        (event("done", "create", "pulumi:pulumi:Stack"), False),
        (event("done", "create", "tenantry:index:AppInstance"), False),
    ],
)
def test_what_counts_as_a_change(one: ResourceEvent, touched: bool) -> None:
    seen: list[Event] = []
    watch = Watch(seen.append)
    watch(one)
    assert (watch.touched, seen) == (touched, [one])

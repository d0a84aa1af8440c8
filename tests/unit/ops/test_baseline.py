"""What up notes for `validate --changed`, and the history that does not grow."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tenantry_ops.baseline import baseline_file, note_deployed
from tenantry_ops.engine.statefile import StateFile

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry_ops.project import Project


def noted(project: Project) -> dict[str, str]:
    found: dict[str, str] = json.loads(baseline_file(project).read_text())
    return found


def test_what_was_deployed_last(project: Project) -> None:
    note_deployed(project, "acme", "sha256:1")
    note_deployed(project, "globex", "sha256:2")
    note_deployed(project, "acme", "sha256:3")
    assert noted(project) == {"acme": "sha256:3", "globex": "sha256:2"}
    before = baseline_file(project).stat().st_mtime_ns
    note_deployed(project, "acme", "sha256:3")
    assert baseline_file(project).stat().st_mtime_ns == before
    note_deployed(project, "acme", None)
    assert noted(project) == {"globex": "sha256:2"}


def test_several_runners_at_once(project: Project) -> None:
    names = [f"shop-{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: note_deployed(project, name, "sha256:1"), names))
    assert sorted(noted(project)) == sorted(names)


def test_only_the_last_states_are_kept(tmp_path: Path) -> None:
    state = StateFile.of(f"file://{tmp_path}", "probe", "acme")
    assert state is not None
    history, backups = tmp_path / ".pulumi/history/probe/acme", tmp_path / ".pulumi/backups/probe/acme"
    other = tmp_path / ".pulumi/history/probe/acme-2"
    for folder in (history, backups, other):
        folder.mkdir(parents=True)
    for moment in range(1795449077717732811, 1795449077717732821):
        for kind in ("history.json", "checkpoint.json", "checkpoint.json.attrs"):
            (history / f"acme-{moment}.{kind}").touch()
            (other / f"acme-2-{moment}.{kind}").touch()
        (backups / f"acme.{moment}.json").touch()
    (history / "note").touch()
    state.prune(3)
    assert len(list(history.iterdir())) == 3 * 3 + 1
    assert {file.name.split(".")[0][-3:] for file in history.glob("acme-*")} == {"818", "819", "820"}
    assert len(list(backups.iterdir())) == 3
    assert len(list(other.iterdir())) == 30
    state.prune(3)
    assert len(list(backups.iterdir())) == 3


def test_nothing_to_prune(tmp_path: Path) -> None:
    state = StateFile.of(f"file://{tmp_path}", "probe", "acme")
    assert state is not None
    state.prune(3)

"""Overlays: files of a tenant over a version's own, and the three-way check when the version changes under them."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantry.catalogue import Catalogue, scan
from tenantry.catalogue.overlay import Overlay, laid, lay_over, overlay_at, read_overlay
from tenantry.catalogue.scan import FileEntry
from tenantry.catalogue.tree import SourceTree, read_tree
from tenantry.errors import CatalogueError, SpecError
from tenantry.spec.plan import OverlayPlan
from tenantry.spec.tenant import OverlaySpec

FIXTURES = Path(__file__).parents[1] / "spec" / "fixtures"
HEAD = "spec: tenantry/v1\nkind: Overlay\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """shop@1.0.0 with some files more, and shop@1.1.0, which is the same until a test changes it."""
    root = tmp_path / "project"
    shutil.copytree(FIXTURES, root / "templates")
    web = root / "templates/shop/1.0.0/web"
    for name in ("app.js", "style.css"):
        (web / name).write_text(f"{name} of 1.0.0", encoding="utf-8")
    shutil.copytree(root / "templates/shop/1.0.0", root / "templates/shop/1.1.0")
    file = root / "templates/shop/1.1.0/template.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("version: 1.0.0", "version: 1.1.0"), encoding="utf-8")
    (root / "overlay/web").mkdir(parents=True)
    return root


def put(project: Path, where: str, text: str) -> None:
    """A file of the overlay, or of a version where `where` begins with one."""
    folder, _, path = where.partition(":")
    file = project / ("overlay" if folder == "overlay" else f"templates/shop/{folder}") / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def over(project: Path, version: str = "1.0.0", base: str = "1.0.0") -> dict[str, bytes]:
    """What the sources hold with the overlay: source and path -> content."""
    catalogue = Catalogue(project / "templates")
    overlay = read_overlay(OverlaySpec(path="overlay", base=f"shop@{base}"), project)
    found = lay_over(catalogue.open(f"shop@{version}"), overlay, catalogue.open(f"shop@{base}"))
    return {f"{key}/{entry.path}": tree.read(entry) for key, tree in found.sources.items() for entry in tree.files}


# --- laying -------------------------------------------------------------------------------------------------------


def test_added_replaced_and_removed(project: Path) -> None:
    put(project, "overlay:web/app.js", "ours")
    put(project, "overlay:web/new/deep.js", "new")
    put(project, "overlay:overlay.yaml", HEAD + "remove: [web/style.css]\n")
    found = over(project)
    assert found["web/app.js"] == b"ours"
    assert found["web/new/deep.js"] == b"new"
    assert "web/style.css" not in found
    assert found["web/index.html"] == (project / "templates/shop/1.0.0/web/index.html").read_bytes()
    assert not any("overlay.yaml" in path for path in found)


def test_the_sources_get_another_digest_and_the_version_keeps_its_own(project: Path) -> None:
    put(project, "overlay:web/app.js", "ours")
    catalogue = Catalogue(project / "templates")
    version = catalogue.open("shop@1.0.0")
    overlay = read_overlay(OverlaySpec(path="./overlay", base="shop@1.0.0"), project)
    found = lay_over(version, overlay, version)
    assert found.ref == version.ref
    assert found.sources["api"].digest == version.sources["api"].digest
    assert found.sources["web"].digest != version.sources["web"].digest
    assert overlay.plan == OverlayPlan(digest=read_tree(project / "overlay").digest, base="shop@1.0.0")
    put(project, "overlay:overlay.yaml", HEAD + "remove: [web/style.css]\n")
    assert read_overlay(OverlaySpec(path="./overlay", base="shop@1.0.0"), project).plan.digest != overlay.plan.digest


def test_the_archive_holds_the_overlaid_files(project: Path) -> None:
    put(project, "overlay:web/app.js", "ours")
    catalogue = Catalogue(project / "templates")
    version = catalogue.open("shop@1.0.0")
    overlay = read_overlay(OverlaySpec(path="./overlay", base="shop@1.0.0"), project)
    web = lay_over(version, overlay, version).sources["web"]
    with tarfile.open(fileobj=io.BytesIO(web.archive())) as archive:
        found = archive.extractfile("app.js")
        assert found is not None
        assert found.read() == b"ours"
        archive.extractall(project / "out", filter="data")
    assert read_tree(project / "out").digest == web.digest
    put(project, "overlay:web/app.js", "changed")
    with pytest.raises(CatalogueError, match="changed while it was used"):
        web.archive()


# --- the three-way check ------------------------------------------------------------------------------------------


def test_an_upgrade_that_touches_other_files_goes_through(project: Path) -> None:
    put(project, "overlay:web/app.js", "ours")
    put(project, "overlay:overlay.yaml", HEAD + "remove: [web/style.css]\n")
    put(project, "1.1.0:web/index.html", "newer")
    put(project, "1.1.0:web/more.js", "more")
    found = over(project, "1.1.0")
    assert (found["web/app.js"], found["web/index.html"], found["web/more.js"]) == (b"ours", b"newer", b"more")
    assert "web/style.css" not in found


@pytest.mark.parametrize(
    ("overlay", "change", "line"),
    [
        (
            {"web/app.js": "ours"},
            {"web/app.js": "theirs"},
            "web/app.js: the overlay replaces it, and the template changed it",
        ),
        (
            {"web/app.js": "ours"},
            {"web/app.js": None},
            "web/app.js: the overlay replaces it, and the template no longer",
        ),
        ({"web/new.js": "ours"}, {"web/new.js": "theirs"}, "web/new.js: the overlay adds it, and so does the template"),
        (
            {"web/style.css": None},
            {"web/style.css": "theirs"},
            "web/style.css: the overlay removes it, and the template",
        ),
    ],
)
def test_conflicts_name_the_files_and_the_way_out(
    project: Path, overlay: dict[str, str | None], change: dict[str, str | None], line: str
) -> None:
    lay_files(project, overlay)
    for path, text in change.items():
        file = project / "templates/shop/1.1.0" / path
        file.unlink() if text is None else file.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        over(project, "1.1.0")
    assert line in caught.value.message
    assert caught.value.place == "overlay"
    assert str(project / "templates/shop/1.0.0") in caught.value.hint
    assert str(project / "templates/shop/1.1.0") in caught.value.hint
    assert "overlay.base" in caught.value.hint
    # Brought up to date and said so, it fits.
    lay_files(project, {path: None if text is None else "merged" for path, text in overlay.items() if path in change})
    if not any(text is None for text in change.values()):
        over(project, "1.1.0", base="1.1.0")


@pytest.mark.parametrize(
    ("overlay", "change"),
    [
        ({"web/app.js": "same"}, {"web/app.js": "same"}),
        ({"web/new.js": "same"}, {"web/new.js": "same"}),
        ({"web/style.css": None}, {"web/style.css": None}),
    ],
)
def test_where_both_did_the_same_there_is_no_conflict(
    project: Path, overlay: dict[str, str | None], change: dict[str, str | None]
) -> None:
    lay_files(project, overlay)
    for path, text in change.items():
        file = project / "templates/shop/1.1.0" / path
        file.unlink() if text is None else file.write_text(text, encoding="utf-8")
    over(project, "1.1.0")


def test_every_conflict_at_once(project: Path) -> None:
    lay_files(project, {"web/app.js": "ours", "web/style.css": "ours"})
    put(project, "1.1.0:web/app.js", "theirs")
    put(project, "1.1.0:web/style.css", "theirs")
    with pytest.raises(CatalogueError, match=r"(?s)web/app\.js.*web/style\.css"):
        over(project, "1.1.0")


def test_the_executable_bit_counts(project: Path) -> None:
    put(project, "overlay:web/app.js", "ours")
    (project / "templates/shop/1.1.0/web/app.js").chmod(0o755)
    with pytest.raises(CatalogueError, match="the template changed it"):
        over(project, "1.1.0")


def lay_files(project: Path, files: dict[str, str | None]) -> None:
    for path, text in files.items():
        if text is not None:
            put(project, f"overlay:{path}", text)
    removed = [path for path, text in files.items() if text is None]
    if removed:
        put(project, "overlay:overlay.yaml", HEAD + f"remove: [{', '.join(removed)}]\n")


PATHS = st.sampled_from(["a", "b", "c", "d"])
CONTENTS = st.sampled_from(["1", "2", "3"])
TREES = st.dictionaries(PATHS, CONTENTS)


def tree_of(files: dict[str, str]) -> SourceTree:
    entries = (FileEntry(path=path, executable=False, size=1, sha256=text) for path, text in sorted(files.items()))
    return SourceTree(root=Path("/nowhere"), files=tuple(entries))


@settings(max_examples=300)
@given(TREES, TREES, TREES, st.sets(PATHS))
def test_a_conflict_is_exactly_what_both_changed_differently(
    base: dict[str, str], new: dict[str, str], files: dict[str, str], removals: set[str]
) -> None:
    removed = tuple(sorted((removals - files.keys()) & base.keys()))
    overlay = Overlay(plan=OverlayPlan(digest="d", base="x@1.0.0"), tree=tree_of(files), removed=removed)
    wanted = {path: files.get(path) for path in {*files, *removed}}
    conflicts = {path for path, ours in wanted.items() if new.get(path) != base.get(path) and new.get(path) != ours}
    try:
        found = laid(tree_of(new), overlay, tree_of(base))
    except CatalogueError as error:
        assert conflicts
        assert {line.strip().partition(":")[0] for line in error.message.splitlines()[1:]} == conflicts  # noqa: PT017 - both ends matter
    else:
        assert not conflicts
        merged = {**new, **files}
        assert {entry.path: entry.sha256 for entry in found.files} == {
            path: text for path, text in merged.items() if path not in removed
        }


# --- what an overlay must not be ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"template.yaml": "x"}, "overlays change sources only"),
        ({"elsewhere/x.js": "x"}, r"no component of shop@1\.0\.0 has as its source: elsewhere/x\.js"),
        ({"web": "x"}, "no component"),
        ({"web/none.js": None}, "neither version has it"),
        ({"web/app.js/deep.js": "x"}, r"web/app\.js would be a file and a folder"),
        ({"web/index.html": None}, "takes index.html away from the site web"),
        ({"api/program": None}, "has no files"),
    ],
)
def test_what_an_overlay_must_not_do(project: Path, files: dict[str, str | None], message: str) -> None:
    shutil.rmtree(project / "overlay")
    lay_files(project, files)
    with pytest.raises(CatalogueError, match=message):
        over(project)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "expected a mapping"),
        ("remove: [web/app.js]", "expected spec: tenantry/v1"),
        (HEAD + "remvoe: []", "no such field"),
        (HEAD + "remove: web/app.js", "a list of different paths"),
        (HEAD + "remove: [1]", "a list of different paths"),
        (HEAD + "remove: [a, a]", "a list of different paths"),
        ("{", "not valid YAML"),
    ],
)
def test_a_wrong_overlay_file(project: Path, text: str, message: str) -> None:
    put(project, "overlay:web/app.js", "ours")
    put(project, "overlay:overlay.yaml", text)
    with pytest.raises(SpecError, match=message):
        over(project)


def test_an_overlay_that_changes_nothing(project: Path) -> None:
    with pytest.raises(CatalogueError, match="changes nothing"):
        over(project)
    put(project, "overlay:web/app.js", "ours")
    put(project, "overlay:overlay.yaml", HEAD + "remove: [web/app.js]\n")
    with pytest.raises(CatalogueError, match=r"both holds and removes web/app\.js"):
        over(project)


def test_overlays_stay_in_the_project(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_text("x", encoding="utf-8")
    (project / "link").symlink_to(outside)
    for path, message in (("none", "no overlay"), ("../outside", "leaves the project"), ("link", "leaves the project")):
        with pytest.raises(CatalogueError, match=message):
            overlay_at(project / path, "shop@1.0.0", project)


def test_links_in_an_overlay_are_refused(project: Path) -> None:
    (project / "overlay/web/app.js").symlink_to("/etc/hostname")
    with pytest.raises(CatalogueError, match="symbolic link"):
        over(project)


def test_large_overlays_are_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(project, "overlay:web/app.js", "ours")
    put(project, "overlay:web/b.js", "ours")
    monkeypatch.setattr(scan, "MAX_FILES", 1)
    with pytest.raises(CatalogueError, match="more than 1 files"):
        overlay_at(project / "overlay", "shop@1.0.0", project)

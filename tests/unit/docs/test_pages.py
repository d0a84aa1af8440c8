"""The documentation holds together: both languages say the same commands, links lead somewhere, every rule is named."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

import tenantry.testing.conformance

ROOT = Path(__file__).parents[3]
ENGLISH = ROOT / "docs" / "en"
CHINESE = ROOT / "docs" / "zh"
PAIRS = [
    (ROOT / "README.md", ROOT / "README.zh.md"),
    *((ENGLISH / page.name, page) for page in sorted(CHINESE.glob("*.md"))),
]
PAGES = [page for pair in PAIRS for page in pair]
KINDS = {"sh", "sh setup", "text", "yaml", "toml", "python", "mermaid"}


def fences(page: Path) -> list[tuple[str, str]]:
    """Pairs of kind and text of every fenced block."""
    return re.findall(r"^```([^\n]*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def without_comments(text: str) -> str:
    return re.sub(r"\s+#.*$", "", text, flags=re.MULTILINE)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def test_every_page_exists_in_both_languages() -> None:
    assert {page.name for page in ENGLISH.glob("*.md")} == {page.name for page in CHINESE.glob("*.md")}


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=named)
def test_both_languages_have_the_same_blocks_and_structure(english: Path, chinese: Path) -> None:
    both = [fences(page) for page in (english, chinese)]
    assert [kind for kind, _ in both[0]] == [kind for kind, _ in both[1]]
    for (kind, one), (_, other) in zip(*both, strict=True):
        if kind != "mermaid":
            assert without_comments(one) == without_comments(other)
    shapes = [re.findall(r"^(#+|\||-) ", page.read_text(encoding="utf-8"), re.MULTILINE) for page in (english, chinese)]
    assert shapes[0] == shapes[1], "headings, tables and lists"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_says_whether_it_runs(page: Path) -> None:
    assert {kind for kind, _ in fences(page)} <= KINDS
    assert page.read_text(encoding="utf-8").count("```") == 2 * len(fences(page))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", prose):
        if not target.startswith("https://"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent == CHINESE or ".zh" in page.name], ids=named)
def test_chinese_pages_are_chinese(page: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    characters = len(re.findall(r"[\u4e00-\u9fff]", prose))
    assert characters > len(re.findall(r"[A-Za-z]+", prose))


@pytest.mark.parametrize("folder", [ENGLISH, CHINESE], ids=named)
def test_the_index_names_every_page_once(folder: Path) -> None:
    index = (folder / "index.md").read_text(encoding="utf-8")
    named_pages = re.findall(r"^\| \[[^]]+\]\((\w[\w-]+\.md)\)", index, re.MULTILINE)
    assert sorted(named_pages) == sorted(page.name for page in folder.glob("*.md") if page.name != "index.md")


def test_installation_is_the_same_everywhere() -> None:
    assert len({text for page in PAGES for kind, text in fences(page) if kind == "sh setup"}) == 1


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_two_commands_stand_on_the_first_screen(page: str) -> None:
    first_screen = (ROOT / page).read_text(encoding="utf-8").splitlines()[:25]
    assert [line.split()[1] for line in first_screen if line.startswith("make ")] == ["demo", "test"]


@pytest.mark.parametrize(("target", "command"), [("demo", "tenantry demo"), ("test", "-m pytest")])
def test_make_does_what_the_readme_says(target: str, command: str) -> None:
    """`make test` runs this test and cannot run in it; `tenantry demo` itself runs in tests/e2e/test_demo.py."""
    done = subprocess.run(
        ["make", "--dry-run", "--directory", str(ROOT), target],  # noqa: S607 - the user's own make
        capture_output=True,
        text=True,
        check=True,
    )
    assert command in done.stdout.splitlines()[-2:][0] + done.stdout.splitlines()[-1]


@pytest.mark.parametrize("folder", [ENGLISH, CHINESE], ids=named)
def test_the_contracts_page_lists_the_rules_that_the_kit_tests(folder: Path) -> None:
    kit = Path(tenantry.testing.conformance.__path__[0])
    tested = {
        int(found.group(1))
        for file in kit.glob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and (found := re.match(r"test_r(\d+)_", node.name))
    }
    page = (folder / "contracts.md").read_text(encoding="utf-8")
    listed = [int(number) for number in re.findall(r"^\| R(\d+) \|", page, re.MULTILINE)]
    assert listed == sorted(tested)

"""What is installed, what is wrong with it, and the command that puts it right."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from tenantry import registry
from tenantry.errors import AdapterError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Install = Callable[..., None]

RUNTIME = """
class Runtime:
    api_version = {api!r}
    name = {name!r}
    def capabilities(self): ...
    def models(self): ...
    def default_host(self, instance, account, settings): ...
    def required_plugins(self): return []
    def connect(self, plan, scope): ...
    def provision(self, plan, scope, connection): ...
    def permissions(self, plan): return []
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a distribution on sys.path: a module and the metadata that names it."""
    count = 0

    def make(
        name: str,
        *,
        code: str = "",
        target: str = "Runtime",
        group: str = registry.RUNTIMES,
        entry: str = "probe",
        extra: str = "",
        requires: tuple[str, ...] = (),
    ) -> None:
        nonlocal count
        count += 1
        module = f"registry_probe_{name.replace('-', '_')}_{count}_{tmp_path.name}"
        folder = tmp_path / f"site-{count}"
        info = folder / f"{name.replace('-', '_')}-2.5.dist-info"
        info.mkdir(parents=True)
        (folder / f"{module}.py").write_text(textwrap.dedent(code or RUNTIME.format(api="1", name=entry)))
        lines = [
            "Metadata-Version: 2.1",
            f"Name: {name}",
            "Version: 2.5",
            *(f"Requires-Dist: {each}" for each in requires),
        ]
        (info / "METADATA").write_text("\n".join(lines))
        mark = f" [{extra}]" if extra else ""
        (info / "entry_points.txt").write_text(f"[{group}]\n{entry} = {module}:{target}{mark}\n")
        monkeypatch.syspath_prepend(str(folder))

    return make


def refused(name: str = "probe") -> str:
    with pytest.raises(AdapterError) as error:
        registry.runtime(name)
    assert error.value.exit_code == 12
    assert error.value.hint
    return str(error.value)


def test_an_installed_runtime_is_listed_and_loaded(install: Install) -> None:
    install("probe-cloud")
    assert "probe" in registry.runtimes()
    assert registry.runtime("probe").name == "probe"
    assert registry.distribution(registry.RUNTIMES, "probe") == ("probe-cloud", "2.5")
    assert [registry.RUNTIMES, "probe", "probe-cloud", "2.5"] in [
        [row[0], row[1], *row[3:]] for row in registry.installed()
    ]


def test_listing_imports_nothing(install: Install) -> None:
    install("probe-cloud", code="raise RuntimeError('imported')")
    assert "probe" in registry.runtimes()


def test_an_unknown_name_says_what_is_installed(install: Install) -> None:
    install("probe-cloud")
    said = refused("prob")
    assert "No runtime named 'prob' is installed" in said
    assert "probe" in said


def test_a_name_brought_twice_says_which_package_to_remove(install: Install) -> None:
    install("probe-cloud")
    install("other-cloud")
    said = refused()
    assert "other-cloud, probe-cloud" in said
    assert "pip uninstall probe-cloud" in said


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0", "The adapter is too old: pip install --upgrade probe-cloud"),
        ("2", "Tenantry is too old: pip install --upgrade tenantry"),
        ("10", "Tenantry is too old: pip install --upgrade tenantry"),
        ("one", "pip install --upgrade probe-cloud"),
        (1, "api_version 1; it must be '1'"),
        (None, "api_version None"),
    ],
)
def test_another_api_version_says_what_to_upgrade(install: Install, version: object, words: str) -> None:
    install("probe-cloud", code=RUNTIME.format(api=version, name="probe"))
    assert words in refused()


def test_a_missing_extra_says_what_to_install(install: Install) -> None:
    install("probe-cloud", extra="sdk", requires=("no-such-sdk==1.2.3; extra == 'sdk'",))
    said = refused()
    assert "no-such-sdk is not installed" in said
    assert "pip install 'probe-cloud[sdk]'" in said


def test_another_version_than_the_extra_pins(install: Install) -> None:
    install("probe-cloud", extra="sdk", requires=('click == 0.0.1 ; extra == "sdk"',))
    said = refused()
    assert "click is 8." in said
    assert "not 0.0.1" in said


def test_other_requirements_are_not_the_extras(install: Install) -> None:
    unmet = ("absent-one; extra == 'other'", "absent-two", "absent-three; extra == 'sdk' and sys_platform == 'os2'")
    install("probe-cloud", extra="sdk", requires=("click>=8; extra == 'sdk'", *unmet))
    assert registry.runtime("probe").name == "probe"


def test_an_adapter_that_cannot_be_imported(install: Install) -> None:
    install("probe-cloud", code="import no_such_module_anywhere")
    said = refused()
    assert "cannot be imported: ModuleNotFoundError" in said
    assert "pip install --force-reinstall probe-cloud" in said


def test_an_entry_point_to_nothing(install: Install) -> None:
    install("probe-cloud", target="Absent")
    assert "cannot be imported: AttributeError" in refused()


def test_an_adapter_that_cannot_be_made(install: Install) -> None:
    install("probe-cloud", code="class Runtime:\n    def __init__(self, needed): ...")
    assert "cannot be started: TypeError" in refused()


def test_what_is_no_runtime_adapter(install: Install) -> None:
    install("probe-cloud", code="class Runtime:\n    api_version = '1'\n    name = 'probe'")
    said = refused()
    assert "is no RuntimeAdapter" in said
    assert "provision" in said


def test_an_adapter_that_calls_itself_otherwise(install: Install) -> None:
    install("probe-cloud", code=RUNTIME.format(api="1", name="another"))
    assert "calls itself 'another'" in refused()


def test_stores_and_their_dialects(install: Install) -> None:
    code = "class Store:\n    api_version = '1'\n    name = 'market'\n    dialect = 'wechat'"
    install("probe-store", code=code, target="Store", group=registry.STORES, entry="market")
    assert registry.stores() == ["market"]
    assert registry.store_dialects() == {"market": "wechat"}


def test_a_sandbox_that_is_none(install: Install) -> None:
    install("probe-cloud", group=registry.SANDBOXES)
    assert "probe" in registry.sandboxes()
    with pytest.raises(AdapterError, match="is no Sandbox"):
        registry.sandbox("probe")

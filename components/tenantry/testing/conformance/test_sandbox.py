"""Rule R9: the runtime has a sandbox that starts, says where it is, and can be looked at."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tenantry import registry

if TYPE_CHECKING:
    from tenantry.testing.operator import Operator


def test_r9_the_sandbox_starts_and_says_where_it_is(runtime: str, operators: dict[str, Operator]) -> None:
    folder = operators[runtime].sandbox_folder
    settings = registry.sandbox(runtime).settings(folder)
    assert {name for name in settings if not name.startswith("TENANTRY_SANDBOX_")} == set()
    for name in ("TENANTRY_SANDBOX_HTTP_PORT", "TENANTRY_SANDBOX_HTTPS_PORT"):
        assert 0 < int(settings[name]) < 65536


def test_r9_every_process_of_the_sandbox_runs_and_is_seen(runtime: str, operators: dict[str, Operator]) -> None:
    sandbox, folder = registry.sandbox(runtime), operators[runtime].sandbox_folder
    processes = sandbox.status(folder)
    assert processes
    for process in processes:
        assert process.state == "running", process
        assert process.pid
        os.kill(process.pid, 0)
    names = {process.name for process in processes}
    assert {name for name, _ in sandbox.logs(folder, None, follow=False, tail=5)} <= names


def test_r9_starting_it_again_changes_nothing(runtime: str, operators: dict[str, Operator]) -> None:
    sandbox, folder = registry.sandbox(runtime), operators[runtime].sandbox_folder
    before = (sandbox.status(folder), dict(sandbox.settings(folder)))
    sandbox.up(folder, lambda _text: None)
    assert (sandbox.status(folder), dict(sandbox.settings(folder))) == before


def test_r9_plugins_of_the_sandbox_are_programs(runtime: str, operators: dict[str, Operator]) -> None:
    for plugin in registry.sandbox(runtime).plugins(operators[runtime].sandbox_folder):
        assert plugin.version[:1].isdigit(), plugin
        assert plugin.path.is_file(), plugin
        assert os.access(plugin.path, os.X_OK), plugin

"""A running host, by its sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from running import Running
from tenantry_host.sandbox import HostSandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(HostSandbox(), tmp_path_factory.mktemp("host") / "sandbox")
    running.up()
    yield running
    running.sandbox.down(running.folder, lambda _text: None)

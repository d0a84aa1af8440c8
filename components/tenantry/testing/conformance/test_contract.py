"""Rules R1 to R6: the adapter's form, checked without deploying anything."""

from __future__ import annotations

import inspect
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING

from tenantry import registry
from tenantry.contract.runtime import API_VERSION, RuntimeAdapter
from tenantry.spec.capabilities import FEATURES, LIMITS

if TYPE_CHECKING:
    from pydantic import BaseModel

_METHODS = [name for name, _ in inspect.getmembers(RuntimeAdapter, inspect.isfunction) if not name.startswith("_")]


def test_r1_the_adapter_says_which_contract_it_keeps(runtime: str, adapter: RuntimeAdapter) -> None:
    assert adapter.api_version == API_VERSION
    assert adapter.name == runtime
    assert registry.sandbox(runtime).name == runtime


def test_r2_signatures_equal_the_contract(adapter: RuntimeAdapter) -> None:
    for name in _METHODS:
        wanted = inspect.signature(getattr(RuntimeAdapter, name)).parameters
        offered = inspect.signature(getattr(type(adapter), name)).parameters
        assert list(offered) == list(wanted), name


def test_r3_capabilities_use_the_closed_names_and_say_how_they_are_known(adapter: RuntimeAdapter) -> None:
    capabilities = adapter.capabilities()
    assert set(capabilities.features) <= FEATURES
    assert set(capabilities.limits) <= LIMITS
    assert capabilities.features, "a runtime that can do nothing"
    for name, feature in capabilities.features.items():
        assert feature.provenance.source, name
        assert date.fromisoformat(feature.provenance.on)
        assert feature.note or feature.support == "yes", f"{name}: say what is different"
    for name, limit in capabilities.limits.items():
        assert limit.provenance.source, name
        assert limit.minimum is not None or limit.maximum is not None, name
    assert capabilities.source_runtimes or "service.source" not in capabilities.features
    assert adapter.capabilities() == capabilities, "capabilities are constant"


def test_r4_models_are_strict_and_frozen(adapter: RuntimeAdapter) -> None:
    models = adapter.models()
    for model in (models.account, models.extensions):
        _strict(model)


def test_r4_the_sandbox_names_accounts_that_the_model_takes(runtime: str, adapter: RuntimeAdapter) -> None:
    accounts = registry.sandbox(runtime).accounts()
    assert accounts
    for name, account in accounts.items():
        assert adapter.models().account.model_validate(account), name


def test_r5_plugins_are_pinned(adapter: RuntimeAdapter) -> None:
    for plugin in adapter.required_plugins():
        assert plugin.name
        assert plugin.version[:1].isdigit(), plugin


def test_r6_loading_the_adapter_loads_no_pulumi(runtime: str) -> None:
    program = (
        "import sys\n"
        "from tenantry import registry\n"
        f"adapter = registry.runtime({runtime!r})\n"
        "adapter.capabilities(), adapter.models()\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0].startswith('pulumi')))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _strict(model: type[BaseModel]) -> None:
    assert model.model_config.get("extra") == "forbid", model
    assert model.model_config.get("frozen") is True, model

"""The messages of the Pulumi provider protocol, without the cost of the Pulumi SDK.

`import pulumi` takes several times as long as everything else that a plugin needs, and a plugin that speaks the
protocol itself uses nothing of it but the generated messages. In such a process this module loads those alone, from
the installed SDK. Where `pulumi` is already loaded it is used as it is.
"""

from __future__ import annotations

import importlib.util
import sys
import types


def _shallow(name: str) -> None:
    """Registers a package whose modules can be imported but whose `__init__` does not run."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(f"The package {name} is not installed", name=name)
    module = types.ModuleType(name)
    module.__path__ = list(spec.submodule_search_locations)
    module.__spec__ = spec
    sys.modules[name] = module


def load() -> None:
    """Makes `pulumi.runtime.proto.*` importable cheaply. Only for the main module of a plugin, before anything else."""
    if "pulumi" in sys.modules:
        return
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        _shallow(name)

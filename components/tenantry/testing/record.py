"""Records the state of a deployed probe, so that later versions of an adapter can prove that they still fit it.

`python -m tenantry.testing.record RUNTIME VARIANT FILE` deploys the probe in a sandbox of its own and writes the
exported state to FILE. What belongs to that sandbox alone (its account, its ports) becomes a mark, which `fitted`
replaces. The only secret in it is the kit's own sentinel.
"""

from __future__ import annotations

import json
import sys
import tempfile
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tenantry import registry
from tenantry.testing.operator import Operator

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ACCOUNT_MARK: Final = "@ACCOUNT@"
PORT_MARK: Final = "@HTTP_PORT@"
TOKEN: Final = "kit-token-recorded"  # noqa: S105 - the sentinel of recorded states


_OF_THE_MACHINE: Final = ("sourcePosition", "stackTrace")


def instance_of(variant: str) -> str:
    """The id of the recorded instance."""
    return f"recorded-{variant}"


def recorded(runtime: str) -> list[tuple[str, Traversable]]:
    """Recorded states of a runtime, as pairs of account variant and file.

    They lie in the package of its adapter as `recorded/<version>-<variant>.json`.
    """
    entry = next(iter(metadata.entry_points(group=registry.RUNTIMES, name=runtime)))
    folder = resources.files(entry.module.split(".")[0]).joinpath("recorded")
    if not folder.is_dir():
        return []
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name)
    return [(file.name.removesuffix(".json").split("-", 1)[1], file) for file in files]


def fitted(text: str, *, account: str, http_port: str, salt: str) -> str:
    """A recorded state for a stack of another sandbox, whose passphrase has this salt."""
    state = json.loads(text.replace(ACCOUNT_MARK, account).replace(PORT_MARK, http_port))
    state["deployment"]["secrets_providers"] = {"type": "passphrase", "state": {"salt": salt}}
    return json.dumps(state)


def identity_of(state: dict[str, Any]) -> dict[str, Any]:
    """The inputs of the stack's identity. Raises LookupError."""
    for resource in state["deployment"]["resources"]:
        if resource["type"] == "tenantry:index:Identity":
            inputs: dict[str, Any] = resource["inputs"]
            return inputs
    raise LookupError("the state has no identity")


def record(runtime: str, variant: str, folder: Path) -> str:
    """The marked state of a probe that is deployed for it and destroyed afterwards."""
    operator = Operator(folder, runtime, {"PROBE_TOKEN": TOKEN})
    try:
        operator.start()
        instance = instance_of(variant)
        operator.new(instance, "probe@1.0.0", registry.sandbox(runtime).accounts()[variant])
        operator.up(instance)
        state = operator.pulumi(instance, "stack", "export", "--show-secrets").json
        port = operator.tenantry("env", instance, "--json").json["TENANTRY_SANDBOX_HTTP_PORT"]
        operator.tenantry("destroy", instance, "--yes")
    finally:
        operator.stop()
    # The stack that takes the state over encrypts it with its own key.
    state["deployment"].pop("secrets_providers", None)
    for resource in state["deployment"]["resources"]:
        for name in _OF_THE_MACHINE:
            resource.pop(name, None)
    text = json.dumps(state, indent=1, ensure_ascii=False)
    return text.replace(identity_of(state)["account"], ACCOUNT_MARK).replace(f":{port}", f":{PORT_MARK}") + "\n"


def main() -> None:
    """Writes one recorded state."""
    runtime, variant, file = sys.argv[1:4]
    with tempfile.TemporaryDirectory(prefix="tenantry-record-") as folder:
        Path(file).write_text(record(runtime, variant, Path(folder) / "project"), encoding="utf-8")


if __name__ == "__main__":
    main()

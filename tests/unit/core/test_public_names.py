from __future__ import annotations

import subprocess
import sys

import pytest

import tenantry


def test_every_public_name_is_there() -> None:
    for name in tenantry.__all__:
        assert getattr(tenantry, name) is not None
    assert set(tenantry.__all__) <= set(dir(tenantry))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tenantry.nothing


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, tenantry; print(sorted({'pulumi', 'pydantic', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

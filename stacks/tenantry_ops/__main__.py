"""`python -m tenantry_ops`: the tenantry command."""

from __future__ import annotations

from tenantry_ops.cli import main

if __name__ == "__main__":
    main()

"""Entry point of the plugin `pulumi-resource-tenantry`."""

from __future__ import annotations

import sys
from typing import Final

from tenantry_vendor.plugin.resources import own_provider
from tenantry_vendor.plugin.serve import serve

VERSION: Final = "0.1.0"
"""The plugin's own version; it changes when the resource's schema does."""


def main() -> None:
    """Serves the plugin until its engine ends."""
    serve(own_provider(VERSION), VERSION, sys.argv[1:])


if __name__ == "__main__":
    main()

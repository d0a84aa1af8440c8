"""Entry point of the plugin: `tenantry-host-plugin`, installed as `pulumi-resource-tenantry-host`."""

from __future__ import annotations

import sys

from tenantry_vendor.plugin.serve import serve

from tenantry_host.plugin.provider import HostProvider
from tenantry_host.runtime import PLUGIN_VERSION


def main() -> None:
    """Serves the plugin until its engine ends."""
    serve(HostProvider(PLUGIN_VERSION), PLUGIN_VERSION, sys.argv[1:])


if __name__ == "__main__":
    main()

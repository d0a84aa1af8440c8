"""Stand-in for the official `kubernetes` Pulumi plugin, for local API servers only.

It speaks the provider protocol itself, with the messages of the installed Pulumi SDK, so that a run need not pay for
loading that SDK a second time.
"""

from __future__ import annotations

from typing import Final

from tenantry_kubernetes.plugin.launcher import plugin_launcher as plugin_launcher

VERSION: Final = "4.32.0"
"""The version of the official plugin that it stands in for: the one that the pinned `pulumi-kubernetes` asks for."""

"""Entry point of the plugin process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

from tenantry_vendor.plugin import proto

if TYPE_CHECKING:
    from types import ModuleType

    import grpc.aio


def main() -> None:
    """Serves the stand-in until the engine ends."""
    # Before anything that imports the protocol's messages.
    proto.load()
    # httpx brings a command line that loads a terminal library; it does without where that module is not to be had.
    sys.modules["httpx._main"] = cast("ModuleType", None)
    from tenantry_vendor.plugin.serve import serve_servicer

    def register(server: grpc.aio.Server, engine: str) -> None:
        from pulumi.runtime.proto import provider_pb2_grpc

        from tenantry_kubernetes.plugin.servicer import KubernetesServicer

        provider_pb2_grpc.add_ResourceProviderServicer_to_server(KubernetesServicer(engine), server)

    serve_servicer(register, sys.argv[1:])


if __name__ == "__main__":
    main()

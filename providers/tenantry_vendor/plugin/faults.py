"""What the engine is told when a provider's method raises."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
import grpc.aio

from tenantry.errors import TenantryError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    # Generic in its stubs only.
    Interceptor = grpc.aio.ServerInterceptor[Any, Any]
else:
    Interceptor = grpc.aio.ServerInterceptor

log = logging.getLogger(__name__)


class Faults(Interceptor):
    """Turns exceptions into gRPC errors that a user can read.

    A `TenantryError` arrives with its message and hint. Anything else is a bug: its type and place are shown, never its
    message, which could hold a value of the user's.
    """

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any]]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any]:
        """Wraps the handler of one method; methods that stream are left alone."""
        handler = await continuation(handler_call_details)
        # An unknown method has no handler at all.
        inner: Any = getattr(handler, "unary_unary", None)
        if inner is None:
            return handler

        async def guarded(request: object, context: grpc.aio.ServicerContext[Any, Any]) -> object:
            try:
                return await inner(request, context)
            except grpc.aio.AbortError:
                raise
            except NotImplementedError as error:
                await context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))
            except TenantryError as error:
                await context.abort(grpc.StatusCode.UNKNOWN, str(error))
            except Exception as error:  # noqa: BLE001 - the last line of defence: the engine must get an answer
                await _abort_with_bug(error, context)

        return grpc.unary_unary_rpc_method_handler(
            guarded,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


async def _abort_with_bug(error: Exception, context: grpc.aio.ServicerContext[Any, Any]) -> NoReturn:
    frames = []
    trace = error.__traceback__
    while trace is not None:
        frames.append(f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    place = " > ".join(frames[-4:])
    log.error("internal error: %s at %s", type(error).__name__, place)
    await context.abort(
        grpc.StatusCode.INTERNAL,
        f"The plugin has a bug: {type(error).__name__} at {place}. Please report it with these words.",
    )

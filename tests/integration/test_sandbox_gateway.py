"""The gateway's forwarding against servers that behave, misbehave and die."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from tenantry.contract.sandbox import loopback_address
from tenantry_vendor.sandbox.authority import Authority
from tenantry_vendor.sandbox.gateway.certificates import Certificates
from tenantry_vendor.sandbox.gateway.listeners import Listeners
from tenantry_vendor.sandbox.gateway.proxy import Endpoint, Proxy
from tenantry_vendor.sandbox.gateway.routing import Backend, Rule, Table
from tenantry_vendor.sandbox.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

pytestmark = pytest.mark.integration

HEALTH = "gateway.tenantry.invalid"


class Setting:
    """A gateway on ports of its own and the servers behind it."""

    def __init__(
        self, proxy: Proxy, listeners: Listeners, ports: tuple[int, int], session: aiohttp.ClientSession
    ) -> None:
        self.proxy = proxy
        self.listeners = listeners
        self.ports = ports
        self.session = session
        self.url = f"http://127.0.0.1:{ports[0]}"
        self._runners: list[web.ServerRunner] = []

    async def server(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> Endpoint:
        runner = web.ServerRunner(web.Server(handler))
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self._runners.append(runner)
        return Endpoint("127.0.0.1", port, f"server-{port}")

    async def route(self, *endpoints: Endpoint, host: str = "a.example") -> None:
        rule = Rule(host=host, path="/", exact=False, backends=(Backend("k"),), source="test", age=("1",))
        self.proxy.table = Table([rule])
        self.proxy.endpoints = {"k": endpoints}
        self.proxy.addresses = await self.listeners.update(self.proxy.table.hosts)
        self.proxy.ready = True

    def ask(self, method: str = "GET", path: str = "/", /, **more: Any) -> Any:  # noqa: ANN401 - aiohttp's own type
        headers = {"Host": "a.example"} | more.pop("headers", {})
        return self.session.request(method, self.url + path, headers=headers, **more)

    async def close(self) -> None:
        for runner in self._runners:
            await runner.cleanup()


@asynccontextmanager
async def setting(folder: Path) -> AsyncIterator[Setting]:
    proxy = Proxy(HEALTH)
    await proxy.start()
    certificates = Certificates(Authority(folder, "ca"), folder, proxy.knows)
    runner = web.ServerRunner(web.Server(proxy.handle), handler_cancellation=True, shutdown_timeout=0.5)
    await runner.setup()
    ports = (free_port(), free_port())
    listeners = Listeners(runner, *ports, certificates)
    await listeners.start()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        made = Setting(proxy, listeners, ports, session)
        try:
            yield made
        finally:
            await made.close()
            await runner.cleanup()
            await proxy.close()


def run(folder: Path, test: Callable[[Setting], Awaitable[None]]) -> None:
    async def go() -> None:
        async with asyncio.timeout(60), setting(folder) as made:
            await test(made)

    asyncio.run(go())


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    body = await request.read()
    shown = {"path": request.raw_path, "headers": dict(request.headers), "size": len(body), "method": request.method}
    return web.json_response(shown, headers={"Set-Cookie": "a=1", "X-Own": "yes"}, status=207)


async def dead(_request: web.BaseRequest) -> web.StreamResponse:
    assert _request.transport is not None
    _request.transport.abort()
    return web.Response()


def closed_port() -> Endpoint:
    return Endpoint("127.0.0.1", free_port(), "nobody")


def test_request_and_answer_are_passed_on_whole(tmp_path: Path) -> None:
    async def go(made: Setting) -> None:
        await made.route(await made.server(echo))
        headers = {"X-Forwarded-For": "6.6.6.6", "Connection": "X-Hop", "X-Hop": "1", "X-Stay": "1"}
        async with made.ask("PUT", "/a%2Fb//c?x=%20", data=b"x" * 500_000, headers=headers) as answer:
            assert (answer.status, answer.headers["Set-Cookie"], answer.headers["X-Own"]) == (207, "a=1", "yes")
            shown = await answer.json()
        assert (shown["method"], shown["path"], shown["size"]) == ("PUT", "/a%2Fb//c?x=%20", 500_000)
        assert shown["headers"]["Host"] == "a.example"
        assert shown["headers"]["X-Stay"] == "1"
        assert shown["headers"]["X-Forwarded-For"] == "127.0.0.1"
        assert shown["headers"]["X-Forwarded-Proto"] == "http"
        assert shown["headers"]["X-Forwarded-Port"] == str(made.ports[0])
        assert "X-Hop" not in shown["headers"]

        async with made.ask("HEAD") as answer:
            assert (answer.status, await answer.read()) == (207, b"")
            assert int(answer.headers["Content-Length"]) > 0

    run(tmp_path, go)


def test_bodies_stream_both_ways(tmp_path: Path) -> None:
    async def ping_pong(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        async for chunk in request.content.iter_any():
            await response.write(chunk.upper())
        return response

    async def go(made: Setting) -> None:
        await made.route(await made.server(ping_pong))
        heard: asyncio.Queue[bytes] = asyncio.Queue()

        async def body() -> AsyncIterator[bytes]:
            yield b"one"
            assert await heard.get() == b"ONE"
            yield b"two"

        async with made.ask("POST", data=body()) as answer:
            heard.put_nowait(await answer.content.readany())
            assert await answer.content.read() == b"TWO"

    run(tmp_path, go)


def test_failures_have_their_statuses(tmp_path: Path) -> None:
    async def status(made: Setting, method: str = "GET", **more: object) -> int:
        async with made.ask(method, **more) as answer:
            assert answer.content_type == "text/plain"
            return int(answer.status)

    async def go(made: Setting) -> None:
        assert await status(made) == 503
        await made.route()
        assert await status(made) == 503
        assert await status(made, headers={"Host": "b.example"}) == 404
        await made.route(closed_port())
        assert await status(made) == 502
        await made.route(await made.server(dead))
        assert await status(made) == 502
        assert await status(made, "POST", data=b"x") == 502
        rule = Rule(host="a.example", path="/", exact=False, backends=(Backend(""),), source="x", age=("1",))
        made.proxy.table = Table([rule])
        assert await status(made) == 500

    run(tmp_path, go)


def test_another_endpoint_gets_what_a_gone_one_did_not(tmp_path: Path) -> None:
    async def go(made: Setting) -> None:
        good = await made.server(echo)
        await made.route(closed_port(), good)
        for _ in range(4):
            async with made.ask("POST", data=b"once") as answer:
                assert (answer.status, (await answer.json())["size"]) == (207, 4)
        await made.route(await made.server(dead), good)
        statuses = []
        for _ in range(4):
            async with made.ask() as answer:
                statuses.append(answer.status)
        assert statuses == [207] * 4
        posted = set()
        for _ in range(4):
            async with made.ask("POST", data=b"perhaps done") as answer:
                posted.add(answer.status)
        assert posted == {207, 502}, "what may have had an effect is not repeated"

    run(tmp_path, go)


def test_an_answer_that_breaks_off_is_seen_to_break_off(tmp_path: Path) -> None:
    async def half(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    async def go(made: Setting) -> None:
        await made.route(await made.server(half))
        with pytest.raises(aiohttp.ClientError):
            async with made.ask() as answer:
                await answer.read()

    run(tmp_path, go)


def test_requests_take_turns_and_weights_share_them(tmp_path: Path) -> None:
    def named(name: str) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
        async def answer(_request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(text=name)

        return answer

    async def go(made: Setting) -> None:
        servers = [await made.server(named(name)) for name in "abc"]
        await made.route(*servers)

        async def heard(count: int) -> str:
            said = ""
            for _ in range(count):
                async with made.ask() as answer:
                    said += await answer.text()
            return said

        assert sorted(await heard(6)) == list("aabbcc")
        backends = (Backend("one", 3), Backend("two", 1), Backend("none", 0))
        rule = Rule(host="a.example", path="/", exact=False, backends=backends, source="x", age=("1",))
        made.proxy.table = Table([rule])
        made.proxy.endpoints = {"one": (servers[0],), "two": (servers[1],)}
        assert sorted(await heard(8)) == list("aaaaaabb")

    run(tmp_path, go)


def test_websockets_are_passed_on(tmp_path: Path) -> None:
    async def shout(request: web.BaseRequest) -> web.StreamResponse:
        socket_ = web.WebSocketResponse(protocols=("loud",))
        await socket_.prepare(request)
        async for message in socket_:
            if message.data == "bye":
                await socket_.close(code=4001)
            else:
                await socket_.send_str(message.data.upper())
        return socket_

    async def go(made: Setting) -> None:
        await made.route(await made.server(shout))
        url = f"ws://127.0.0.1:{made.ports[0]}/x"
        async with made.session.ws_connect(url, headers={"Host": "a.example"}, protocols=("quiet", "loud")) as talk:
            assert talk.protocol == "loud"
            await talk.send_str("hello")
            assert await talk.receive_str() == "HELLO"
            await talk.send_str("bye")
            assert (await talk.receive()).type is aiohttp.WSMsgType.CLOSE
            assert talk.close_code == 4001
        await made.route(closed_port())
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await made.session.ws_connect(url, headers={"Host": "a.example"})
        assert refused.value.status == 502

    run(tmp_path, go)


def test_every_host_has_an_address_of_its_own_while_it_is_routed(tmp_path: Path) -> None:
    async def status(made: Setting, host: str) -> int | None:
        try:
            async with made.session.get(f"http://{loopback_address(host)}:{made.ports[0]}/") as answer:
                return answer.status
        except aiohttp.ClientConnectorError:
            return None

    async def go(made: Setting) -> None:
        server = await made.server(echo)
        await made.route(server)
        assert (await status(made, "a.example"), await status(made, "b.example")) == (207, None)
        await made.route(server, host="b.example")
        assert (await status(made, "a.example"), await status(made, "b.example")) == (None, 207)
        url = f"http://{loopback_address('b.example')}:{made.ports[0]}/"
        async with made.session.get(url, headers={"Host": "other.example"}) as answer:
            assert answer.status == 404, "a named host is not the address's"

    run(tmp_path, go)


def test_an_address_that_a_stranger_holds_is_told_and_taken_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def go(made: Setting) -> None:
        server = await made.server(echo)
        with socket.socket() as stranger:
            stranger.bind((loopback_address("a.example"), made.ports[0]))
            stranger.listen()
            await made.route(server)
            assert "cannot listen" in caplog.text
            async with made.ask() as answer:
                assert answer.status == 207
        await made.route(server)
        async with made.session.get(f"http://{loopback_address('a.example')}:{made.ports[0]}/") as answer:
            assert answer.status == 207

    run(tmp_path, go)


def test_health_is_told_under_its_own_host(tmp_path: Path) -> None:
    async def go(made: Setting) -> None:
        async with made.ask(headers={"Host": HEALTH}) as answer:
            assert answer.status == 503
        await made.route()
        async with made.ask(headers={"Host": HEALTH}) as answer:
            assert await answer.json() == {"rules": 1, "hosts": ["a.example"]}

    run(tmp_path, go)

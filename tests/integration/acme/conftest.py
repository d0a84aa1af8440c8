"""What an ACME test needs around it: a real ACME server (pebble), a name server, and somebody who answers over HTTP."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import socket
import socketserver
import subprocess
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update
import httpx
import pytest

from tenantry_toolchain import acmeserver
from tenantry_vendor.plugin.server_certificate.issuing import issue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tenantry.contract.challenges import HttpChallenge

KEY_NAME = "tenantry."
SECRET = base64.b64encode(b"a key of thirty-two bytes, here!").decode()
ZONE = "example."


class Zone:
    """A name server on loopback: every name is 127.0.0.1; TXT records come by signed updates (RFC 2136) only."""

    key_name = KEY_NAME
    secret = SECRET
    name = ZONE

    def __init__(self) -> None:
        self.texts: dict[str, set[str]] = {}
        self.updates = 0
        self.refused = 0
        keyring = {dns.name.from_text(KEY_NAME): dns.tsig.Key(KEY_NAME, SECRET, "hmac-sha256")}
        zone = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, sock = self.request
                sock.sendto(zone.answer(data, keyring), self.client_address)

        class Tcp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                length = int.from_bytes(self.request.recv(2, socket.MSG_WAITALL), "big")
                reply = zone.answer(self.request.recv(length, socket.MSG_WAITALL), keyring)
                self.request.sendall(len(reply).to_bytes(2, "big") + reply)

        self._tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tcp)
        self.port: int = self._tcp.server_address[1]
        self._udp = socketserver.ThreadingUDPServer(("127.0.0.1", self.port), Udp)
        for server in (self._tcp, self._udp):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def answer(self, data: bytes, keyring: Mapping[dns.name.Name, dns.tsig.Key]) -> bytes:
        """The answer to one message."""
        try:
            message = dns.message.from_wire(data, keyring=keyring)
        except (dns.tsig.BadSignature, dns.message.UnknownTSIGKey):
            self.refused += 1
            unsigned = dns.message.from_wire(data, keyring=False)
            refusal = dns.message.make_response(unsigned)
            refusal.set_rcode(dns.rcode.NOTAUTH)
            return refusal.to_wire()
        reply = dns.message.make_response(message)
        if isinstance(message, dns.update.UpdateMessage):
            reply.set_rcode(self._update(message))
            return reply.to_wire()
        reply.flags |= dns.flags.AA
        question = message.question[0]
        name = question.name.to_text().lower()
        if question.rdtype == dns.rdatatype.A and name.endswith(ZONE):
            reply.answer.append(dns.rrset.from_text(question.name, 1, "IN", "A", "127.0.0.1"))
        if question.rdtype == dns.rdatatype.TXT and self.texts.get(name):
            texts = [f'"{text}"' for text in sorted(self.texts[name])]
            reply.answer.append(dns.rrset.from_text(question.name, 1, "IN", "TXT", *texts))
        return reply.to_wire()

    def _update(self, message: dns.update.UpdateMessage) -> dns.rcode.Rcode:
        if not message.had_tsig:
            self.refused += 1
            return dns.rcode.REFUSED
        self.updates += 1
        for records in message.update:
            name = records.name.derelativize(dns.name.from_text(ZONE)).to_text().lower()
            kept = self.texts.setdefault(name, set())
            for record in records:
                text = b"".join(getattr(record, "strings", ())).decode()
                if records.deleting == dns.rdataclass.NONE:
                    kept.discard(text)
                else:
                    kept.add(text)
        return dns.rcode.NOERROR

    def close(self) -> None:
        """Stops listening."""
        for server in (self._tcp, self._udp):
            server.shutdown()
            server.server_close()


class Answering:
    """A runtime's adapter that answers challenges from a small web server."""

    name = "probe"

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], str] = {}
        self.presented: list[str] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                host = (self.headers.get("Host") or "").partition(":")[0]
                content = owner.answers.get((host, self.path))
                self.send_response(404 if content is None else 200)
                self.end_headers()
                self.wfile.write((content or "").encode())

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def present(self, challenge: HttpChallenge, environment: Mapping[str, str]) -> None:
        """As the contract says."""
        del environment
        self.presented.append(challenge.host)
        self.answers[challenge.host, challenge.path] = challenge.content

    def withdraw(self, challenge: HttpChallenge, environment: Mapping[str, str]) -> None:
        """As the contract says."""
        del environment
        self.answers.pop((challenge.host, challenge.path), None)

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Pebble:
    """A running pebble: `directory`, and the file with the authority that its own certificate is checked by."""

    directory: str
    ca_file: Path
    management: str
    process: subprocess.Popen[bytes]
    environment: dict[str, str] = field(default_factory=dict)

    def roots(self) -> str:
        """The authority of what it issues, in PEM."""
        import ssl

        context = ssl.create_default_context(cafile=str(self.ca_file))
        return httpx.get(f"{self.management}/roots/0", verify=context).text


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def start_pebble(folder: Path, *, http_port: int, name_server: int) -> Pebble:
    """Starts the server; a twentieth of all nonces is refused, as pebble does by default."""
    server = issue(["localhost"], dt.datetime.now(dt.UTC), None)
    ca_file = folder / "authority.pem"
    ca_file.write_text(server.authorities)
    (folder / "server.pem").write_text(server.certificate)
    (folder / "server.key").write_text(server.key)
    port, management = free_port(), free_port()
    config: dict[str, Any] = {
        "pebble": {
            "listenAddress": f"127.0.0.1:{port}",
            "managementListenAddress": f"127.0.0.1:{management}",
            "certificate": str(folder / "server.pem"),
            "privateKey": str(folder / "server.key"),
            "httpPort": http_port,
            "tlsPort": free_port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": False,
            "domainBlocklist": ["blocked-domain.example"],
        }
    }
    file = folder / "pebble.json"
    file.write_text(json.dumps(config))
    with (folder / "pebble.log").open("wb") as log:
        process = subprocess.Popen(
            [acmeserver.ensure(), "-config", file, "-dnsserver", f"127.0.0.1:{name_server}"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PEBBLE_VA_NOSLEEP": "1"},
        )
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    assert process.poll() is None, (folder / "pebble.log").read_text()
    return Pebble(
        directory=f"https://localhost:{port}/dir",
        ca_file=ca_file,
        management=f"https://localhost:{management}",
        process=process,
    )


@pytest.fixture(scope="module")
def zone() -> Iterator[Zone]:
    """The name server."""
    served = Zone()
    yield served
    served.close()


@pytest.fixture(scope="module")
def answering() -> Iterator[Answering]:
    """The adapter that answers HTTP challenges."""
    served = Answering()
    yield served
    served.close()


@pytest.fixture(scope="module")
def pebble(tmp_path_factory: pytest.TempPathFactory, zone: Zone, answering: Answering) -> Iterator[Pebble]:
    """The ACME server."""
    started = start_pebble(tmp_path_factory.mktemp("pebble"), http_port=answering.port, name_server=zone.port)
    yield started
    started.process.terminate()
    started.process.wait(10)


@pytest.fixture(scope="module")
def pebble_at(tmp_path_factory: pytest.TempPathFactory, zone: Zone) -> Iterator[Callable[[int], Pebble]]:
    """Starts an ACME server that asks hosts at this port."""
    started: list[Pebble] = []

    def start(http_port: int) -> Pebble:
        started.append(start_pebble(tmp_path_factory.mktemp("pebble"), http_port=http_port, name_server=zone.port))
        return started[-1]

    yield start
    for each in started:
        each.process.terminate()
        each.process.wait(10)

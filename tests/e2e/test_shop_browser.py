"""The shop in a real browser: an order through the page, in both languages and themes, on a phone and on a desk.

Most tests put the page and the API behind one small front, as an instance's routes put them behind one host; the last
one asks a deployed instance. Every message on the browser's console fails the test, a refused Content Security Policy
among them.
"""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from tenantry.testing.operator import Operator

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

SHOP = Path(__file__).parents[2] / "templates" / "shop"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--proxy-server=direct://",  # the addresses are on loopback
]
PHONE = {"width": 375, "height": 812}
DESK = {"width": 1280, "height": 800}


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says in one language."""

    add_mug: str
    more_mug: str
    cart: str
    orders: str
    name: str
    contact: str
    place: str
    required: str
    thanks: str
    empty: str
    search: str


ENGLISH = Words(
    add_mug="Add Stoneware mug to the cart",
    more_mug="One more Stoneware mug",
    cart="Cart",
    orders="Orders",
    name="Your name",
    contact="Phone or email",
    place="Place order",
    required="Please fill this in",
    thanks="Thank you! Order",
    empty="Your cart is empty.",
    search="Search products",
)
CHINESE = Words(
    add_mug="把粗陶马克杯加入购物车",
    more_mug="粗陶马克杯加一件",
    cart="购物车",
    orders="订单",
    name="您的姓名",
    contact="手机号或邮箱",
    place="提交订单",
    required="请填写此项",
    thanks="谢谢！订单",
    empty="购物车是空的。",
    search="搜索商品",
)


class Front(SimpleHTTPRequestHandler):
    """The site at `/`, the API at `/api` with the path unchanged."""

    api_port = 0

    def do_GET(self) -> None:
        if self.path.startswith("/api/"):
            self.forward()
        else:
            super().do_GET()

    def forward(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=10)
        try:
            connection.request(self.command, self.path, self.rfile.read(length) or None, dict(self.headers.items()))
            response = connection.getresponse()
            body = response.read()
        except OSError:
            self.send_error(502)
            return
        finally:
            connection.close()
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        self.forward()

    def do_POST(self) -> None:
        self.forward()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: failures show in the browser."""


@dataclass(slots=True)
class Place:
    """A running shop: the address of its page and the API's process."""

    url: str
    api: subprocess.Popen[bytes]
    front: ThreadingHTTPServer = field(repr=False)


@pytest.fixture
def serve_shop() -> Iterator[Callable[..., Place]]:
    places: list[Place] = []

    def serve(version: str, **env: str) -> Place:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        base = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "HOST": "127.0.0.1", "PORT": str(port)}
        api = subprocess.Popen([sys.executable, "main.py"], cwd=SHOP / version / "api", env=base | env)
        handler = type("ShopFront", (Front,), {"api_port": port})
        front = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(SHOP / version / "web")))
        threading.Thread(target=front.serve_forever, args=(0.1,), daemon=True).start()
        places.append(Place(f"http://127.0.0.1:{front.server_address[1]}/", api, front))
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return places[-1]
            assert api.poll() is None, "the API ended"
            time.sleep(0.05)
        raise AssertionError("the API did not start")

    yield serve
    for place in places:
        place.front.shutdown()
        place.front.server_close()
        place.api.terminate()
        place.api.wait(timeout=20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail(
            "No Chromium was found. Install it: apt-get install --yes chromium (Debian), or put chromium on PATH."
        )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages whose console messages, page errors and failed requests fail the test."""
    complaints: list[str] = []

    def opened(url: str, size: dict[str, int], locale: str = "en-US") -> Page:
        context = browser.new_context(
            viewport={"width": size["width"], "height": size["height"]}, locale=locale, reduced_motion="reduce"
        )
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
        page.goto(url)
        return page

    yield opened
    for context in browser.contexts:
        context.close()
    assert complaints == []


def brightness(page: Page) -> int:
    """Sum of red, green and blue of the page's ground, 0 to 765."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3])


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize(
    ("version", "language", "theme", "currency", "prices"),
    [
        ("1.0.0", "en", "light", "USD", ("$14.00", "$28.00", "$28.00")),
        ("1.0.0", "zh", "dark", "CNY", ("¥68.00", "¥136.00", "¥136.00")),
        ("1.1.0", "zh", "light", "JPY", ("JP¥1,800", "JP¥3,600", "JP¥3,960")),
        ("1.1.0", "en", "dark", "EUR", ("€12.90", "€25.80", "€28.38")),
    ],
)
def test_an_order(
    *,
    serve_shop: Callable[..., Place],
    visit: Callable[..., Page],
    size: dict[str, int],
    version: str,
    language: str,
    theme: str,
    currency: str,
    prices: tuple[str, str, str],
) -> None:
    words = ENGLISH if language == "en" else CHINESE
    name = 'Bob\'s <b>"Goods"</b> 杂货'
    place = serve_shop(
        version,
        SHOP_NAME=name,
        SHOP_THEME=theme,
        SHOP_CURRENCY=currency,
        SHOP_LANGUAGE=language,
        SHOP_TAX_PERCENT="10",
        TENANTRY_INSTANCE="acme",
    )
    # the browser's own language is the other one: the instance decides what is shown first
    page = visit(place.url, size, "zh-CN" if language == "en" else "en-US")
    each, twice, total = prices

    expect(page).to_have_title(name)
    expect(page.locator(".shop-name")).to_have_text(name)
    expect(page.locator("html")).to_have_attribute("lang", "en" if language == "en" else "zh-CN")
    expect(page.locator(".card")).to_have_count(8)
    expect(page.locator('[data-product="mug"] .price')).to_have_text(each)
    expect(page.locator("#release")).to_contain_text(version)
    assert (brightness(page) < 200) == (theme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]

    page.get_by_role("button", name=words.add_mug).click()
    expect(page.locator(".count")).to_have_text("1")
    expect(page.get_by_role("button", name=words.add_mug)).to_be_focused()
    page.get_by_role("link", name=words.cart).click()
    page.get_by_role("button", name=words.more_mug).click()
    expect(page.locator(".amount")).to_have_text(twice)
    expect(page.locator(".sum-total dd")).to_have_text(total)

    page.get_by_role("button", name=words.place).click()
    expect(page.get_by_text(words.required)).to_have_count(2)
    expect(page.get_by_label(words.name)).to_be_focused()
    page.get_by_label(words.name).fill("Ann 安 <script>")
    page.get_by_label(words.contact).fill("ann@example.com")
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.get_by_role("button", name=words.place).click()
    expect(page.get_by_text(words.thanks)).to_be_visible()
    expect(page.locator("[data-order] .sum-total dd")).to_have_text(total)
    expect(page.locator(".count")).to_be_hidden()

    page.reload()
    expect(page.locator("[data-order]")).to_have_count(1)
    page.get_by_role("link", name=words.cart).click()
    expect(page.get_by_text(words.empty)).to_be_visible()


def test_a_visitor_switches_language_and_theme(serve_shop: Callable[..., Place], visit: Callable[..., Page]) -> None:
    page = visit(serve_shop("1.1.0", SHOP_NAME="Acme", SHOP_LANGUAGE="en", SHOP_THEME="light").url, PHONE)
    expect(page.get_by_role("heading", name="Our products")).to_be_visible()
    light = brightness(page)
    page.get_by_role("button", name="切换到中文").click()
    expect(page.get_by_role("heading", name="全部商品")).to_be_visible()
    page.get_by_role("button", name="深色主题").click()
    expect(page.locator("#theme")).to_have_attribute("aria-pressed", "true")
    assert brightness(page) < light
    page.reload()
    expect(page.get_by_role("heading", name="全部商品")).to_be_visible()
    expect(page.locator("#theme")).to_have_attribute("aria-pressed", "true")


def test_search_and_announcement(serve_shop: Callable[..., Place], visit: Callable[..., Page]) -> None:
    page = visit(serve_shop("1.1.0", SHOP_NAME="Acme", SHOP_ANNOUNCEMENT="Open on Sunday").url, DESK)
    expect(page.get_by_text("Open on Sunday")).to_be_visible()
    page.get_by_label(ENGLISH.search).press_sequentially("tote", delay=20)
    expect(page.locator(".card")).to_have_count(1)
    expect(page.get_by_label(ENGLISH.search)).to_be_focused()
    expect(page.locator("#found")).to_have_text("1 product")
    page.get_by_label(ENGLISH.search).fill("gold")
    expect(page.get_by_text("No product matches")).to_be_visible()


def test_the_keyboard_is_enough(serve_shop: Callable[..., Place], visit: Callable[..., Page]) -> None:
    page = visit(serve_shop("1.0.0", SHOP_NAME="Acme").url, DESK)
    expect(page.locator(".card")).to_have_count(8)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=ENGLISH.add_mug)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".count")).to_have_text("1")
    expect(page.locator("main h1")).to_have_text("Our products")


def test_a_shop_that_is_away_says_so_and_comes_back(
    serve_shop: Callable[..., Place], browser: Browser, visit: Callable[..., Page]
) -> None:
    place = serve_shop("1.0.0", SHOP_NAME="Acme")
    context = browser.new_context()
    # not through `visit`: a refused connection is what this test is about
    page = context.new_page()
    page.route("**/api/about", lambda route: route.abort())
    page.goto(place.url)
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.unroute("**/api/about")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".card")).to_have_count(8)


def test_an_order_in_a_deployed_instance(shops: Operator, visit: Callable[..., Page]) -> None:
    """The page of one instance through the sandbox's gateway, with its own URL."""
    tenant = ["browser", "--template", "shop@stable", "--runtime", "kubernetes", "--plan", "free"]
    shops.tenantry("new", "tenant", *tenant, "--param", "shop_name=Acme", "--param", "tax_percent=10")
    url = shops.up("browser")["outputs"]["url"]
    try:
        page = visit(url, PHONE)
        page.get_by_role("button", name=ENGLISH.add_mug).click()
        page.get_by_role("link", name=ENGLISH.cart).click()
        page.get_by_label(ENGLISH.name).fill("Ann")
        page.get_by_label(ENGLISH.contact).fill("ann@example.com")
        page.get_by_role("button", name=ENGLISH.place).click()
        expect(page.get_by_text(ENGLISH.thanks)).to_be_visible()
        expect(page.locator("[data-order] .sum-total dd")).to_have_text("CN¥74.80")
        expect(page.locator("#release")).to_have_text("browser · version 1.1.0")
    finally:
        shops.tenantry("destroy", "browser", "--yes")

"""The page of the later versions in a real browser, on a phone and on a desk, with real pictures in a real bucket.

Every message on the console fails a test, and so does a refused Content Security Policy.
"""

from __future__ import annotations

import http.client
import re
import shutil
import struct
import threading
import zlib
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Dialog, Page
    from tests.integration.shop.conftest import Api, Postgres, StartShop

pytestmark = [pytest.mark.integration, pytest.mark.browser]

SHOP = Path(__file__).parents[3] / "templates" / "shop"
PHONE = (390, 844)
DESK = (1280, 800)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--proxy-server=direct://",  # the addresses are on loopback
]


@dataclass(frozen=True, slots=True)
class Words:
    """What the page says in one language."""

    add: str
    more: str
    cart: str
    name: str
    contact: str
    picture: str
    remove: str
    place: str
    thanks: str
    cancel: str
    cancelled: str
    sold_out: str
    few: str


WORDS = {
    "en": Words(
        add="Add Stoneware mug to the cart",
        more="One more Stoneware mug",
        cart="Cart",
        name="Your name",
        contact="Phone or email",
        picture="Picture for the gift card (optional)",
        remove="Remove the picture",
        place="Place order",
        thanks="Thank you! Order",
        cancel="Cancel order",
        cancelled="Cancelled",
        sold_out="Sold out today",
        few="Only 2 left",
    ),
    "zh": Words(
        add="把粗陶马克杯加入购物车",
        more="粗陶马克杯加一件",
        cart="购物车",
        name="您的姓名",
        contact="手机号或邮箱",
        picture="贺卡图片（可选）",
        remove="移除图片",
        place="提交订单",
        thanks="谢谢！订单",
        cancel="取消订单",
        cancelled="已取消",
        sold_out="今日售罄",
        few="仅剩 2 件",
    ),
}


def photo(width: int, height: int) -> bytes:
    """A PNG of many colours."""
    rows = b"".join(
        b"\0" + bytes(value for x in range(width) for value in (x * 255 // width, y * 255 // height, 90))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Front(SimpleHTTPRequestHandler):
    """The site at `/`, the API at `/api` with the path unchanged, as an instance's routes have them."""

    api_port = 0

    def do_GET(self) -> None:
        if self.path.startswith("/api/"):
            self.forward()
        else:
            super().do_GET()

    def forward(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        connection = http.client.HTTPConnection("127.0.0.1", self.api_port, timeout=20)
        connection.request(self.command, self.path, self.rfile.read(length) or None, dict(self.headers.items()))
        response = connection.getresponse()
        body = response.read()
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

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Nothing: failures show in the browser."""


@pytest.fixture
def front() -> Iterator[Callable[[str, Api], str]]:
    """Puts a version's page before a running API; the address."""
    running: list[ThreadingHTTPServer] = []

    def serve(version: str, api: Api) -> str:
        handler = partial(type("ShopFront", (Front,), {"api_port": api.port}), directory=str(SHOP / version / "web"))
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/"

    yield serve
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert program is not None, "No Chromium was found: install the package `chromium`, or put it on PATH."
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    complaints: list[str] = []

    def opened(url: str, size: tuple[int, int]) -> Page:
        viewport = {"width": size[0], "height": size[1]}
        phone = size[0] < 500
        context = browser.new_context(
            viewport={"width": viewport["width"], "height": viewport["height"]},
            has_touch=phone,
            is_mobile=phone,
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"page error: {error}"))
        page.goto(url)
        return page

    yield opened
    for context in browser.contexts:
        context.close()
    # that the shop refused something is what the page has to cope with, and the browser notes it
    refusals = re.compile(r"console error: Failed to load resource: .* status of (403|409) ")
    assert [complaint for complaint in complaints if not refusals.match(complaint)] == []


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways; every control must be large enough for a finger."""
    too_small = page.evaluate(
        """() => [...document.querySelectorAll("button, main a, .tabs a, input:not([type=file])")]
            .filter((node) => node.offsetParent && node.getBoundingClientRect().height < 44)
            .map((node) => node.outerHTML)"""
    )
    assert too_small == []
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize(
    ("version", "language", "theme", "size"),
    [("1.2.0", "zh", "light", PHONE), ("2.0.0", "en", "light", PHONE), ("2.0.0", "zh", "dark", DESK)],
)
def test_an_order_with_a_picture(
    *,
    version: str,
    language: str,
    theme: str,
    size: tuple[int, int],
    start_shop: StartShop,
    bucket: dict[str, str],
    front: Callable[[str, Api], str],
    visit: Callable[..., Page],
) -> None:
    words = WORDS[language]
    shop = start_shop(version, SHOP_LANGUAGE=language, SHOP_THEME=theme, SHOP_CURRENCY="EUR", **bucket)
    page = visit(front(version, shop), size)
    expect(page.locator(".card")).to_have_count(8)
    page.get_by_role("button", name=words.add).click()
    page.get_by_role("link", name=words.cart).click()
    page.get_by_role("button", name=words.more).click()
    page.get_by_label(words.name).fill("Ann 安")
    page.get_by_label(words.contact).fill("ann@example.com")

    chooser = page.get_by_label(words.picture)
    chooser.set_input_files({"name": "notes.png", "mimeType": "image/png", "buffer": b"no picture"})
    expect(page.locator("#picture-error")).not_to_be_empty()
    chooser.set_input_files({"name": "holiday.png", "mimeType": "image/png", "buffer": photo(2400, 300)})
    expect(page.get_by_role("button", name=words.remove)).to_be_focused()
    expect(page.get_by_label(words.name)).to_have_value("Ann 安")
    assert fits(page)
    page.get_by_role("button", name=words.place).click()
    expect(page.get_by_text(words.thanks)).to_be_visible()
    shown = page.locator("[data-order] img")
    expect(shown).to_be_visible()
    page.wait_for_function("document.querySelector('[data-order] img').complete")
    # what the camera gave is made smaller before it is sent
    assert shown.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [1600, 200]
    assert fits(page)
    page.reload()
    expect(page.locator("[data-order]")).to_have_count(1)
    if version != "1.2.0":
        answered: list[str] = []

        def agree(dialog: Dialog) -> None:
            answered.append(dialog.message)
            dialog.accept()

        page.on("dialog", agree)
        page.get_by_role("button", name=re.compile(words.cancel)).click()
        expect(page.locator(".status")).to_have_text(words.cancelled)
        assert len(answered) == 1


def test_the_stock_is_shown_and_a_faster_visitor_is_told(
    start_shop: StartShop,
    front: Callable[[str, Api], str],
    visit: Callable[..., Page],
    postgres: Postgres,
    database: Callable[[str], str],
) -> None:
    name, words = database("2.0.0"), WORDS["en"]
    postgres.sql(name, "UPDATE products SET stock = CASE id WHEN 'mug' THEN 2 WHEN 'tea' THEN 0 ELSE 50 END")
    shop = start_shop("2.0.0", ORDERS_URL=postgres.url(name))
    page = visit(front("2.0.0", shop), PHONE)
    expect(page.locator('[data-product="mug"]')).to_contain_text(words.few)
    expect(page.locator('[data-product="tea"]')).to_contain_text(words.sold_out)
    expect(page.locator('[data-product="tea"] button')).to_be_disabled()
    expect(page.locator('[data-product="lamp"] .stock')).to_have_count(0)
    add = page.get_by_role("button", name=words.add)
    add.click()
    expect(page.locator(".count")).to_have_text("1")
    add.click()
    expect(add).to_be_disabled()
    other = shop.visitor()
    other.call("PUT", "/api/cart/items/mug", {"quantity": 1})
    assert other.call("POST", "/api/orders", {"name": "Bob", "contact": "b"}).status == 201
    page.get_by_role("link", name=words.cart).click()
    page.get_by_label(words.name).fill("Ann")
    page.get_by_label(words.contact).fill("a")
    with page.expect_response(lambda response: response.url.endswith("/api/orders") and response.status == 409):
        page.get_by_role("button", name=words.place).click()
    expect(page.locator(".toast")).to_contain_text("Someone was faster")
    expect(page.locator(".line .error")).to_have_text("Only 1 left")
    page.get_by_role("button", name="One less Stoneware mug").click()
    page.get_by_role("button", name=words.place).click()
    expect(page.get_by_text(words.thanks)).to_be_visible()


def test_the_page_talks_to_the_shop_and_its_bucket_only(
    start_shop: StartShop, front: Callable[[str, Api], str], browser: Browser
) -> None:
    url = front("2.0.0", start_shop("2.0.0"))
    page = browser.new_page()
    page.goto(url)
    expect(page.locator(".card")).to_have_count(8)
    refused = page.evaluate(
        """async (other) => {
            const refused = [];
            addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
            await fetch(other).catch(() => {});
            await new Promise((done) => {
                const image = new Image();
                image.onload = image.onerror = done;
                image.src = other + "x.png";
            });
            await new Promise((done) => setTimeout(done, 50));
            return refused.sort();
        }""",
        url.replace("127.0.0.1", "127.0.0.2"),
    )
    assert refused == ["connect-src", "img-src"]
    page.context.close()


def test_the_keyboard_is_enough(
    start_shop: StartShop, front: Callable[[str, Api], str], visit: Callable[..., Page]
) -> None:
    words = WORDS["en"]
    page = visit(front("2.0.0", start_shop("2.0.0")), DESK)
    expect(page.locator(".card")).to_have_count(8)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=words.add)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".count")).to_have_text("1")
    page.get_by_role("link", name=words.cart).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=words.cart)).to_be_focused()
    for text in ("One less", "One more"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=f"{text} Stoneware mug")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("Ann")
    page.keyboard.press("Tab")
    page.keyboard.type("ann@example.com")
    page.keyboard.press("Tab")
    expect(page.get_by_label(words.picture)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(words.thanks)).to_be_visible()


def test_the_owner_sees_every_order(
    start_shop: StartShop, front: Callable[[str, Api], str], visit: Callable[..., Page]
) -> None:
    shop = start_shop("2.0.0", SHOP_OWNER_KEY="a key of the owner")
    for name in ("Ann", "Bob"):
        visitor = shop.visitor()
        visitor.call("PUT", "/api/cart/items/mug", {"quantity": 1})
        assert visitor.call("POST", "/api/orders", {"name": name, "contact": "x"}).status == 201
    page = visit(front("2.0.0", shop), PHONE)
    page.get_by_role("link", name="Orders desk").click()
    page.get_by_label("Key of the desk").fill("no key")
    page.get_by_role("button", name="Open the desk").click()
    expect(page.get_by_role("alert")).to_have_text("This key does not open the desk.")
    page.get_by_label("Key of the desk").fill("a key of the owner")
    page.keyboard.press("Enter")
    expect(page.locator("[data-order]")).to_have_count(2)
    expect(page.locator(".customer").first).to_have_text("Bob · x")
    expect(page.locator('[data-stock="mug"]')).to_have_text("98")
    assert fits(page)
    page.locator("[data-order]", has_text="Ann").get_by_role("button", name=re.compile("Confirm order")).click()
    expect(page.locator("[data-order]", has_text="Ann").locator(".status")).to_have_text("Confirmed")
    page.once("dialog", lambda dialog: dialog.accept())
    page.locator("[data-order]", has_text="Bob").get_by_role("button", name=re.compile("Cancel order")).click()
    expect(page.locator('[data-stock="mug"]')).to_have_text("99")
    page.reload()
    expect(page.get_by_label("Key of the desk")).to_be_visible()

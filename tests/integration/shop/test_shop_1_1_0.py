"""What version 1.1.0 of the template `shop` adds: search, tax, announcement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

VERSION = "1.1.0"


def test_search_in_both_languages(start_shop: Callable[..., Any]) -> None:
    shop = start_shop(VERSION)

    def found(query: str) -> list[str]:
        return [product["id"] for product in shop.call("GET", f"/api/products?{query}").body["products"]]

    everything = found("")
    assert len(everything) == 8
    assert found("q=") == everything
    assert found("q=MUG") == ["mug"]
    assert found("q=%E9%9B%A8%E4%BC%9E") == ["umbrella"]
    assert found("q=cotton%20tote") == ["tote"]
    assert found("q=gold") == []
    assert found("q=tea&q=lamp") == ["lamp"], "the last one counts"
    too_long = shop.call("GET", "/api/products?q=" + "x" * 61)
    assert (too_long.status, list(too_long.body["error"]["fields"])) == (422, ["q"])
    assert shop.call("GET", "/api/products?" + "&".join("a=b" for _ in range(50))).status == 400


@pytest.mark.parametrize(("percent", "tax"), [("0", 0), ("19", 266), ("8.5", 119), ("7.25", 102), ("30.0", 420)])
def test_tax_is_added_to_the_total(start_shop: Callable[..., Any], percent: str, tax: int) -> None:
    shop = start_shop(VERSION, SHOP_CURRENCY="USD", SHOP_TAX_PERCENT=percent)
    cart = shop.call("PUT", "/api/cart/items/mug", {"quantity": 1}).body
    assert (cart["subtotal"], cart["tax"], cart["total"]) == (1400, tax, 1400 + tax)
    assert cart["tax_percent"] == float(percent)
    order = shop.call("POST", "/api/orders", {"name": "Ann", "contact": "x"}).body
    assert (order["tax"], order["total"]) == (tax, 1400 + tax)


def test_about_tells_the_new_settings(start_shop: Callable[..., Any]) -> None:
    about = start_shop(VERSION, SHOP_TAX_PERCENT="13", SHOP_ANNOUNCEMENT="本周全场包邮").call("GET", "/api/about").body
    assert (about["tax_percent"], about["announcement"]) == (13, "本周全场包邮")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHOP_TAX_PERCENT", "-1"),
        ("SHOP_TAX_PERCENT", "31"),
        ("SHOP_TAX_PERCENT", "NaN"),
        ("SHOP_TAX_PERCENT", "much"),
        ("SHOP_ANNOUNCEMENT", "x" * 81),
        ("SHOP_ANNOUNCEMENT", "a\nb"),
    ],
)
def test_wrong_settings_are_named(spawn_shop: Callable[..., Any], name: str, value: str) -> None:
    process: subprocess.Popen[str] = spawn_shop(VERSION, {"HOST": "127.0.0.1", name: value})
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 2
    assert name in output
    assert "Traceback" not in output

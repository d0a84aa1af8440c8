"""The mini-program's shop, in each dialect, against the real API.

The pages and their logic run in Node.js as they are. Only the host's own calls are stood in for, by what each host's
documentation says of them; what a store's own tools would say of the project is not tested here.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright._impl._driver import compute_driver_executable

if TYPE_CHECKING:
    from tests.integration.shop.conftest import StartShop

pytestmark = [
    pytest.mark.integration,
    pytest.mark.parametrize("version", ["1.2.0", "2.0.0"]),
    pytest.mark.parametrize("dialect", ["wechat", "alipay"]),
]

SHOP = Path(__file__).parents[3] / "templates" / "shop"
PROGRAM = Path(__file__).parent / "mini_host.js"


def visit(version: str, dialect: str, ext: dict[str, str], language: str = "en") -> dict[str, Any]:
    """What one visitor sees: the data of every page, and what was said."""
    node = compute_driver_executable()[0]
    folder = SHOP / version / "mini" / dialect
    arguments = [str(folder), dialect, json.dumps(ext), language]
    done = subprocess.run(
        [node, str(PROGRAM), *arguments], capture_output=True, text=True, timeout=60, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_an_order_in_a_mini_program(version: str, dialect: str, start_shop: StartShop) -> None:
    shop = start_shop(version, SHOP_CURRENCY="CNY", SHOP_TAX_PERCENT="13")
    seen = visit(version, dialect, {"shop": "初见杂货铺", "api": f"http://127.0.0.1:{shop.port}/api"}, "zh_CN")
    assert (seen["title"], seen["tabs"]) == ("初见杂货铺", ["商品", "购物车", "订单"])
    assert len(seen["products"]["products"]) == 8
    assert seen["products"]["products"][0]["price"] == "¥68.00"
    assert [(item["name"], item["quantity"]) for item in seen["cart"]["items"]] == [("粗陶马克杯", 2)]
    assert [line["amount"] for line in seen["cart"]["sums"]] == ["¥136.00", "¥17.68", "¥153.68"]
    assert seen["incomplete"] == "请填写姓名和联系方式，最多 80 个字符。"
    assert seen["orders"]["thanks"].startswith("谢谢！订单 ")
    assert [order["sums"][-1]["amount"] for order in seen["orders"]["orders"]] == ["¥153.68"]
    assert seen["emptied"]["items"] == []
    assert seen["tab"] == "/pages/orders/orders"
    if version == "2.0.0":
        assert seen["cancelled"]["orders"][0]["status"] == "已取消"
        assert not seen["cancelled"]["orders"][0]["open"]


def test_a_shop_that_is_away_says_so(version: str, dialect: str) -> None:
    seen = visit(version, dialect, {"shop": "Acme", "api": "http://127.0.0.1:9/api"})
    assert seen["said"][0] == "The shop cannot be reached right now."
    assert seen["products"]["products"] == []

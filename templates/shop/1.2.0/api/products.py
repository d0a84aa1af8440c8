"""What the shop sells. Prices are whole numbers in each currency's smallest unit (fen, cent, yen)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from errors import Refused

if TYPE_CHECKING:
    from pg8000.native import Connection

MAX_QUANTITY = 20
MAX_SEARCH = 60

ROWS = (
    ("mug", 6800, 1400, 1290, 1800, "Stoneware mug", "Hand glazed, 350 ml", "粗陶马克杯", "手工上釉，350 毫升"),
    ("tea", 12800, 2200, 1990, 2900, "Green tea", "Spring harvest, 100 g", "明前绿茶", "春季采摘，100 克"),
    ("lamp", 25900, 4900, 4490, 6800, "Desk lamp", "Warm light, dimmable", "阅读台灯", "暖光，可调亮度"),
    ("notebook", 3900, 900, 850, 1200, "Linen notebook", "A5, 160 pages", "布面笔记本", "A5，160 页"),
    ("tote", 8900, 1800, 1690, 2400, "Canvas tote", "Organic cotton", "帆布手提袋", "有机棉"),
    ("plant", 4500, 1200, 1090, 1500, "Potted cactus", "Needs little water", "仙人掌盆栽", "少浇水也能活"),
    ("candle", 7600, 1600, 1490, 2100, "Soy candle", "Cedar and orange, 40 h", "大豆蜡烛", "雪松与甜橙，40 小时"),
    ("umbrella", 11800, 2400, 2190, 3200, "Folding umbrella", "Wind proof, 320 g", "折叠雨伞", "防风，320 克"),
)


def seed(connection: Connection, daily_stock: int) -> None:
    """Adds the products that are not there yet; one that is there keeps its price and its stock."""
    for place, (id_, cny, usd, eur, jpy, name, about, name_zh, about_zh) in enumerate(ROWS):
        connection.run(
            "INSERT INTO products (id, place, name, about, prices, stock) VALUES (:id, :place, CAST(:name AS jsonb),"
            " CAST(:about AS jsonb), CAST(:prices AS jsonb), :stock) ON CONFLICT (id) DO NOTHING",
            id=id_,
            place=place,
            name=json.dumps({"en": name, "zh": name_zh}),
            about=json.dumps({"en": about, "zh": about_zh}),
            prices=json.dumps({"CNY": cny, "USD": usd, "EUR": eur, "JPY": jpy}),
            stock=daily_stock,
        )


def listed(connection: Connection, currency: str, search: str) -> dict[str, object]:
    """The products whose texts, in any language, hold every word of `search`; price in the shop's currency."""
    if len(search) > MAX_SEARCH:
        message = f"q may have at most {MAX_SEARCH} characters"
        raise Refused(422, "invalid", "The search text is too long.", {"q": message})
    # A character that no text in PostgreSQL can hold would be an error there.
    words = {f"word{n}": word for n, word in enumerate(search.replace("\0", " ").split())}
    texts = "lower(concat_ws(chr(10), name->>'en', name->>'zh', about->>'en', about->>'zh'))"
    where = " AND ".join(["TRUE", *(f"strpos({texts}, lower(:{word})) > 0" for word in words)])
    rows = connection.run(
        "SELECT id, name, about, CAST(prices->>CAST(:currency AS text) AS bigint), least(stock, :most) FROM products"
        f" WHERE {where} ORDER BY place, id",
        currency=currency,
        most=MAX_QUANTITY,
        **words,
    )
    names = ("id", "name", "about", "price", "available")
    return {"products": [dict(zip(names, row, strict=True)) for row in rows], "currency": currency}

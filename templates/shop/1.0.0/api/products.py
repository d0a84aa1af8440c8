"""What the shop sells. Prices are whole numbers in each currency's smallest unit (fen, cent, yen)."""

from __future__ import annotations

from typing import NamedTuple


class Product(NamedTuple):
    """`id` also names the picture in the front end. `name` and `about` map a language to a text."""

    id: str
    name: dict[str, str]
    about: dict[str, str]
    prices: dict[str, int]


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

PRODUCTS = tuple(
    Product(
        id_,
        {"en": name, "zh": name_zh},
        {"en": about, "zh": about_zh},
        {"CNY": cny, "USD": usd, "EUR": eur, "JPY": jpy},
    )
    for id_, cny, usd, eur, jpy, name, about, name_zh, about_zh in ROWS
)

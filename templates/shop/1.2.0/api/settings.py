"""The settings of one shop, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from database import Target, read_target
from s3 import Bucket, read_bucket

if TYPE_CHECKING:
    from collections.abc import Mapping

APP = "shop"
VERSION = "1.2.0"

THEMES = ("light", "dark")
CURRENCIES = ("CNY", "USD", "EUR", "JPY")
LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Settings:
    """`host` and `port` are where to listen; `url` is where customers reach the shop, empty where nobody said.

    `daily_stock` is how many of each product are for sale each day. The database and the bucket hold credentials, so
    they are not part of what is printed.
    """

    host: str
    port: int
    shop_name: str
    theme: str
    currency: str
    language: str
    tax_percent: Decimal
    announcement: str
    daily_stock: int
    instance: str
    template: str
    url: str
    database: Target = field(repr=False)
    bucket: Bucket = field(repr=False)

    def about(self) -> dict[str, object]:
        """What the shop tells about itself."""
        return {
            "app": APP,
            "version": VERSION,
            "instance": self.instance,
            "template": self.template,
            "shop_name": self.shop_name,
            "theme": self.theme,
            "currency": self.currency,
            "language": self.language,
            "tax_percent": float(self.tax_percent),
            "announcement": self.announcement,
            "pictures_origin": self.bucket.public_origin,
        }


def read_settings(env: Mapping[str, str]) -> Settings:
    """Reads and checks every variable. Raises ValueError that names all wrong ones."""
    problems: list[str] = []

    def one_of(name: str, allowed: tuple[str, ...]) -> str:
        value = env.get(name, allowed[0])
        if value not in allowed:
            problems.append(f"{name} must be one of {', '.join(allowed)}")
        return value

    def whole(name: str, default: str, low: int, high: int) -> int:
        value = env.get(name) or default
        if value.isascii() and value.isdigit() and len(value) <= 9 and low <= int(value) <= high:
            return int(value)
        problems.append(f"{name} must be a number from {low} to {high}")
        return low

    port = whole("PORT", "8080", 1, 65535)
    daily_stock = whole("SHOP_DAILY_STOCK", "100", 1, 9999)
    shop_name = env.get("SHOP_NAME", "Shop").strip()
    if not 1 <= len(shop_name) <= 40 or not shop_name.isprintable():
        problems.append("SHOP_NAME must have 1 to 40 printable characters")
    theme = one_of("SHOP_THEME", THEMES)
    currency = one_of("SHOP_CURRENCY", CURRENCIES)
    language = one_of("SHOP_LANGUAGE", LANGUAGES)
    try:
        tax_percent = Decimal(env.get("SHOP_TAX_PERCENT") or "0")
    except InvalidOperation:
        tax_percent = Decimal("NaN")
    if not (tax_percent.is_finite() and 0 <= tax_percent <= 30):
        problems.append("SHOP_TAX_PERCENT must be a number from 0 to 30")
    announcement = env.get("SHOP_ANNOUNCEMENT", "").strip()
    if len(announcement) > 80 or not announcement.isprintable():
        problems.append("SHOP_ANNOUNCEMENT must have at most 80 printable characters")
    database = read_target(env, problems)
    bucket = read_bucket(env, problems)
    if problems or database is None or bucket is None:
        raise ValueError("; ".join(problems))
    return Settings(
        host=env.get("HOST") or "0.0.0.0",
        port=port,
        shop_name=shop_name,
        theme=theme,
        currency=currency,
        language=language,
        tax_percent=tax_percent,
        announcement=announcement,
        daily_stock=daily_stock,
        instance=env.get("TENANTRY_INSTANCE", ""),
        template=env.get("TENANTRY_TEMPLATE", ""),
        url=env.get("TENANTRY_URL", ""),
        database=database,
        bucket=bucket,
    )

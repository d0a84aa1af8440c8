"""Pictures of orders in a real S3 server: put there by a URL for one object, seen by their visitor only."""

from __future__ import annotations

import http.client
import re
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.integration.shop.conftest import Api, Postgres, Signed, StartShop

pytestmark = [pytest.mark.integration, pytest.mark.parametrize("version", ["2.0.0"])]
"""1.2.0 has the same files, says test_shop_files; test_shop_page.py orders with a picture in both."""

ORDER = {"name": "Ann", "contact": "ann@example.com"}
PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 40


def fetch(method: str, url: str, body: bytes | None = None, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, f"{parts.path}?{parts.query}", body, sent)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def upload(shop: Api, content: bytes = PNG, type_: str = "image/png") -> str:
    allowed = shop.call("POST", "/api/pictures", {"type": type_, "size": len(content)})
    assert allowed.status == 201, allowed.body
    to = allowed.body["upload"]
    assert to["headers"] == {"Content-Type": type_}
    assert fetch(to["method"], to["url"], content, Content_Type=type_)[0] == 200
    return str(allowed.body["id"])


def test_an_order_goes_through_api_database_and_bucket_and_back(
    version: str, start_shop: StartShop, bucket: dict[str, str]
) -> None:
    shop = start_shop(version, **bucket)
    assert shop.call("GET", "/api/about").body["pictures_origin"] == bucket["MEDIA_ENDPOINT"]
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 1})
    picture = upload(shop)
    order = shop.call("POST", "/api/orders", {**ORDER, "picture": picture}).body
    assert (order["picture"]["id"], order["picture"]["type"]) == (picture, "image/png")
    assert shop.call("GET", "/api/orders").body == {"orders": [order]}
    status, headers, content = fetch("GET", order["picture"]["url"])
    assert (status, headers["Content-Type"], content) == (200, "image/png", PNG)

    bare = order["picture"]["url"].partition("?")[0]
    assert fetch("GET", bare)[0] == 403, "the bucket is private"
    other = re.sub("[0-9a-f]{32}", "0" * 32, order["picture"]["url"])
    assert fetch("GET", other)[0] == 403, "the signature is for one object"
    assert fetch("PUT", order["picture"]["url"], b"x")[0] == 403, "and for one method"
    assert shop.visitor().call("GET", f"/api/orders/{order['id']}").status == 404
    _, printed = shop.stop()
    assert "X-Amz" not in printed
    assert bucket["MEDIA_SECRET_ACCESS_KEY"] not in printed


def test_only_what_was_allowed_can_be_uploaded_and_ordered_with(
    version: str, start_shop: StartShop, bucket: dict[str, str]
) -> None:
    shop = start_shop(version, **bucket)
    for wrong in (
        {"type": "image/svg+xml", "size": 10},
        {"type": "image/png", "size": 0},
        {"type": "image/png", "size": 5 * 1024 * 1024 + 1},
        {"type": "image/png", "size": True},
        {},
    ):
        assert shop.call("POST", "/api/pictures", wrong).status == 422
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 1})
    allowed = shop.call("POST", "/api/pictures", {"type": "image/png", "size": 10}).body
    url = allowed["upload"]["url"]
    assert fetch("PUT", url, PNG, Content_Type="text/html")[0] == 403, "another type is not signed"
    assert fetch("GET", url)[0] == 403

    def order(visitor: Api, picture: object) -> tuple[int, str]:
        answer = visitor.call("POST", "/api/orders", {**ORDER, "picture": picture})
        return answer.status, answer.body.get("error", {}).get("fields", {}).get("picture", "")

    assert order(shop, allowed["id"]) == (422, "the picture was not uploaded")
    too_large = b"\0" * (5 * 1024 * 1024 + 1)
    assert fetch("PUT", url, too_large, Content_Type="image/png")[0] == 200, "a signature bounds no size"
    assert order(shop, allowed["id"])[0] == 422
    for picture in ("0" * 32, "../../secret", 5, ["x"], ""):
        assert order(shop, picture) == (422, "there is no such picture")
    mine = upload(shop)
    thief = shop.visitor()
    thief.call("PUT", "/api/cart/items/mug", {"quantity": 1})
    assert order(thief, mine) == (422, "there is no such picture")
    assert order(shop, mine)[0] == 201
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 1})
    assert order(shop, mine) == (422, "it belongs to another order")
    assert shop.call("POST", "/api/orders", ORDER).status == 201


def test_one_visitor_cannot_fill_the_bucket(version: str, start_shop: StartShop, bucket: dict[str, str]) -> None:
    shop = start_shop(version, **bucket)
    answers: list[int] = []
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 1})

    def one() -> None:
        visitor = shop.visitor()
        answers.append(
            visitor.call("POST", "/api/pictures", {"type": "image/png", "size": 9}, Cookie=shop.cookie).status
        )

    threads = [threading.Thread(target=one) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201] * 20 + [429] * 4


def test_the_nightly_job_deletes_what_nobody_ordered_with(
    *,
    version: str,
    start_shop: StartShop,
    bucket: dict[str, str],
    postgres: Postgres,
    database: Callable[[str], str],
    signed: Signed,
) -> None:
    name = database(version)
    shop = start_shop(version, ORDERS_URL=postgres.url(name), **bucket)
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 1})
    kept, old, young = upload(shop), upload(shop), upload(shop)
    never = shop.call("POST", "/api/pictures", {"type": "image/webp", "size": 9}).body["id"]
    assert shop.call("POST", "/api/orders", {**ORDER, "picture": kept}).status == 201
    postgres.sql(
        name,
        f"UPDATE pictures SET created = now() - interval '25 hours' WHERE id IN ('{kept}', '{old}', '{never}')",  # noqa: S608 - ours
    )
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 1})
    assert shop.call("POST", "/api/orders", {**ORDER, "picture": old}).status == 422, "too old to be ordered with"
    assert shop.call("POST", "/tasks/cleanup").body["pictures_deleted"] == 2
    assert shop.call("POST", "/tasks/cleanup").body["pictures_deleted"] == 0
    statuses = {key: signed(bucket, "GET", f"orders/{key}.png")[0] for key in (kept, old, young)}
    assert statuses == {kept: 200, old: 404, young: 200}
    assert shop.call("POST", "/api/orders", {**ORDER, "picture": young}).status == 201


def test_a_bucket_that_is_away_stops_pictures_only(version: str, start_shop: StartShop) -> None:
    shop = start_shop(version)
    shop.call("PUT", "/api/cart/items/mug", {"quantity": 1})
    picture = shop.call("POST", "/api/pictures", {"type": "image/png", "size": 9}).body["id"]
    answer = shop.call("POST", "/api/orders", {**ORDER, "picture": picture})
    assert (answer.status, answer.body["error"]["message"]) == (
        503,
        "The bucket does not answer. Please try again soon.",
    )
    assert shop.call("GET", "/healthz").status == 200
    assert shop.call("POST", "/api/orders", ORDER).status == 201

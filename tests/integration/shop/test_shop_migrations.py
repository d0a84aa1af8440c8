"""From an empty database to 2.0.0, with data, twice, at once, and with a failure in the middle."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.shop.conftest import Api, Postgres, RunMigration, StartShop

pytestmark = pytest.mark.integration

ORDER = {"name": "Ann 安", "contact": "ann@example.com"}
SHAPE = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"


def shape(postgres: Postgres, database: str) -> list[str]:
    return sorted(postgres.sql(database, SHAPE))


def shopped(shop: Api) -> list[dict[str, object]]:
    """Two orders of one visitor, newest first, and a cart that is not empty."""
    for quantities in ({"mug": 2, "tea": 1}, {"lamp": 20}):
        for product, quantity in quantities.items():
            shop.call("PUT", f"/api/cart/items/{product}", {"quantity": quantity})
        assert shop.call("POST", "/api/orders", ORDER).status == 201
    shop.call("PUT", "/api/cart/items/plant", {"quantity": 3})
    orders: list[dict[str, object]] = shop.call("GET", "/api/orders").body["orders"]
    return orders


def test_from_nothing_and_again(postgres: Postgres, migrate: RunMigration) -> None:
    database = postgres.create()
    assert migrate("1.2.0", database) == (0, "shop 1.2.0: took step 1 (shop)\n")
    stock = "SELECT id, stock FROM products ORDER BY id"
    assert len(postgres.sql(database, stock)) == 8
    postgres.sql(database, "UPDATE products SET stock = 3, prices = prices || '{\"EUR\": 1}' WHERE id = 'mug'")
    before, kept = shape(postgres, database), postgres.sql(database, "SELECT * FROM products ORDER BY id")
    assert migrate("1.2.0", database) == (0, "shop 1.2.0: the database is at level 1 already\n")
    assert shape(postgres, database) == before
    assert postgres.sql(database, "SELECT * FROM products ORDER BY id") == kept
    other = postgres.create()
    assert migrate("2.0.0", other) == (0, "shop 2.0.0: took step 1 (shop), took step 2 (order_lines)\n")
    assert migrate("2.0.0", database)[0] == 0
    assert shape(postgres, database) == shape(postgres, other), "both ways lead to the same tables"


def test_two_at_once_take_every_step_once(postgres: Postgres, migrate: RunMigration) -> None:
    database = postgres.create()
    ended: list[tuple[int, str]] = []
    threads = [threading.Thread(target=lambda: ended.append(migrate("2.0.0", database))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [code for code, _ in ended] == [0, 0, 0]
    assert sum("took step" in printed for _, printed in ended) == 1
    assert postgres.sql(database, "SELECT level FROM schema_steps ORDER BY level") == ["1", "2"]


def test_going_to_1_2_0_leaves_the_version_before_at_work(
    postgres: Postgres, migrate: RunMigration, start_shop: StartShop
) -> None:
    """1.1.0 has its carts in memory: it serves before, during and after, and so does the way back."""
    database = postgres.create()
    old = start_shop("1.1.0")
    orders = shopped(old)
    assert migrate("1.2.0", database)[0] == 0
    assert old.call("GET", "/api/orders").body["orders"] == orders
    new = start_shop("1.2.0", ORDERS_URL=postgres.url(database))
    assert new.call("GET", "/healthz").status == 200
    kept = shopped(new)
    back = start_shop("1.1.0", **{name: value for name, value in new.env.items() if name not in ("HOST", "PORT")})
    assert back.call("GET", "/healthz").status == 200
    assert len(shopped(back)) == 2
    forth = start_shop("1.2.0", ORDERS_URL=postgres.url(database))
    forth.cookie = new.cookie
    assert forth.call("GET", "/api/orders").body["orders"] == kept, "the data of 1.2.0 waited"


def test_2_0_0_keeps_every_order_and_closes_the_way_back(
    postgres: Postgres, migrate: RunMigration, start_shop: StartShop, database: Callable[[str], str]
) -> None:
    name = database("1.2.0")
    old = start_shop("1.2.0", ORDERS_URL=postgres.url(name), SHOP_TAX_PERCENT="7.25", SHOP_CURRENCY="USD")
    orders, cart = shopped(old), old.call("GET", "/api/cart").body
    assert migrate("2.0.0", name) == (0, "shop 2.0.0: took step 2 (order_lines)\n")
    new = start_shop("2.0.0", ORDERS_URL=postgres.url(name), SHOP_TAX_PERCENT="7.25", SHOP_CURRENCY="USD")
    new.cookie = old.cookie
    assert new.call("GET", "/api/cart").body == cart
    assert new.call("GET", "/api/orders").body["orders"] == [{**order, "status": "confirmed"} for order in orders]
    assert postgres.sql(name, "SELECT sum(price * quantity) = (SELECT sum(subtotal) FROM orders) FROM order_lines") == [
        "t"
    ]
    columns = shape(postgres, name)
    assert not [column for column in columns if column.startswith(("orders|items", "orders|customer|"))]

    assert old.call("GET", "/healthz").status == 503
    code, printed = migrate("1.2.0", name)
    assert code == 3
    assert "shop 2.0.0, which 1.2.0 cannot work with" in printed
    assert shape(postgres, name) == columns
    assert new.call("POST", "/api/orders", ORDER).body["status"] == "placed"


def test_a_failure_leaves_the_tables_and_the_version_before_as_they_were(
    postgres: Postgres, migrate: RunMigration, start_shop: StartShop, database: Callable[[str], str]
) -> None:
    name = database("1.2.0")
    shop = start_shop("1.2.0", ORDERS_URL=postgres.url(name))
    orders = shopped(shop)
    broken = str(orders[0]["id"])
    items = "SELECT items FROM orders ORDER BY id"
    postgres.sql(name, f"UPDATE orders SET items = items || items WHERE id = '{broken}'")  # noqa: S608 - ours
    before, kept = shape(postgres, name), postgres.sql(name, items)
    code, printed = migrate("2.0.0", name)
    assert code == 1
    assert broken in printed
    assert str(orders[1]["id"]) not in printed
    assert "nothing was changed" in printed
    assert "Traceback" not in printed
    assert shape(postgres, name) == before
    assert postgres.sql(name, items) == kept
    assert postgres.sql(name, "SELECT level FROM schema_steps") == ["1"]
    assert shop.call("GET", "/healthz").status == 200
    assert shop.call("POST", "/api/orders", ORDER).status == 201
    postgres.sql(name, f"UPDATE orders SET items = items - 1 WHERE id = '{broken}'")  # noqa: S608 - ours
    assert migrate("2.0.0", name)[0] == 0
    assert len(postgres.sql(name, "SELECT id FROM orders")) == 3

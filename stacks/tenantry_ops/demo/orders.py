"""An order in a deployed shop, placed and read back as a visitor's browser would."""

from __future__ import annotations

import httpx

from tenantry.errors import SandboxError

SHOP = "shop"
"""The template whose instances take orders; others are only asked."""


def place_order(client: httpx.Client, instance: str, url: str) -> str:
    """Puts the first product into a cart, orders it, reads it back; its id.

    Args:
        client: keeps the visitor's cookie; a new one for each visitor.
        instance: for the messages.
        url: of the instance.

    Raises:
        SandboxError: the shop refused, or does not show the order to the visitor who placed it.
    """
    try:
        listed = client.get(f"{url}/api/products").raise_for_status().json()
        products = listed["products"] if isinstance(listed, dict) else listed
        product = products[0]["id"]
        client.put(f"{url}/api/cart/items/{product}", json={"quantity": 1}).raise_for_status()
        visitor = {"name": "Demo", "contact": "demo@example.com"}
        order = str(client.post(f"{url}/api/orders", json=visitor).raise_for_status().json()["id"])
        shown = client.get(f"{url}/api/orders").raise_for_status().json()["orders"]
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        raise SandboxError(
            f"{instance}: the shop at {url} did not take an order ({error}).",
            hint=f"Look at what it prints: tenantry logs {instance}",
        ) from error
    if order not in [str(each["id"]) for each in shown]:
        raise SandboxError(f"{instance}: the order {order} was placed and is not shown.", hint="Please report it.")
    return order

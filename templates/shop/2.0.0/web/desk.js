// The owner's desk: every order, and what is left of each product. The key stays in memory; a reload forgets it.
import * as api from "./api.js";
import { element } from "./dom.js";

// no other character can stand in a header, and none can be in a key
const ASCII = /^[\x20-\x7e]+$/;
let key = "";

export async function deskView(page) {
  const heading = element("h1", { tabindex: "-1" }, [page.t().desk]);
  if (!key) return [heading, keyForm(page)];
  if (!ASCII.test(key)) return closed(page, heading);
  try {
    const answer = await api.desk(key);
    return [
      element("div", { class: "head" }, [
        heading,
        element("button", { type: "button", class: "button quiet", "data-key": "refresh", onclick: page.draw }, [page.t().refresh]),
      ]),
      element("div", { class: "split" }, [
        answer.orders.length
          ? element("ul", { class: "order-list" }, answer.orders.map((order) => deskOrder(page, order)))
          : element("p", { class: "empty" }, [page.t().noOrders]),
        stockPanel(page, answer.stock),
      ]),
    ];
  } catch (error) {
    if (!(error instanceof api.ApiError) || error.status >= 500) throw error;
    return closed(page, heading);
  }
}

function closed(page, heading) {
  key = "";
  return [heading, keyForm(page, page.t().wrongKey)];
}

function keyForm(page, problem = "") {
  return element("form", { class: "panel narrow", onsubmit: (event) => open(event, page) }, [
    // password managers keep the key under this name
    element("input", { type: "text", name: "username", autocomplete: "username", value: "owner", hidden: true }),
    element("div", { class: "field" }, [
      element("label", { for: "key" }, [page.t().deskKey]),
      element("input", {
        id: "key", name: "key", type: "password", autocomplete: "current-password", required: "", "data-key": "key",
        "aria-describedby": "key-error", "aria-invalid": String(problem !== ""),
      }),
      element("p", { class: "error", id: "key-error", role: "alert" }, [problem]),
    ]),
    element("button", { class: "button wide" }, [page.t().openDesk]),
  ]);
}

async function open(event, page) {
  event.preventDefault();
  key = event.target.elements.key.value.trim();
  await page.draw();
  document.querySelector("main #key, main h1")?.focus();
}

function deskOrder(page, order) {
  const { customer } = order;
  return element("li", { class: "panel order", "data-order": order.id }, [
    page.orderHead(order),
    element("p", { class: "customer" }, [`${customer.name} · ${customer.contact}`]),
    page.orderItems(order),
    page.sums(order),
    page.giftPicture(order),
    order.status === "placed"
      ? element("div", { class: "order-foot" }, [
        choice(page, order, "cancel", "button quiet", page.t().cancelNamed(order.id), page.t().cancel),
        choice(page, order, "confirm", "button", page.t().confirmNamed(order.id), page.t().confirm),
      ])
      : "",
  ]);
}

function choice(page, order, wanted, look, label, text) {
  const decide = async () => {
    if (wanted === "cancel" && !confirm(page.t().cancelSure(order.id))) return;
    try {
      await api.decide(key, order.id, wanted);
    } catch (error) {
      page.say(error instanceof api.ApiError ? page.t().refused : page.t().failed);
    }
    await page.draw();
  };
  return element("button", { type: "button", class: look, "data-key": `${wanted}-${order.id}`, "aria-label": label, onclick: decide }, [text]);
}

function stockPanel(page, stock) {
  return element("section", { class: "panel", "aria-labelledby": "stock" }, [
    element("h2", { id: "stock" }, [page.t().stockToday]),
    element("dl", { class: "sums" }, stock.map((product) => element("div", {}, [
      element("dt", {}, [page.local(product.name)]),
      element("dd", { "data-stock": product.id }, [String(product.stock)]),
    ]))),
  ]);
}

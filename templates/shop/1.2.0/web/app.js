import * as api from "./api.js";
import { element, keepingFocus, picture } from "./dom.js";
import { prepare } from "./picture.js";
import { texts } from "./texts.js";

const FEW = 5;
const state = {
  about: null,
  products: [],
  cart: { items: [], total: 0 },
  language: navigator.language.startsWith("zh") ? "zh" : "en",
  theme: "light",
  thanks: "",
  search: "",
  picture: null,
  requestKey: "",
};
const main = document.getElementById("main");
const toast = document.querySelector(".toast");
let toastTimer = 0;
let searchTimer = 0;

const t = () => texts[state.language];
const local = (value) => value[state.language] ?? value.en;

// An order keeps the currency that it was placed in.
function money(amount, currency = state.about.currency) {
  const format = new Intl.NumberFormat(t().locale, { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

function say(text) {
  clearTimeout(toastTimer);
  toast.textContent = text;
  toast.classList.add("shown");
  toastTimer = setTimeout(() => toast.classList.remove("shown"), 2600);
}

// Runs what talks to the shop; a refusal or a broken connection becomes a message.
async function attempt(action) {
  try {
    return (await action()) ?? true;
  } catch (error) {
    say(error instanceof api.ApiError ? t().refused : t().failed);
    return null;
  }
}

function quantityOf(id) {
  return state.cart.items.find((item) => item.product === id)?.quantity ?? 0;
}

// One key per attempt to order these things: sent twice, it is still one order.
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function refresh() {
  const [products, cart] = await Promise.all([api.products(state.search), api.cart()]);
  state.products = products.products;
  state.cart = cart;
}

async function change(id, quantity, message) {
  try {
    state.cart = await api.setQuantity(id, quantity);
    state.requestKey = "";
  } catch (error) {
    const gone = error instanceof api.ApiError && error.code === "out_of_stock";
    say(gone ? t().soldOutMeanwhile : error instanceof api.ApiError ? t().refused : t().failed);
    if (!gone || (await attempt(refresh)) === null) return;
    draw();
    return;
  }
  if (message) say(message);
  draw();
}

function productCard(product) {
  const name = local(product.name);
  const count = quantityOf(product.id);
  const left = product.available;
  return element("li", { class: left ? "card" : "card sold-out", "data-product": product.id }, [
    picture(product.id),
    count ? element("p", { class: "in-cart" }, [t().inCart(count)]) : "",
    element("div", { class: "card-body" }, [
      element("h2", {}, [name]),
      element("p", { class: "muted" }, [local(product.about)]),
      element("p", { class: "price" }, [
        money(product.price),
        left <= FEW ? element("span", { class: "stock" }, [left ? t().fewLeft(left) : t().soldOut]) : "",
      ]),
      element("button", {
        type: "button",
        class: "button",
        "data-key": `add-${product.id}`,
        "aria-label": t().addNamed(name),
        disabled: count >= left,
        onclick: () => change(product.id, count + 1, t().added(name)),
      }, [t().add]),
    ]),
  ]);
}

function results() {
  if (!state.products.length) return element("p", { class: "empty", id: "results" }, [t().nothingFound]);
  return element("ul", { class: "grid", id: "results" }, state.products.map(productCard));
}

// Only the results are drawn again, so that typing goes on; an answer that comes late is dropped.
function search(text) {
  state.search = text;
  clearTimeout(searchTimer);
  searchTimer = setTimeout(async () => {
    const answer = await attempt(() => api.products(text));
    if (!answer || state.search !== text) return;
    state.products = answer.products;
    document.getElementById("results")?.replaceWith(results());
    const found = document.getElementById("found");
    if (found) found.textContent = t().found(state.products.length);
  }, 200);
}

function shopView() {
  return [
    element("div", { class: "head" }, [
      element("h1", { tabindex: "-1" }, [t().products]),
      element("input", {
        type: "search",
        class: "search",
        "data-key": "search",
        "aria-label": t().search,
        placeholder: t().search,
        maxlength: "60",
        value: state.search,
        oninput: (event) => search(event.target.value),
      }),
    ]),
    element("p", { class: "hidden", role: "status", id: "found" }, []),
    results(),
  ];
}

function stepper(item) {
  const name = local(item.name);
  const step = (by, label, sign) => element("button", {
    type: "button",
    "aria-label": label,
    "data-key": `${by > 0 ? "more" : "less"}-${item.product}`,
    disabled: by > 0 && item.quantity >= item.available,
    onclick: () => change(item.product, item.quantity + by),
  }, [sign]);
  return element("div", { class: "stepper", role: "group", "aria-label": t().quantity(name) }, [
    step(-1, t().less(name), "−"),
    element("output", { "aria-live": "polite" }, [String(item.quantity)]),
    step(1, t().more(name), "+"),
  ]);
}

function cartLine(item) {
  return element("li", { class: "line" }, [
    picture(item.product),
    element("div", { class: "line-text" }, [
      element("p", { class: "line-name" }, [local(item.name)]),
      element("p", { class: "muted" }, [t().each(money(item.price))]),
      item.quantity > item.available ? element("p", { class: "error" }, [item.available ? t().fewLeft(item.available) : t().soldOut]) : "",
    ]),
    stepper(item),
    element("p", { class: "amount" }, [money(item.amount)]),
  ]);
}

function percent(value) {
  return new Intl.NumberFormat(t().locale, { style: "percent", maximumFractionDigits: 2 }).format(value / 100);
}

function sums(of) {
  const taxed = of.tax_percent > 0;
  return element("dl", { class: "sums" }, [
    taxed ? element("div", {}, [element("dt", {}, [t().subtotal]), element("dd", {}, [money(of.subtotal, of.currency)])]) : "",
    taxed ? element("div", {}, [element("dt", {}, [t().tax(percent(of.tax_percent))]), element("dd", {}, [money(of.tax, of.currency)])]) : "",
    element("div", { class: "sum-total" }, [element("dt", {}, [t().total]), element("dd", {}, [money(of.total, of.currency)])]),
  ]);
}

function field(id, label, autocomplete, hint) {
  const describedBy = hint ? `${id}-hint ${id}-error` : `${id}-error`;
  return element("div", { class: "field" }, [
    element("label", { for: id }, [label]),
    element("input", {
      id, name: id, autocomplete, maxlength: "80", required: "", "aria-describedby": describedBy,
      value: sessionStorage.getItem(id) ?? "",
      oninput: (event) => sessionStorage.setItem(id, event.target.value),
    }, []),
    hint ? element("p", { class: "muted", id: `${id}-hint` }, [hint]) : "",
    element("p", { class: "error", id: `${id}-error` }, []),
  ]);
}

function pictureField() {
  const { picture: chosen } = state;
  return element("div", { class: "field" }, [
    element(chosen ? "p" : "label", chosen ? { class: "label" } : { for: "picture" }, [t().giftCard]),
    chosen
      ? element("div", { class: "attached" }, [
        element("img", { src: chosen.preview, alt: t().pictureAlt }),
        element("button", { type: "button", class: "button quiet", "data-key": "remove-picture", onclick: removePicture }, [t().removePicture]),
      ])
      : element("input", {
        id: "picture", type: "file", accept: "image/jpeg,image/png,image/webp", "data-key": "picture", "aria-describedby": "picture-hint picture-error",
        onchange: (event) => choosePicture(event.target.files[0]),
      }),
    element("p", { class: "muted", id: "picture-hint" }, [t().giftCardHint]),
    element("p", { class: "error", id: "picture-error", role: "alert" }, []),
  ]);
}

async function choosePicture(file) {
  if (!file) return;
  try {
    const blob = await prepare(file);
    state.picture = { blob, preview: URL.createObjectURL(blob), id: "" };
    state.requestKey = "";
    await draw();
    main.querySelector('[data-key="remove-picture"]')?.focus();
  } catch {
    document.getElementById("picture").value = "";
    document.getElementById("picture-error").textContent = t().pictureRefused;
  }
}

function dropPicture() {
  if (state.picture) URL.revokeObjectURL(state.picture.preview);
  state.picture = null;
}

async function removePicture() {
  dropPicture();
  state.requestKey = "";
  await draw();
  document.getElementById("picture")?.focus();
}

function checkoutForm() {
  return element("form", { novalidate: "", onsubmit: submitOrder }, [
    field("name", t().name, "name", ""),
    field("contact", t().contact, "email", t().contactHint),
    pictureField(),
    element("button", { class: "button wide", "data-key": "place" }, [t().place]),
  ]);
}

async function submitOrder(event) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  const wrong = ["name", "contact"].filter((key) => !form.elements[key].value.trim());
  markWrong(form, wrong);
  if (wrong.length || button.disabled) return;
  button.disabled = true;
  try {
    if (state.picture && !state.picture.id) {
      button.textContent = t().uploading;
      state.picture.id = await api.upload(state.picture.blob);
    }
    button.textContent = t().placing;
    state.requestKey ||= newKey();
    const { name, contact } = form.elements;
    const order = await api.placeOrder(name.value, contact.value, state.picture?.id, state.requestKey);
    state.thanks = order.id;
    state.cart = { items: [], total: 0 };
    state.requestKey = "";
    dropPicture();
    location.hash = "#/orders";
    await attempt(refresh);
  } catch (error) {
    button.disabled = false;
    button.textContent = t().place;
    await orderFailed(form, error);
  }
}

async function orderFailed(form, error) {
  const code = error instanceof api.ApiError ? error.code : "";
  const fields = code === "invalid" ? Object.keys(error.fields) : [];
  if (code === "upload" || fields.includes("picture")) {
    // the next attempt uploads it again
    if (state.picture) state.picture.id = "";
    form.querySelector("#picture-error").textContent = t().uploadFailed;
  } else if (fields.length) markWrong(form, fields);
  else if (code === "out_of_stock") {
    say(t().soldOutMeanwhile);
    if ((await attempt(refresh)) !== null) await draw();
  } else if (code === "key_reused") {
    // an answer was lost, then something was typed anew: the first order stands
    state.requestKey = "";
    location.hash = "#/orders";
    await attempt(refresh);
  } else say(code && code !== "unavailable" ? t().refused : t().failed);
}

function markWrong(form, keys) {
  for (const key of ["name", "contact"]) {
    const wrong = keys.includes(key);
    form.elements[key].setAttribute("aria-invalid", String(wrong));
    form.querySelector(`#${key}-error`).textContent = wrong ? t().required : "";
  }
  if (keys.length) form.elements[keys[0]].focus();
}

function empty(text) {
  return element("div", { class: "empty" }, [
    element("p", {}, [text]),
    element("a", { class: "button", href: "#/" }, [t().browse]),
  ]);
}

function cartView() {
  const heading = element("h1", { tabindex: "-1" }, [t().cart]);
  if (!state.cart.items.length) return [heading, empty(t().emptyCart)];
  return [
    heading,
    element("div", { class: "split" }, [
      element("ul", { class: "panel lines" }, state.cart.items.map(cartLine)),
      element("section", { class: "panel", "aria-labelledby": "checkout" }, [
        element("h2", { id: "checkout" }, [t().checkout]),
        sums(state.cart),
        checkoutForm(),
      ]),
    ]),
  ];
}

function orderCard(order) {
  const created = new Intl.DateTimeFormat(t().locale, { dateStyle: "medium", timeStyle: "short" });
  return element("li", { class: "panel order", "data-order": order.id }, [
    element("div", { class: "order-head" }, [
      element("h2", {}, [t().order(order.id)]),
      element("time", { class: "muted", datetime: order.created }, [created.format(new Date(order.created))]),
    ]),
    element("ul", { class: "order-items" }, order.items.map((item) => element("li", {}, [
      element("span", {}, [`${local(item.name)} × ${item.quantity}`]),
      element("span", {}, [money(item.amount, order.currency)]),
    ]))),
    sums(order),
    order.picture ? element("img", { class: "gift", src: order.picture.url, alt: t().pictureAlt, loading: "lazy", width: "96", height: "96" }) : "",
  ]);
}

async function ordersView() {
  const answer = await api.orders();
  return [
    element("h1", { tabindex: "-1" }, [t().orders]),
    state.thanks ? element("p", { class: "notice", role: "status" }, [t().thanks(state.thanks)]) : "",
    answer.orders.length
      ? element("ul", { class: "order-list" }, answer.orders.map(orderCard))
      : empty(t().noOrders),
  ];
}

const views = { "#/": shopView, "#/cart": cartView, "#/orders": ordersView };
const route = () => (location.hash in views ? location.hash : "#/");

function drawFrame() {
  document.documentElement.lang = t().locale;
  document.documentElement.dataset.theme = state.theme;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t()[node.dataset.text];
  for (const node of document.querySelectorAll("[data-label]")) node.setAttribute("aria-label", t()[node.dataset.label]);
  const language = document.getElementById("language");
  language.setAttribute("aria-label", t().otherLanguageLabel);
  language.lang = state.language === "en" ? "zh-CN" : "en";
  document.getElementById("theme").setAttribute("aria-pressed", String(state.theme === "dark"));
  for (const link of document.querySelectorAll(".tabs a")) {
    if (link.getAttribute("href") === route()) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const count = state.cart.items.reduce((sum, item) => sum + item.quantity, 0);
  const badge = document.querySelector(".count");
  badge.hidden = count === 0;
  badge.textContent = String(count);
  if (!state.about) return;
  document.title = state.about.shop_name;
  document.querySelector(".shop-name").textContent = state.about.shop_name;
  const announcement = document.querySelector(".announcement");
  announcement.hidden = !state.about.announcement;
  announcement.textContent = state.about.announcement;
  document.querySelector(".mark").textContent = [...state.about.shop_name][0];
  document.getElementById("release").textContent = t().release(state.about.instance, state.about.version);
}

async function draw() {
  drawFrame();
  const wanted = route();
  try {
    const content = await views[wanted]();
    if (wanted === route()) keepingFocus(main, () => main.replaceChildren(...content.filter(Boolean)));
  } catch {
    drawFailure();
  }
}

function drawFailure() {
  drawFrame();
  main.replaceChildren(element("div", { class: "empty", role: "alert" }, [
    element("p", {}, [t().failed]),
    element("button", { type: "button", class: "button", onclick: state.about ? draw : start }, [t().retry]),
  ]));
}

function remember(key, value) {
  state[key] = value;
  localStorage.setItem(key, value);
  draw();
}

// The page may talk to the shop and to its pictures, nothing else; where the pictures are is known only now.
function narrowPolicy(origin) {
  if (document.getElementById("policy")) return;
  document.head.append(element("meta", {
    id: "policy",
    "http-equiv": "Content-Security-Policy",
    content: `img-src 'self' blob: ${origin}; connect-src 'self' ${origin}`,
  }));
}

async function start() {
  main.setAttribute("aria-busy", "true");
  try {
    const [about, products, cart] = await Promise.all([api.about(), api.products(state.search), api.cart()]);
    narrowPolicy(about.pictures_origin);
    Object.assign(state, { about, products: products.products, cart });
    state.language = localStorage.getItem("language") in texts ? localStorage.getItem("language") : about.language;
    state.theme = localStorage.getItem("theme") ?? about.theme;
    await draw();
  } catch {
    drawFailure();
  }
  main.removeAttribute("aria-busy");
}

addEventListener("hashchange", async () => {
  if (!state.about || location.hash === "#main") return;
  toast.classList.remove("shown");
  if (route() !== "#/orders") state.thanks = "";
  await draw();
  scrollTo(0, 0);
  main.querySelector("h1")?.focus();
});
document.getElementById("language").addEventListener("click", () => remember("language", state.language === "en" ? "zh" : "en"));
document.getElementById("theme").addEventListener("click", () => remember("theme", state.theme === "dark" ? "light" : "dark"));
start();

// The shop behind the pages: its API, and what each page shows as plain data. The same file in every dialect.
const texts = require("./texts.js");

const FEW = 5;
const SIGNS = { CNY: "¥", USD: "$", EUR: "€", JPY: "¥" };

function money(amount, currency) {
  const value = currency === "JPY" ? String(amount) : (amount / 100).toFixed(2);
  return `${SIGNS[currency] || `${currency} `}${value}`;
}

function newKey() {
  const letters = "0123456789abcdefghijklmnopqrstuvwxyz";
  let key = Date.now().toString(36);
  while (key.length < 32) key += letters[Math.floor(Math.random() * letters.length)];
  return key;
}

function createShop(platform) {
  const settings = platform.settings();
  const base = String(settings.api || "").replace(/\/$/, "");
  const state = { about: null, session: platform.load("session"), requestKey: "", thanks: "" };

  function language() {
    const wanted = platform.language().toLowerCase();
    if (wanted) return wanted.startsWith("zh") ? "zh" : "en";
    return (state.about && state.about.language) || "en";
  }

  const t = () => texts[language()];
  const local = (value) => value[language()] || value.en;

  function send(method, path, body, headers) {
    const sent = Object.assign({ "Content-Type": "application/json" }, headers);
    if (state.session) sent.Authorization = `Bearer ${state.session}`;
    return platform.send({ method, url: `${base}/${path}`, headers: sent, body }).then((answer) => {
      if (answer.status < 400) return answer.body;
      const error = new Error("refused");
      error.status = answer.status;
      error.code = (answer.body && answer.body.error && answer.body.error.code) || "refused";
      throw error;
    });
  }

  // A session is begun with the first thing that is put into the cart, as the shop's own pages do.
  function withSession() {
    if (state.session) return Promise.resolve();
    return send("POST", "sessions", {}).then((answer) => remember(answer.session));
  }

  function remember(session) {
    state.session = session;
    platform.save("session", session);
  }

  function tell(error) {
    if (error.code === "out_of_stock") platform.say(t().soldOutMeanwhile);
    else platform.say(error.code && error.code !== "unavailable" ? t().refused : t().failed);
  }

  function start() {
    platform.setTitle(settings.shop || "Shop");
    platform.setTabs([t().shop, t().cart, t().orders]);
    return send("GET", "about").then((about) => {
      state.about = about;
    }).catch(tell);
  }

  function stockText(available) {
    if (available > FEW) return "";
    return available ? t().fewLeft(available) : t().soldOut;
  }

  function products() {
    return send("GET", "products").then((answer) => ({
      t: { add: t().add },
      products: answer.products.map((product) => ({
        id: product.id,
        name: local(product.name),
        about: local(product.about),
        price: money(product.price, answer.currency),
        stock: stockText(product.available),
        soldOut: product.available === 0,
      })),
    }));
  }

  function sums(of) {
    const lines = [];
    if (of.tax_percent > 0) {
      lines.push({ label: t().subtotal, amount: money(of.subtotal, of.currency) });
      lines.push({ label: t().tax(of.tax_percent), amount: money(of.tax, of.currency) });
    }
    lines.push({ label: t().total, amount: money(of.total, of.currency) });
    return lines;
  }

  function lines(of) {
    return of.items.map((item) => ({
      id: item.product,
      name: local(item.name),
      quantity: item.quantity,
      amount: money(item.amount, of.currency),
      full: item.quantity >= item.available,
      stock: item.quantity > item.available ? stockText(item.available) : "",
    }));
  }

  function cartView(cart) {
    const { emptyCart, browse, less, more, name, contact, place } = t();
    return { t: { emptyCart, browse, less, more, name, contact, place }, items: lines(cart), sums: sums(cart), loaded: true };
  }

  function cart() {
    return send("GET", "cart").then(cartView);
  }

  function setQuantity(id, quantity) {
    state.requestKey = "";
    return withSession().then(() => send("PUT", `cart/items/${id}`, { quantity })).then(cartView);
  }

  function add(id) {
    return send("GET", "cart").then((now) => {
      const item = now.items.find((one) => one.product === id);
      return setQuantity(id, (item ? item.quantity : 0) + 1);
    }).then(() => platform.say(t().added));
  }

  function order(name, contact) {
    if (!name.trim() || !contact.trim() || name.trim().length > 80 || contact.trim().length > 80) {
      platform.say(t().required);
      return Promise.resolve(false);
    }
    state.requestKey = state.requestKey || newKey();
    return send("POST", "orders", { name, contact }, { "Idempotency-Key": state.requestKey }).then((placed) => {
      state.requestKey = "";
      state.thanks = t().thanks(placed.id);
      platform.showTab("orders");
      return true;
    });
  }

  function orders() {
    return send("GET", "orders").then((answer) => {
      const thanks = state.thanks;
      state.thanks = "";
      return {
        t: { noOrders: t().noOrders, browse: t().browse },
        thanks,
        loaded: true,
        orders: answer.orders.map((one) => ({
          id: one.id,
          title: t().order(one.id),
          created: one.created.slice(0, 16).replace("T", " "),
          items: lines(Object.assign({}, one, { items: one.items.map((item) => Object.assign({ available: item.quantity }, item)) })),
          sums: sums(one),
        })),
      };
    });
  }

  return { start, tell, products, add, cart, setQuantity, order, orders, showTab: platform.showTab };
}

module.exports = { createShop };

// Stands in for the host of a mini-program: runs app.js and the pages, taps as a visitor would, prints what was seen.
const path = require("path");

const [folder, dialect, ext, language] = process.argv.slice(2);
const seen = { said: [], storage: {} };
const definitions = {};
let app;

async function answer(request, headers, ok) {
  try {
    const response = await fetch(request.url, { method: request.method, headers, body: request.data });
    const text = await response.text();
    ok(response.status, text ? JSON.parse(text) : "");
  } catch (error) {
    request.fail({ errMsg: "request:fail", error: 12 });
  }
}

const hosts = {
  wechat: {
    getExtConfigSync: () => JSON.parse(ext),
    getAppBaseInfo: () => ({ language }),
    getStorageSync: (key) => seen.storage[key] ?? "",
    setStorageSync: (key, value) => { seen.storage[key] = value; },
    showToast: ({ title }) => seen.said.push(title),
    setNavigationBarTitle: ({ title }) => { seen.title = title; },
    setTabBarItem: ({ index, text }) => { (seen.tabs ??= [])[index] = text; },
    switchTab: ({ url }) => { seen.tab = url; },
    request: (request) => answer(request, request.header, (statusCode, data) => request.success({ statusCode, data })),
  },
  alipay: {
    getExtConfigSync: () => JSON.parse(ext),
    getSystemInfoSync: () => ({ language }),
    getStorageSync: ({ key }) => ({ data: seen.storage[key] ?? null }),
    setStorageSync: ({ key, data }) => { seen.storage[key] = data; },
    showToast: ({ content }) => seen.said.push(content),
    setNavigationBar: ({ title }) => { seen.title = title; },
    setTabBarItem: ({ index, text }) => { (seen.tabs ??= [])[index] = text; },
    switchTab: ({ url }) => { seen.tab = url; },
    request: (request) => answer(request, request.headers, (status, data) =>
      (status < 400 ? request.success({ status, data }) : request.fail({ error: 19, status, data: JSON.stringify(data) }))),
  },
};

global[{ wechat: "wx", alipay: "my" }[dialect]] = hosts[dialect];
global.App = (definition) => { app = definition; };
global.getApp = () => app;

function load(name) {
  global.Page = (definition) => { definitions[name] = definition; };
  require(path.join(folder, "pages", name, `${name}.js`));
  const page = definitions[name];
  page.data = { ...page.data };
  page.setData = (change) => Object.assign(page.data, change);
  return page;
}

const tap = (dataset) => ({ currentTarget: { dataset } });
const copy = (value) => JSON.parse(JSON.stringify(value));

async function main() {
  require(path.join(folder, "app.js"));
  app.onLaunch();
  const [products, cart, orders] = ["products", "cart", "orders"].map(load);
  await products.refresh();
  seen.products = copy(products.data);
  if (products.data.products.length) {
    await products.add(tap({ id: "mug" }));
    await cart.refresh();
    await cart.change(tap({ id: "mug", quantity: 1, by: 1 }));
    seen.cart = copy(cart.data);
    await cart.place();
    seen.incomplete = seen.said.at(-1);
    cart.typeName({ detail: { value: "Ann 安" } });
    cart.typeContact({ detail: { value: "ann@example.com" } });
    await cart.place();
    await (orders.refresh ? orders.refresh() : orders.onShow());
    seen.orders = copy(orders.data);
    await cart.refresh();
    seen.emptied = copy(cart.data);
    if (orders.cancel) {
      await orders.cancel(tap({ id: orders.data.orders[0].id }));
      seen.cancelled = copy(orders.data);
    }
  }
  process.stdout.write(JSON.stringify(seen));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

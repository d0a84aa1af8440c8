// The shop's HTTP API. Every function returns the answer or throws ApiError.
export class ApiError extends Error {
  constructor(status, error) {
    super(error.message ?? "refused");
    this.status = status;
    this.code = error.code ?? "refused";
    this.fields = error.fields ?? {};
  }
}

async function call(method, path, body, headers = {}) {
  const options = { method, headers: { Accept: "application/json", ...headers }, cache: "no-store" };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await fetch(`/api/${path}`, options);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, answer.error ?? {});
  return answer;
}

export const about = () => call("GET", "about");
export const products = (search = "") => call("GET", `products?q=${encodeURIComponent(search)}`);
export const cart = () => call("GET", "cart");
export const setQuantity = (product, quantity) => call("PUT", `cart/items/${product}`, { quantity });
export const orders = () => call("GET", "orders");
export const placeOrder = (name, contact, picture, key) =>
  call("POST", "orders", { name, contact, ...(picture && { picture }) }, { "Idempotency-Key": key });

export const cancelOrder = (id) => call("POST", `orders/${id}/cancel`, {});

const owner = (key) => ({ Authorization: `Bearer ${key}` });
export const desk = (key) => call("GET", "desk", undefined, owner(key));
export const decide = (key, id, wanted) => call("POST", `desk/orders/${id}/${wanted}`, {}, owner(key));

// Puts a picture into the shop's bucket, straight from here; returns the picture's id.
export async function upload(blob) {
  const { id, upload: to } = await call("POST", "pictures", { type: blob.type, size: blob.size });
  const response = await fetch(to.url, { method: to.method, headers: to.headers, body: blob, credentials: "omit" });
  if (!response.ok) throw new ApiError(response.status, { code: "upload" });
  return id;
}

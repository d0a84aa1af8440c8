// Small helpers for the page. Texts only ever become text nodes, so nothing that is typed can become markup.
const SVG = "http://www.w3.org/2000/svg";

export function element(tag, attributes, children = []) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") node.toggleAttribute(name, value);
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== ""));
  return node;
}

export function picture(id) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "picture");
  svg.setAttribute("viewBox", "0 0 120 120");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `pictures.svg#${id}`);
  svg.append(use);
  return svg;
}

// Redraws and gives the focus back to the control that had it, found by its data-key.
export function keepingFocus(root, redraw) {
  const key = root.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  redraw();
  if (key) (root.querySelector(`[data-key="${key}"]:not(:disabled)`) ?? root.querySelector("h1"))?.focus();
}

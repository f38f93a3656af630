// Small parts of a page. Names are user data: they go in by textContent and attributes only.

const NS = "http://www.w3.org/2000/svg";

function element(tag, className, parent) {
  const part = document.createElement(tag);
  if (className) part.className = className;
  if (parent) parent.appendChild(part);
  return part;
}

function drawing(tag, className, parent) {
  const part = document.createElementNS(NS, tag);
  if (className) part.setAttribute("class", className);
  if (parent) parent.appendChild(part);
  return part;
}

/** Write a text, or leave it alone where it stands there already. */
function write(part, text) {
  if (part.textContent !== text) part.textContent = text;
}

const asPercent = (fraction) => `${Math.round(1000 * fraction) / 10} %`;

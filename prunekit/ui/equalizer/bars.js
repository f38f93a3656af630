// Draws the bars. Names are user data: they go in by textContent and attributes only.

const NS = "http://www.w3.org/2000/svg";

function element(tag, className, parent) {
  const part = document.createElement(tag);
  if (className) part.className = className;
  if (parent) parent.appendChild(part);
  return part;
}

const asPercent = (fraction) => `${Math.round(1000 * fraction) / 10} %`;

/** Build one bar: shading, fill, unit ticks, knob with its level, pin and name. */
function makeBar(bar, index) {
  const column = element("div", "column");
  const slider = element("div", "bar", column);
  slider.dataset.index = index;
  slider.setAttribute("role", "slider");
  slider.setAttribute("aria-orientation", "vertical");
  slider.setAttribute("aria-label", bar.name);
  slider.setAttribute("aria-valuemin", 0);
  slider.setAttribute("aria-valuemax", 100);
  slider.tabIndex = -1;
  if (bar.protected) {
    slider.classList.add("protected");
    slider.setAttribute("aria-disabled", "true");
    slider.setAttribute("aria-description", `Protected: ${bar.protected}`);
  } else if (bar.linked) {
    slider.setAttribute("aria-description", bar.linked);
  }
  slider.title = [bar.name, bar.shape, bar.bits ? `${bar.bits} bits a weight` : "", bar.protected ? `Protected: ${bar.protected}` : bar.linked].filter(Boolean).join("\n");
  element("div", "shade", slider);
  element("div", "gone", slider);
  element("div", "rest", slider);
  if (!bar.protected && bar.units <= 64) {
    const ticks = element("div", "ticks", slider);
    ticks.style.setProperty("--units", bar.units);
  }
  element("span", "level", element("div", "knob", slider));
  if (bar.bits) element("div", "bits", slider).textContent = bar.bits;
  const name = element("div", "name", column);
  element("span", "", name).textContent = bar.name;
  return column;
}

/** Show what is known of the harm, which grows while a scan runs, and how much went without the bar. */
function paintShade(slider, bar) {
  slider.querySelector(".gone").style.height = bar.protected ? "0" : `${100 * bar.gone}%`;
  const shade = slider.querySelector(".shade");
  shade.classList.toggle("locked", Boolean(bar.protected));
  shade.classList.toggle("unknown", !bar.protected && !bar.curve);
  shade.style.background = bar.curve && !bar.protected ? shading(bar.curve) : "";
}

/** Harm from the bottom (sparsity 0) to the top (1), as a share of the harmful colour. */
function shading(curve) {
  const stops = curve.map(
    ([sparsity, , share]) =>
      `color-mix(in oklab, var(--harm) ${Math.round(100 * share)}%, var(--safe)) ${Math.round(100 * sparsity)}%`,
  );
  return `linear-gradient(to top, ${["var(--safe) 0%", ...stops].join(", ")})`;
}

/** Show a bar's state; most bars stand still under a hand, and what is painted is not painted again. */
function paintBar(slider, bar, sparsity, kept, pinned, selected) {
  const state = [sparsity, kept, pinned, selected].join();
  if (slider.dataset.state === state) return;
  slider.dataset.state = state;
  slider.querySelector(".rest").style.bottom = slider.querySelector(".knob").style.bottom = `${100 * sparsity}%`;
  const level = slider.querySelector(".level");
  level.textContent = sparsity ? `${Math.round(100 * sparsity)} %` : "";
  level.classList.toggle("under", sparsity > 0.9);
  slider.classList.toggle("pinned", pinned);
  slider.classList.toggle("selected", selected);
  slider.setAttribute("aria-valuenow", Math.round(1000 * sparsity) / 10);
  slider.setAttribute("aria-valuetext", describe(bar, sparsity, kept, pinned, selected));
}

function describe(bar, sparsity, kept, pinned, selected) {
  if (bar.protected) return `protected, ${bar.protected}`;
  const state = [pinned && "pinned", selected && "selected"].filter(Boolean).join(", ");
  const bits = bar.bits ? `, ${bar.bits} bit${bar.bits > 1 ? "s" : ""} a weight` : "";
  return `${asPercent(sparsity)} sparsity, ${kept} of ${bar.units} ${bar.unit} kept${bits}${state ? `, ${state}` : ""}`;
}

/** Draw a bracket under the bars of each linked group, each in the first free lane. */
function drawBrackets(svg, columns, bars) {
  svg.replaceChildren();
  const groups = new Map();
  bars.forEach((bar, index) => {
    if (columns[index].hidden || bar.protected) return;
    groups.set(bar.key, [...(groups.get(bar.key) ?? []), index]);
  });
  const lanes = [];
  for (const [key, members] of groups) {
    if (members.length < 2) continue;
    const [first, last] = [members[0], members[members.length - 1]];
    let lane = lanes.findIndex((end) => end < first);
    if (lane < 0) lane = lanes.push(-1) - 1;
    lanes[lane] = last;
    const middle = (index) => columns[index].offsetLeft + columns[index].offsetWidth / 2;
    const y = 6 + 7 * lane;
    const path = document.createElementNS(NS, "path");
    const stubs = members.map((index) => `M ${middle(index)} 0 V ${y}`).join(" ");
    path.setAttribute("d", `M ${middle(first)} ${y} H ${middle(last)} ${stubs}`);
    path.dataset.key = key;
    svg.appendChild(path);
  }
  svg.setAttribute("height", lanes.length ? 7 * lanes.length + 2 : 0);
  svg.setAttribute("width", columns.length ? columns[0].parentElement.scrollWidth : 0);
}

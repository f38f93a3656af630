// Draws the bars.

const tiedText = (bar) => (bar.layers.length > 1 ? `+${bar.layers.length - 1} tied` : "");

/** Build one bar: bands, what is removed, handle, name and the histogram of its weights. */
function makeBar(bar, index) {
  const column = element("div", "column");
  const slider = element("div", "bar", column);
  slider.dataset.index = index;
  slider.dataset.layers = bar.layers.map((layer) => layer.name).join("\n");
  slider.setAttribute("role", "slider");
  slider.setAttribute("aria-orientation", "vertical");
  slider.setAttribute("aria-label", bar.layers.map((layer) => layer.name).join(", "));
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
  const layers = bar.layers.map((layer) => `${layer.name}  ${layer.shape}`);
  const bits = bar.bits && `${bar.bits} bits a weight`;
  slider.title = [...layers, bits, bar.protected ? `Protected: ${bar.protected}` : bar.linked].filter(Boolean).join("\n");
  element("div", "shade", slider);
  element("div", "rest", slider);
  element("div", "gone", slider);
  element("span", "level", element("div", "knob", slider));
  if (bar.bits) element("div", "bits", slider).textContent = bar.bits;
  element("div", "name", column).textContent = bar.name;
  element("div", "tied", column).textContent = tiedText(bar);
  drawing("svg", "weights", column).setAttribute("aria-hidden", "true");
  return column;
}

/** Show what is known of the losses, which grows while a scan runs, and how much went without the bar. */
function paintShade(slider, bar, colours) {
  slider.querySelector(".gone").style.height = bar.protected ? "0" : `${100 * bar.gone}%`;
  const shade = slider.querySelector(".shade");
  const bands = bar.lost && !bar.protected ? bandsOf(bar.lost, colours) : null;
  shade.classList.toggle("locked", Boolean(bar.protected));
  shade.classList.toggle("unknown", !bar.protected && !bands);
  shade.classList.toggle("rough", Boolean(bands) && bar.lost.some((loss) => loss[3]));
  const background = bands ? shading(bands, colours) : "";
  if (shade.dataset.shading === background) return;
  shade.dataset.shading = background;
  shade.style.background = background;
}

/** Show a bar's state; most bars stand still under a hand, and what is painted is not painted again. */
function paintBar(slider, bar, sparsity, kept, pinned, selected, leaving) {
  const state = [sparsity, kept, pinned, selected, leaving !== undefined].join();
  if (slider.dataset.state === state) return;
  slider.dataset.state = state;
  slider.querySelector(".rest").style.height = slider.querySelector(".knob").style.bottom = `${100 * sparsity}%`;
  write(slider.querySelector(".level"), bar.protected ? "" : `${Math.round(100 * sparsity)} %`);
  slider.classList.toggle("pinned", pinned);
  slider.classList.toggle("selected", selected);
  slider.setAttribute("aria-valuenow", Math.round(1000 * sparsity) / 10);
  slider.setAttribute("aria-valuetext", describe(bar, sparsity, kept, pinned, selected));
  const weights = slider.parentElement.querySelector(".weights");
  if (leaving) paintHistogram(weights, leaving, bar.protected ? 0 : 1 - kept / bar.units);
}

function describe(bar, sparsity, kept, pinned, selected) {
  if (bar.protected) return `protected, ${bar.protected}`;
  const state = [pinned && "pinned", selected && "selected"].filter(Boolean).join(", ");
  const bits = bar.bits ? `, ${bar.bits} bit${bar.bits === "1" ? "" : "s"} a weight` : "";
  return `${asPercent(sparsity)} sparsity, ${kept} of ${bar.units} ${bar.unit} kept${bits}${state ? `, ${state}` : ""}`;
}

// The layer in focus: its weights, the scores of its channels, and what cutting it alone loses. Charts are handles too.

const CLICK = 4; // px that a pointer may move while it clicks

function makeChart(box, name) {
  const figure = element("figure", "chart", box);
  const caption = element("figcaption", "", figure);
  const area = element("div", "area", figure);
  const svg = drawing("svg", "", area);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  const mark = element("div", "mark", area);
  const axis = element("div", "ends", figure);
  figure.dataset.chart = name;
  return { figure, caption, area, svg, mark, axis };
}

function writeEnds(axis, texts) {
  if (axis.dataset.texts === texts.join("|")) return;
  axis.dataset.texts = texts.join("|");
  axis.replaceChildren(...texts.map((text) => {
    const part = element("span");
    part.textContent = text;
    return part;
  }));
}

class Panel {
  constructor(desk) {
    this.desk = desk;
    const box = desk.part("panel");
    [this.weights, this.scores, this.alone] = ["weights", "scores", "alone"].map((name) => makeChart(box, name));
    this.scores.area.addEventListener("pointerdown", (event) => this.press(event));
    this.scores.area.addEventListener("pointermove", (event) => this.pull(event));
    this.scores.area.addEventListener("pointerup", (event) => this.release(event));
    this.scores.area.addEventListener("pointercancel", () => (this.from = null));
  }

  get bar() {
    return this.desk.data.bars[this.desk.focused];
  }

  /** The units of the layer in focus as they go, where the page has said them. */
  get units() {
    const { scores } = this.desk.data;
    return scores && scores.key === this.bar?.key ? scores.units : null;
  }

  paint() {
    const { bar, desk } = this;
    if (!bar) return;
    const sparsity = bar.protected ? 0 : (desk.values[bar.key] ?? 0);
    const kept = desk.keptOf(bar);
    this.paintWeights(bar, kept);
    this.paintScores(bar, kept);
    this.paintAlone(bar, sparsity);
  }

  paintWeights(bar, kept) {
    const { figure, caption, svg, axis, mark } = this.weights;
    const leaving = this.desk.data.leaving[bar.key];
    figure.hidden = !leaving;
    mark.hidden = true;
    if (!leaving) return;
    paintHistogram(svg, leaving, 1 - kept / bar.units);
    const where = bar.unit === "weights" ? "kept and zeroed" : "in channels that stay and that leave";
    write(caption, `Weights of ${bar.name} ${where}`);
    const reach = leaving.reach.toPrecision(2);
    writeEnds(axis, [`−${reach}`, "weight", reach]);
    svg.setAttribute("aria-label", `Histogram of the weights of ${bar.name}, ${where}`);
  }

  paintScores(bar, kept) {
    const { figure, caption, svg, axis, mark } = this.scores;
    const { units } = this;
    figure.hidden = !units;
    if (!units) return;
    const values = units.map((unit) => unit.score);
    const low = Math.min(0, ...values), span = Math.max(...values) - low || 1;
    const leaves = bar.units - kept;
    const column = (unit, i) => `M${i + 0.1} 0V${-((unit.score - low) / span).toFixed(3)}h.8V0z`;
    const stays = (unit, i) => unit.mark === "keep" || (i >= leaves && !["drop", "gone"].includes(unit.mark));
    const path = (chosen) => units.map((unit, i) => (chosen(unit, i) ? column(unit, i) : "")).join("");
    if (svg.children.length !== 3) svg.replaceChildren(...["leaves", "stays", "decided"].map((name) => drawing("path", name)));
    svg.setAttribute("viewBox", `0 -1 ${units.length} 1`);
    svg.children[0].setAttribute("d", path((unit, i) => !stays(unit, i)));
    svg.children[1].setAttribute("d", path(stays));
    svg.children[2].setAttribute("d", path((unit) => ["keep", "drop"].includes(unit.mark)));
    mark.hidden = !this.desk.canMove(bar);
    mark.style.left = `${(100 * leaves) / units.length}%`;
    write(caption, `${kept} of ${bar.units} ${bar.unit} kept: drag the line, click one to keep or drop it`);
    writeEnds(axis, [this.desk.data.scores.criterion, "lowest score first", ""]);
    svg.setAttribute("aria-label", `Scores of the ${bar.units} ${bar.unit} of ${bar.name}, lowest first; ${kept} are kept`);
  }

  paintAlone(bar, sparsity) {
    const { figure, caption, svg, axis, mark } = this.alone;
    figure.hidden = !bar.lost?.length || Boolean(bar.protected);
    if (figure.hidden) return;
    const points = [[0, 0], ...bar.lost];
    const most = Math.max(5, ...points.map((point) => point[1]));
    const y = (lost) => Math.max(0, lost) / most;
    if (!svg.firstChild) drawing("path", "curve", svg);
    svg.setAttribute("viewBox", "0 0 1 1");
    svg.firstChild.setAttribute("d", points.map(([x, lost], i) => `${i ? "L" : "M"}${x} ${y(lost).toFixed(3)}`).join(""));
    const lost = lostAt(bar.lost, sparsity);
    mark.hidden = lost === null;
    mark.style.left = `${100 * sparsity}%`;
    mark.style.top = `${100 * y(lost ?? 0)}%`;
    const isRough = bar.lost.some((loss) => loss[3]);
    const here = lost === null ? "not measured here" : `${isRough ? "about " : ""}${lost.toFixed(1)} points lost here`;
    write(caption, `${bar.name} alone: ${here}`);
    writeEnds(axis, [`0 to ${most.toFixed(0)} points lost, downwards`, "removed, %", "100"]);
    svg.setAttribute("aria-label", caption.textContent);
  }

  // ---- what a hand does

  share(event) {
    const box = this.scores.area.getBoundingClientRect();
    return bound((event.clientX - box.left) / box.width, 0, 1);
  }

  press(event) {
    if (!this.units || event.button) return;
    event.preventDefault();
    this.scores.area.setPointerCapture(event.pointerId);
    this.from = { x: event.clientX, moved: false };
  }

  pull(event) {
    const { bar, desk } = this;
    if (!this.from || (!this.from.moved && Math.abs(event.clientX - this.from.x) < CLICK)) return;
    this.from.moved = true;
    if (desk.canMove(bar)) desk.setMany({ [bar.key]: Math.round(this.share(event) * bar.units) / bar.units });
  }

  release(event) {
    const { from, units, bar, desk } = this;
    this.from = null;
    if (!from || !units) return;
    if (from.moved) return desk.commit();
    const index = Math.min(units.length - 1, Math.floor(this.share(event) * units.length));
    const { unit, mark } = units[index];
    if (mark === "gone" || bar.protected) return;
    const leaves = index < bar.units - desk.keptOf(bar);
    desk.command(`${mark ? "free" : leaves ? "keep" : "drop"} ${unit} ${bar.key}`);
  }
}

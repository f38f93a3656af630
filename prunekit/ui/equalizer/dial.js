// The dial: the trade-off curve of the network as far as single cuts foretell it, and a handle that moves along it.
// Which cut comes next is decided by one price for harm, as search/curves.py decides it.

const DEEPEST = 10; // points lost at the lower edge of the curve

/** The steps of one bar that are worth taking, `{key, from, to, slope}`: the lower hull of its harm over what it saves. */
function stepsOf(key, losses, savedAt) {
  const hull = [{ level: 0, saved: 0, harm: 0 }];
  const slope = (a, b) => (b.harm - a.harm) / (b.saved - a.saved);
  let worst = 0;
  for (const [level, , harm] of losses) {
    worst = Math.max(worst, harm); // a deeper cut does not harm less
    const point = { level, saved: savedAt(level), harm: worst };
    if (point.saved <= hull.at(-1).saved) continue;
    while (hull.length > 1 && slope(hull.at(-2), hull.at(-1)) >= slope(hull.at(-1), point)) hull.pop();
    hull.push(point);
  }
  return hull.slice(1).map((to, i) => ({ key, from: hull[i].level, to: to.level, slope: slope(hull[i], to) }));
}

/** The knots of the curve, `{macs, lost, values}`, from the network as it is to all bars as deep as they were measured. */
function tradeOff(bars, held, macsOf) {
  const losses = Object.fromEntries(bars.map((bar) => [bar.key, bar.lost]));
  const dense = macsOf(held);
  const steps = bars.flatMap((bar) =>
    stepsOf(bar.key, bar.lost, (level) => dense - macsOf({ ...held, [bar.key]: level })),
  );
  steps.sort((a, b) => a.slope - b.slope);
  const values = { ...held, ...Object.fromEntries(bars.map((bar) => [bar.key, 0])) };
  const lost = () => bars.reduce((sum, bar) => sum + Math.max(0, lostAt(losses[bar.key], values[bar.key]) ?? 0), 0);
  const knots = [{ macs: dense, lost: 0, values: { ...values } }];
  for (const step of steps) {
    values[step.key] = step.to;
    knots.push({ macs: macsOf(values), lost: lost(), values: { ...values } });
  }
  return knots;
}

/** The values on the curve that leave so many MACs: between two knots, the bar that moves there. */
function valuesAt(knots, macs) {
  const after = knots.findIndex((knot) => knot.macs <= macs);
  if (after <= 0) return knots.at(after === 0 ? 0 : -1).values;
  const [a, b] = [knots[after - 1], knots[after]];
  const share = (a.macs - macs) / Math.max(1, a.macs - b.macs);
  return Object.fromEntries(Object.keys(b.values).map((key) => [key, a.values[key] + share * (b.values[key] - a.values[key])]));
}

class Dial {
  constructor(desk) {
    this.desk = desk;
    this.box = desk.part("dial");
    this.area = element("div", "area", this.box);
    Object.assign(this.area, { tabIndex: 0 });
    this.area.setAttribute("role", "slider");
    this.area.setAttribute("aria-label", "FLOPs left, along the trade-off curve");
    this.svg = drawing("svg", "", this.area);
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("viewBox", "0 0 1 1");
    this.path = drawing("path", "curve", this.svg);
    this.mark = element("div", "mark", this.area);
    this.ends = element("div", "ends", this.area);
    this.said = element("div", "said", this.box);
    writeEnds(this.ends, ["100 % of FLOPs", "75", "50", "25", "0"]);
    this.area.addEventListener("pointerdown", (event) => this.press(event));
    this.area.addEventListener("pointermove", (event) => this.area.hasPointerCapture(event.pointerId) && this.pull(event));
    this.area.addEventListener("pointerup", () => desk.commit());
    this.area.addEventListener("keydown", (event) => this.key(event));
  }

  /** The curve of the bars that may move; worked out anew only where something of it has changed. */
  get knots() {
    const { data, values, pinned } = this.desk;
    const free = data.mode === "channels" ? data.bars.filter((bar) => this.desk.canMove(bar) && bar.lost) : [];
    const held = Object.fromEntries(data.bars.filter((bar) => !free.includes(bar)).map((bar) => [bar.key, values[bar.key] ?? 0]));
    const name = JSON.stringify([data.layout, free.map((bar) => [bar.key, bar.lost]), held, [...pinned]]);
    if (name !== this.name) {
      this.name = name;
      this.known = free.length ? tradeOff(free, held, (each) => this.macsOf(each)) : [];
    }
    return this.known;
  }

  macsOf(values) {
    const { groups, terms } = this.desk.data;
    return evaluateFormula(terms, groups.map((group) => countKept(group, values[group.name] ?? 0))).macs;
  }

  paint() {
    const { knots } = this;
    this.box.hidden = knots.length < 2;
    if (this.box.hidden) return;
    const dense = this.desk.data.dense.macs;
    const x = (macs) => 1 - macs / dense, y = (lost) => Math.min(1, lost / DEEPEST);
    if (this.drawn !== this.name) {
      this.drawn = this.name;
      this.path.setAttribute("d", knots.map((knot, i) => `${i ? "L" : "M"}${x(knot.macs).toFixed(4)} ${y(knot.lost).toFixed(3)}`).join(""));
    }
    const left = this.desk.counts().macs / dense;
    const lost = this.lost();
    this.mark.style.left = `${100 * (1 - left)}%`;
    this.mark.style.top = `${100 * y(lost)}%`;
    const text = `${asPercent(left)} of FLOPs left, about ${lost.toFixed(1)} points lost as cut, estimated`;
    write(this.said, text);
    this.area.setAttribute("aria-valuenow", Math.round(100 * left));
    this.area.setAttribute("aria-valuemin", 0);
    this.area.setAttribute("aria-valuemax", 100);
    this.area.setAttribute("aria-valuetext", text);
  }

  /** What the bars as they stand lose, if each loses what it loses alone; beyond what was measured, that and no more. */
  lost() {
    return this.desk.data.bars.reduce((sum, bar) => {
      const value = bar.lost && !bar.protected ? (this.desk.values[bar.key] ?? 0) : 0;
      return sum + (value ? Math.max(0, lostAt(bar.lost, value) ?? bar.lost.at(-1)[1]) : 0);
    }, 0);
  }

  press(event) {
    if (event.button) return;
    event.preventDefault();
    this.area.focus();
    this.area.setPointerCapture(event.pointerId);
    this.pull(event);
  }

  pull(event) {
    const box = this.area.getBoundingClientRect();
    this.turn(1 - bound((event.clientX - box.left) / box.width, 0, 1));
  }

  /** Leave a share of the FLOPs. */
  turn(share) {
    this.desk.setMany(valuesAt(this.knots, share * this.desk.data.dense.macs));
  }

  key(event) {
    const step = { ArrowRight: -0.01, ArrowLeft: 0.01, ArrowUp: 0.01, ArrowDown: -0.01, PageUp: 0.1, PageDown: -0.1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    this.turn(bound(this.desk.counts().macs / this.desk.data.dense.macs + step, 0, 1));
    this.desk.commit();
  }
}

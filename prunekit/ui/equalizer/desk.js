// The desk: the state of all bars, what moves it, and what it costs.

const instances = new WeakMap();
const bound = (value, low, high) => Math.min(high, Math.max(low, value));
const STEPS = { ArrowUp: 0.01, ArrowDown: -0.01, PageUp: 0.1, PageDown: -0.1 };

class Desk {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.values = {};
    this.pinned = new Set();
    this.selected = new Set();
    this.version = null;
    this.focused = 0;
    this.drag = null;
    this.columns = [];
    this.courier = new Courier((rev, phase) => this.send(rev, phase));
    this.listen();
  }

  /** Take what the server says; called at every change of `data`. */
  update({ data, setStateValue, setTriggerValue }) {
    this.setStateValue = setStateValue;
    this.setTriggerValue = setTriggerValue;
    const rebuilt = this.data?.layout !== data.layout;
    this.data = data;
    if (rebuilt) this.build();
    if (data.version !== this.version && !this.drag) this.take(data);
    this.courier.answer(data.reply.rev);
    this.paintAll();
  }

  take(data) {
    this.version = data.version;
    this.values = { ...data.values };
    this.pinned = new Set(data.pinned);
    this.courier.reset(data.reply.rev);
  }

  build() {
    const { bars, stages } = this.data;
    this.values = { ...this.data.values };
    this.selected.clear();
    this.columns = bars.map(makeBar);
    this.part("bars").replaceChildren(...this.columns);
    this.part("bars").classList.toggle("dense", bars.length > 40);
    this.focused = Math.max(0, bars.findIndex((bar) => !bar.protected));
    if (this.slider(this.focused)) this.slider(this.focused).tabIndex = 0;
    const choices = ["", ...stages].map((stage) => {
      const option = element("option");
      option.value = stage;
      option.textContent = stage || "all stages";
      return option;
    });
    this.part("stage").replaceChildren(...choices);
    this.part("stage").hidden = stages.length < 2;
    this.filter();
  }

  slider(index) {
    return this.columns[index]?.querySelector(".bar");
  }

  // ---- what moves

  /** Whether a bar follows presets and the master. */
  isFree(bar) {
    return !bar.protected && !this.pinned.has(bar.key);
  }

  set(key, sparsity, phase = "drag") {
    this.setMany({ [key]: sparsity }, phase);
  }

  setMany(changes, phase = "drag") {
    let moved = false;
    for (const [key, value] of Object.entries(changes)) {
      const sparsity = bound(Math.round(1000 * value) / 1000, 0, 1);
      if (Number.isNaN(sparsity) || this.values[key] === sparsity) continue;
      this.values[key] = sparsity;
      moved = true;
    }
    if (moved) this.paintAll();
    if (moved || phase === "commit") this.courier.offer(phase);
  }

  /** The bars that move with a bar: all selected ones if it is one of them, else its own. */
  companions(bar) {
    return this.selected.has(bar.key) ? [...this.selected] : [bar.key];
  }

  nudge(bar, change) {
    const keys = this.companions(bar).filter((key) => !this.pinned.has(key));
    this.setMany(Object.fromEntries(keys.map((key) => [key, (this.values[key] ?? 0) + change])));
  }

  moveMaster(goal) {
    const curves = {};
    for (const bar of this.data.bars) if (this.isFree(bar)) curves[bar.key] = bar.curve;
    if (Object.keys(curves).length) this.setMany(spread(curves, bound(goal, 0, 1)));
  }

  master() {
    const keys = [...new Set(this.data.bars.filter((bar) => this.isFree(bar)).map((bar) => bar.key))];
    return keys.length ? keys.reduce((sum, key) => sum + (this.values[key] ?? 0), 0) / keys.length : 0;
  }

  togglePin(bar) {
    if (bar.protected) return;
    if (!this.pinned.delete(bar.key)) this.pinned.add(bar.key);
    this.paintAll();
    this.courier.offer("drag");
  }

  select(index, event) {
    const { bars } = this.data;
    const key = bars[index].key;
    if (event.shiftKey) {
      const [low, high] = [Math.min(index, this.focused), Math.max(index, this.focused)];
      bars.slice(low, high + 1).forEach((bar) => !bar.protected && this.selected.add(bar.key));
    } else if (!this.selected.delete(key)) {
      this.selected.add(key);
    }
  }

  // ---- hands

  listen() {
    const bars = this.part("bars");
    bars.addEventListener("pointerdown", (event) => this.press(event));
    bars.addEventListener("pointermove", (event) => this.drag && this.pull(event));
    bars.addEventListener("pointerup", () => this.release());
    bars.addEventListener("pointercancel", () => this.release());
    bars.addEventListener("dblclick", () => this.last && this.type(this.last.index));
    bars.addEventListener("keydown", (event) => this.key(event));
    bars.addEventListener("keyup", (event) => this.keyUp(event));
    bars.addEventListener("focusin", (event) => {
      const slider = event.target.closest?.(".bar");
      if (slider) this.focus(+slider.dataset.index, false);
    });
    const master = this.part("master");
    master.addEventListener("input", () => this.moveMaster(+master.value / 100));
    master.addEventListener("change", () => this.courier.offer("commit"));
    this.part("filter").addEventListener("input", () => this.filter());
    this.part("stage").addEventListener("change", () => this.filter());
    this.resized = new ResizeObserver(() => this.brackets());
    this.resized.observe(bars);
    this.root.addEventListener("keydown", (event) => this.undoKeys(event));
  }

  press(event) {
    const slider = event.target.closest(".bar");
    if (!slider || event.button) return;
    const index = +slider.dataset.index;
    const bar = this.data.bars[index];
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      if (!bar.protected) this.select(index, event);
    } else if (!bar.protected && !this.pinned.has(bar.key)) {
      this.part("bars").setPointerCapture(event.pointerId);
      // A double click types a value; the presses before it have moved the bar, so remember where it stood.
      const again = this.last?.index === index && event.timeStamp - this.last.time < 500;
      this.last = { index, time: event.timeStamp, values: again ? this.last.values : { ...this.values } };
      this.drag = { bar, box: slider.getBoundingClientRect(), from: { ...this.values } };
    }
    this.focus(index, true);
    if (this.drag) this.pull(event);
    this.paintAll();
    event.preventDefault();
  }

  pull(event) {
    const { bar, box, from } = this.drag;
    const sparsity = bound((box.bottom - event.clientY) / box.height, 0, 1);
    const change = Math.round(100 * sparsity) / 100 - (from[bar.key] ?? 0);
    const keys = this.companions(bar).filter((key) => !this.pinned.has(key));
    this.setMany(Object.fromEntries(keys.map((key) => [key, bound((from[key] ?? 0) + change, 0, 1)])));
  }

  release() {
    if (!this.drag) return;
    this.drag = null;
    this.courier.offer("commit");
    if (this.data.version !== this.version) this.take(this.data);
  }

  key(event) {
    const slider = event.target.closest?.(".bar");
    if (!slider || event.target !== slider || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = +slider.dataset.index;
    const bar = this.data.bars[index];
    const fixed = bar.protected || this.pinned.has(bar.key);
    if (event.key in STEPS) !fixed && this.nudge(bar, STEPS[event.key]);
    else if (event.key === "Home" || event.key === "End") !fixed && this.set(bar.key, event.key === "End" ? 1 : 0);
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft") this.step(index, event.key === "ArrowRight" ? 1 : -1);
    else if (event.key === "Enter") !fixed && this.type(index);
    else if (event.key === " ") !bar.protected && this.select(index, event);
    else if (event.key === "p" || event.key === "P") this.togglePin(bar);
    else if (event.key === "Escape") this.selected.clear();
    else return;
    this.paintAll();
    event.preventDefault();
    event.stopPropagation();
  }

  keyUp(event) {
    if (event.target.closest?.(".bar") && (event.key in STEPS || event.key === "Home" || event.key === "End")) {
      this.courier.offer("commit");
    }
  }

  undoKeys(event) {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
    event.preventDefault();
    event.stopPropagation();
    this.setTriggerValue("command", event.shiftKey ? "redo" : "undo");
  }

  step(index, direction) {
    let next = index + direction;
    while (this.columns[next]?.hidden) next += direction;
    if (this.columns[next]) this.focus(next, true);
  }

  focus(index, grab) {
    const before = this.slider(this.focused);
    if (before) before.tabIndex = -1;
    const changed = this.focused !== index;
    this.focused = index;
    const slider = this.slider(index);
    slider.tabIndex = 0;
    if (grab) slider.focus();
    if (changed && !this.data.bars[index].protected) this.courier.offer("drag");
    this.paintReadout();
  }

  /** Type an exact percentage into a bar. */
  type(index) {
    const bar = this.data.bars[index];
    if (bar.protected || this.pinned.has(bar.key)) return;
    if (this.last?.index === index) this.setMany(this.last.values);
    const input = element("input", "typed", this.columns[index]);
    Object.assign(input, { type: "number", min: 0, max: 100, step: 0.1, value: Math.round(1000 * (this.values[bar.key] ?? 0)) / 10 });
    input.setAttribute("aria-label", `Sparsity of ${bar.name} in percent`);
    input.focus();
    input.select();
    let open = true;
    const close = (accept) => {
      if (!open) return;
      open = false;
      const value = input.value === "" ? NaN : +input.value;
      input.remove();
      this.slider(index).focus();
      if (accept && Number.isFinite(value)) this.set(bar.key, value / 100, "commit");
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") close(true);
      if (event.key === "Escape") close(false);
    });
    input.addEventListener("blur", () => close(true));
  }

  // ---- what it says

  send(rev, phase) {
    const focus = this.data.bars[this.focused]?.name ?? null;
    this.setStateValue("desk", { rev, phase, focus, values: { ...this.values }, pinned: [...this.pinned], layout: this.data.layout });
  }

  filter() {
    const text = this.part("filter").value.trim().toLowerCase();
    const stage = this.part("stage").value;
    this.data.bars.forEach((bar, index) => {
      const shown = (!stage || bar.stage === stage) && (!text || bar.name.toLowerCase().includes(text));
      this.columns[index].hidden = !shown;
    });
    this.brackets();
  }

  brackets() {
    if (this.data) drawBrackets(this.part("brackets"), this.columns, this.data.bars);
  }

  kept() {
    return this.data.groups.map((group) => countKept(group, this.values[group.name] ?? 0));
  }

  paintAll() {
    const { bars, groups, mode } = this.data;
    const keptOf = mode === "channels" ? new Map(this.kept().map((kept, index) => [groups[index].name, kept])) : null;
    bars.forEach((bar, index) => {
      const sparsity = bar.protected ? 0 : (this.values[bar.key] ?? 0);
      const kept = keptOf ? (keptOf.get(bar.key) ?? bar.units) : keptUnits(bar.units, sparsity);
      paintBar(this.slider(index), bar, sparsity, kept, this.pinned.has(bar.key), this.selected.has(bar.key));
    });
    const master = this.part("master");
    master.value = Math.round(100 * this.master());
    master.setAttribute("aria-valuetext", `${asPercent(this.master())} mean sparsity of the bars that are not pinned`);
    this.part("mastervalue").textContent = asPercent(Math.round(100 * this.master()) / 100);
    this.paintReadout();
  }

  /** Counts of the state in hand: exact, and without asking anybody. */
  counts() {
    const { groups, bars, terms, mode, fixed } = this.data;
    const kept = mode === "channels" ? this.kept() : fixed;
    const counts = evaluateFormula(terms, kept);
    if (mode === "weights") {
      counts.zeros = bars.reduce((sum, bar) => sum + bar.units - keptUnits(bar.units, this.values[bar.key] ?? 0), 0);
    }
    return counts;
  }

  paintReadout() {
    const { dense, reply, bars } = this.data;
    const counts = this.counts();
    const change = (now, before) => (now === before ? "" : ` (${now < before ? "−" : "+"}${asPercent(Math.abs(1 - now / before))})`);
    const write = (part, text) => {
      const place = this.part(part);
      if (place.textContent !== text) place.textContent = text;
    };
    write("params", counts.params.toLocaleString("en-US") + change(counts.params, dense.params));
    write("macs", counts.macs.toLocaleString("en-US") + change(counts.macs, dense.macs));
    write("bytes", counts.bytes.toLocaleString("en-US") + change(counts.bytes, dense.bytes));
    write("zeros", counts.zeros === undefined ? "" : counts.zeros.toLocaleString("en-US"));
    this.part("zeros").parentElement.hidden = counts.zeros === undefined;
    write("accuracy", reply.text);
    write("status", this.courier.isPending ? "stale" : reply.status);
    this.part("accuracy").classList.toggle("stale", this.courier.isPending);
    const bar = bars[this.focused];
    if (!bar) return write("layer", "");
    const sparsity = this.values[bar.key] ?? 0;
    const kept = this.data.mode === "channels" ? this.kept()[this.data.groups.findIndex((g) => g.name === bar.key)] ?? bar.units : keptUnits(bar.units, sparsity);
    write("layer", `${bar.name}: ${describe(bar, sparsity, kept, this.pinned.has(bar.key), this.selected.has(bar.key))}`);
    write("why", bar.protected ? "" : bar.linked);
  }

  close() {
    this.courier.close();
    this.resized.disconnect();
  }
}

export default function (component) {
  const root = component.parentElement;
  const desk = instances.get(root) ?? new Desk(root);
  instances.set(root, desk);
  // While this module loads, `data` may change: the cleanup of the superseded call must not tear down the newer one.
  const generation = (desk.generation = (desk.generation ?? 0) + 1);
  desk.update(component);
  return () => {
    if (desk.generation !== generation) return;
    desk.close();
    instances.delete(root);
  };
}

// The desk: the values of all bars, what moves them, and what they cost.

const LINGER = 250; // ms
const instances = new WeakMap();
const bound = (value, low, high) => Math.min(high, Math.max(low, value));

class Desk {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.values = {};
    this.pinned = new Set();
    this.selected = new Set();
    this.version = null;
    this.focused = 0;
    this.floors = {};
    this.columns = [];
    this.reply = { rev: 0, recipe: "", n: 0, done: false, tiles: [] };
    this.courier = new Courier({
      write: (rev, phase) => this.state(rev, phase),
      hear: (reply) => this.hear(reply),
      landed: (message) => this.tell(message),
      free: () => this.press(),
    });
    this.presses = new Presses();
    this.overview = new Overview(this.part("overview"), this.part("rack"));
    this.panel = new Panel(this);
    this.dial = new Dial(this);
    this.hands = new Hands(this);
  }

  /** Take what the server says; called at every change of `data`. */
  update({ data: bytes, setStateValue, setTriggerValue }) {
    const data = JSON.parse(new TextDecoder().decode(bytes));
    this.tell = (message) => {
      clearTimeout(this.soon);
      setStateValue("desk", message);
    };
    this.ask = (presses) => setTriggerValue("command", presses);
    const isNew = this.data?.layout !== data.layout;
    const hasMoved = data.version !== this.version;
    this.data = data;
    // What a base run has lost stays lost, and what others took is not the bar's to give.
    this.floors = Object.fromEntries(data.bars.map((bar) => [bar.key, bar.floor]));
    this.groups = new Map(data.groups.map((group) => [group.name, group]));
    this.courier.follow(data.reply.rev);
    this.presses.followed(data.pressed);
    if (isNew) {
      this.build();
      this.pinned = new Set(data.pinned); // later on, pins are the hand's alone
    }
    if (isNew || hasMoved) this.take();
    const address = new URL(data.line, document.baseURI);
    address.protocol = address.protocol.replace("http", "ws");
    this.courier.open(address.href);
    data.bars.forEach((bar, index) => paintShade(this.slider(index), bar, data.bands));
    this.courier.answer(data.reply);
    this.paint();
  }

  /** Take an answer, unless a newer one is there: the page and the line are not of the same speed. */
  hear(reply) {
    const old = this.reply;
    const same = reply.rev === old.rev && reply.recipe === old.recipe;
    // A reading that turns out to be of another network is withdrawn: that answer has fewer samples, and an error.
    if (reply.rev < old.rev || (same && ((reply.n < old.n && !reply.error) || (old.done && !reply.done)))) return;
    this.reply = { ...old, ...reply }; // an error says nothing else
    paintStrip(this);
  }

  /** Undo or redo. */
  command(name) {
    this.presses.add(name);
    this.press();
  }

  /** Hand presses on, once the server holds the state that they were made in: it would come after them otherwise. */
  press() {
    clearTimeout(this.asking);
    const due = this.courier.isBusy ? null : this.presses.take();
    if (due) this.ask(due);
    if (this.presses.areOpen) this.asking = setTimeout(() => this.pressAgain(), this.presses.wait);
  }

  pressAgain() {
    this.presses.again();
    this.press();
  }

  /** Take the server's values, but for the bars in hand: those are the hand's. */
  take() {
    const { version, values } = this.data;
    this.version = version;
    const held = Object.fromEntries((this.hands.drag?.keys ?? []).map((key) => [key, this.values[key]]));
    this.values = { ...values, ...held };
  }

  build() {
    const { bars, stages } = this.data;
    this.selected.clear();
    this.columns = bars.map(makeBar);
    this.part("bars").replaceChildren(...this.columns);
    this.focused = Math.max(0, bars.findIndex((bar) => !bar.protected));
    if (bars.length) this.slider(this.focused).tabIndex = 0;
    this.columns[this.focused]?.classList.add("current");
    this.part("stage").replaceChildren(
      ...["", ...stages].map((stage) => {
        const option = element("option");
        option.value = stage;
        option.textContent = stage || "all stages";
        return option;
      }),
    );
    this.part("stage").hidden = stages.length < 2;
    this.part("width").hidden = this.data.mode !== "channels";
    write(this.part("axis"), `${this.data.mode === "channels" ? "channels" : "weights"} removed, %`);
    drawLegend(this.part("legend"), this.data.bands);
    this.widen();
    this.filter();
    // Many bars begin where most can be saved.
    const widest = this.shares.indexOf(Math.max(...this.shares));
    if (this.shown.length > CROWD && widest >= 0) this.part("rack").scrollLeft = this.columns[widest].offsetLeft - 40;
  }

  /** Make each bar as wide as the root of what a full cut of it frees. */
  widen() {
    const { groups, terms, bars, mode } = this.data;
    const resource = this.part("width").value;
    const whole = groups.map((group) => group.units);
    const dense = evaluateFormula(terms, whole)[resource];
    const freed = new Map(
      mode === "channels"
        ? groups.map((group, i) => [group.name, dense - evaluateFormula(terms, whole.with(i, 1))[resource]])
        : bars.map((bar) => [bar.key, bar.units]),
    );
    this.shares = bars.map((bar) => Math.sqrt(Math.max(0, freed.get(bar.key) ?? 0)));
    const largest = Math.max(...this.shares, 1e-9);
    this.columns.forEach((column, index) => column.style.setProperty("--share", (this.shares[index] / largest).toFixed(3)));
    this.measure();
  }

  slider(index) {
    return this.columns[index].firstChild;
  }

  // ---- what moves

  canMove(bar) {
    return !bar.protected && !this.pinned.has(bar.key);
  }

  /** Set the sparsity of some keys. */
  setMany(changes) {
    let moved = false;
    for (const [key, value] of Object.entries(changes)) {
      const sparsity = Math.max(this.floors[key] ?? 0, Math.round(1000 * bound(value, 0, 1)) / 1000);
      if (Number.isNaN(sparsity) || (this.values[key] ?? 0) === sparsity) continue;
      this.values[key] = sparsity;
      moved = true;
    }
    if (!moved) return;
    this.courier.offer("drag"); // before it is painted, so that no reading is shown as this state's
    this.paint();
  }

  /** Move a bar, and all selected ones if it is one of them, by a change from where they stood. */
  shift(bar, change, from) {
    this.setMany(Object.fromEntries(this.together(bar).map((key) => [key, (from[key] ?? 0) + change])));
  }

  /** The keys that move when a hand moves a bar. */
  together(bar) {
    const keys = this.selected.has(bar.key) ? [...this.selected] : [bar.key];
    return keys.filter((key) => !this.pinned.has(key));
  }

  commit() {
    this.courier.offer("commit");
    this.paint();
  }

  /** The keys that follow the master: each group once, neither protected nor pinned. */
  freeKeys() {
    return [...new Set(this.data.bars.filter((bar) => this.canMove(bar)).map((bar) => bar.key))];
  }

  moveMaster(goal) {
    const harms = (bar) => bar.lost?.map(([sparsity, , harm]) => [sparsity, harm]);
    const curves = Object.fromEntries(this.data.bars.map((bar) => [bar.key, harms(bar)]));
    const free = this.freeKeys();
    if (free.length) this.setMany(spread(Object.fromEntries(free.map((key) => [key, curves[key]])), bound(goal, 0, 1)));
  }

  master() {
    const free = this.freeKeys();
    return free.length ? free.reduce((sum, key) => sum + (this.values[key] ?? 0), 0) / free.length : 0;
  }

  togglePin(bar) {
    if (bar.protected) return;
    if (!this.pinned.delete(bar.key)) this.pinned.add(bar.key);
    this.paint();
    this.courier.offer("drag");
    this.tellSoon();
  }

  /** Add a bar to the selection or take it out; with `range`, add all from the focus to it. */
  select(index, range) {
    const { bars } = this.data;
    const bar = bars[index];
    if (range) {
      const [low, high] = [Math.min(index, this.focused), Math.max(index, this.focused)];
      for (const each of bars.slice(low, high + 1)) if (!each.protected) this.selected.add(each.key);
    } else if (!bar.protected && !this.selected.delete(bar.key)) {
      this.selected.add(bar.key);
    }
    this.paint();
  }

  unselect() {
    this.selected.clear();
    this.paint();
  }

  focus(index) {
    this.slider(this.focused).tabIndex = -1;
    this.columns[this.focused].classList.remove("current");
    const changed = this.focused !== index;
    this.focused = index;
    this.slider(index).tabIndex = 0;
    this.columns[index].classList.add("current");
    paintFocus(this);
    if (!changed) return;
    this.courier.offer("drag");
    this.tellSoon(); // the page shows the layer in focus
  }

  /** Let the page run once the hand rests, where only it has something to change. */
  tellSoon() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => {
      if (this.hands.drag || this.courier.isPending) return this.tellSoon();
      this.tell(this.state(this.courier.rev, "commit"));
    }, LINGER);
  }

  // ---- what it costs

  keptOf(bar) {
    const sparsity = this.values[bar.key] ?? 0;
    if (bar.protected) return bar.left;
    const group = this.groups.get(bar.key);
    if (this.data.mode === "channels" && group) return countKept(group, sparsity);
    return sparsity > bar.gone ? Math.min(bar.left, keptUnits(bar.units, sparsity)) : bar.left;
  }

  /** Counts of the state in hand: exact, and without asking anybody. */
  counts() {
    const { groups, bars, terms, mode } = this.data;
    const inMode = mode === "channels";
    const kept = groups.map((group) => countKept(group, inMode ? (this.values[group.name] ?? 0) : group.sparsity));
    const counts = evaluateFormula(terms, kept);
    // Zeros of the base run may have gone with channels cut since: how many, the measured figure says.
    const isKnown = counts.params === this.data.dense.params || !bars.some((bar) => bar.zeroed);
    if (!inMode) counts.zeros = isKnown ? bars.reduce((sum, bar) => sum + bar.left - this.keptOf(bar), 0) : null;
    return counts;
  }

  // ---- what it says

  state(rev, phase) {
    const { bars, layout } = this.data;
    const focus = bars[this.focused]?.name ?? null;
    return { rev, phase, layout, focus, values: { ...this.values }, pinned: [...this.pinned] };
  }

  filter() {
    const text = this.part("filter").value.trim().toLowerCase();
    const stage = this.part("stage").value;
    this.data.bars.forEach((bar, index) => {
      const isNamed = bar.layers.some((layer) => layer.name.toLowerCase().includes(text));
      this.columns[index].hidden = !((!stage || bar.stage === stage) && isNamed);
    });
    this.shown = this.columns.map((_, index) => index).filter((index) => !this.columns[index].hidden);
    this.root.querySelector(".desk").classList.toggle("crowd", this.shown.length > CROWD);
    this.measure();
    this.paint();
  }

  /** Note how wide the bars are: to ask for it at every move of a hand would lay out the page each time. */
  measure() {
    this.widths = this.columns.map((column) => column.offsetWidth);
    this.overview.place();
  }

  paint() {
    this.data.bars.forEach((bar, index) => {
      const sparsity = bar.protected ? 0 : (this.values[bar.key] ?? 0);
      const leaving = this.data.leaving[bar.key];
      paintBar(this.slider(index), bar, sparsity, this.keptOf(bar), this.pinned.has(bar.key), this.selected.has(bar.key), leaving);
    });
    this.overview.paint(this.shown.map((index) => [this.widths[index], this.values[this.data.bars[index].key] ?? 0]));
    const mean = this.master();
    const master = this.part("master");
    if (this.root.activeElement !== master) master.value = Math.round(100 * mean);
    master.setAttribute("aria-valuetext", `${asPercent(mean)} mean sparsity of the bars that are not pinned`);
    this.dial.paint();
    this.part("mastervalue").textContent = asPercent(Math.round(100 * mean) / 100);
    paintStrip(this);
    paintFocus(this);
  }

  close() {
    clearTimeout(this.soon);
    clearTimeout(this.asking);
    this.courier.close();
    this.hands.close();
  }
}

export default function (component) {
  const root = component.parentElement;
  const desk = instances.get(root) ?? new Desk(root);
  instances.set(root, desk);
  desk.update(component);
  // While this module loads, `data` may change, and calls then come and go in any order: only a desk that has left the
  // page is closed.
  return () =>
    setTimeout(() => {
      if (root.isConnected) return;
      desk.close();
      instances.delete(root);
    }, LINGER);
}

// What a hand does to the desk: press, pull, type, keys. Listens once, on the parts that outlive every rebuild.

const STEPS = { ArrowUp: 0.01, ArrowDown: -0.01, PageUp: 0.1, PageDown: -0.1 };
const ENDS = { Home: 0, End: 1 };

/** Whether a key goes into a text, which has an undo of its own. */
function isTyping(event) {
  const [part] = event.composedPath();
  return part.isContentEditable || part.matches?.("textarea, input:not([type=range], [type=checkbox], [type=radio])");
}

class Hands {
  constructor(desk) {
    this.desk = desk;
    this.drag = null;
    this.presses = []; // the two newest, each with the values before it
    const bars = desk.part("bars");
    bars.addEventListener("pointerdown", (event) => this.press(event));
    bars.addEventListener("pointermove", (event) => this.drag && this.pull(event));
    bars.addEventListener("pointerup", () => this.release());
    bars.addEventListener("pointercancel", () => this.release());
    bars.addEventListener("dblclick", () => this.double());
    bars.addEventListener("keydown", (event) => this.key(event));
    bars.addEventListener("keyup", (event) => this.keyUp(event));
    bars.addEventListener("focusin", (event) => {
      const slider = event.target.closest?.(".bar");
      if (slider) this.focus(+slider.dataset.index, false);
    });
    const master = desk.part("master");
    master.addEventListener("input", () => desk.moveMaster(+master.value / 100));
    master.addEventListener("change", () => desk.commit());
    desk.part("pin").addEventListener("click", () => desk.togglePin(this.bar(desk.focused)));
    desk.part("filter").addEventListener("input", () => desk.filter());
    desk.part("stage").addEventListener("change", () => desk.filter());
    // Before the buttons of the page, whose presses are lost where a run takes longer than the next press.
    this.heard = (event) => this.undo(event);
    window.addEventListener("keydown", this.heard, true);
    desk.part("width").addEventListener("change", () => desk.widen());
    for (const [name, step] of [["less", -0.05], ["greater", 0.05]]) {
      desk.part(name).addEventListener("click", () => this.nudge(step));
    }
    this.resized = new ResizeObserver(() => desk.data && desk.measure());
    this.resized.observe(bars);
  }

  bar(index) {
    return this.desk.data.bars[index];
  }

  /** The index of the bar an event belongs to, if it stands on one. */
  indexOf(event) {
    const slider = event.target.closest?.(".bar");
    return slider ? +slider.dataset.index : null;
  }

  press(event) {
    const { desk } = this;
    const index = this.indexOf(event);
    if (index === null || event.button) return;
    const bar = this.bar(index);
    event.preventDefault();
    if (event.ctrlKey || event.metaKey || event.shiftKey) {
      desk.select(index, event.shiftKey);
    } else if (desk.canMove(bar)) {
      desk.part("bars").setPointerCapture(event.pointerId);
      this.presses = [this.presses.at(-1), { index, values: { ...desk.values } }];
      this.drag = { bar, slider: desk.slider(index), from: { ...desk.values }, keys: desk.together(bar) };
    }
    this.focus(index, true);
    if (this.drag) this.pull(event);
  }

  pull(event) {
    const { bar, slider, from } = this.drag;
    const box = slider.getBoundingClientRect(); // now: a page that scrolls or grows moves it under the hand
    const target = Math.round(100 * bound((box.bottom - event.clientY) / box.height, 0, 1)) / 100;
    this.desk.shift(bar, target - (from[bar.key] ?? 0), from);
  }

  release() {
    if (!this.drag) return;
    this.drag = null;
    this.desk.commit();
  }

  key(event) {
    const { desk } = this;
    const index = this.indexOf(event);
    if (index === null || event.target !== desk.slider(index) || event.ctrlKey || event.metaKey || event.altKey) return;
    const bar = this.bar(index);
    const movable = desk.canMove(bar);
    if (event.key in STEPS) movable && desk.shift(bar, STEPS[event.key], desk.values);
    else if (event.key in ENDS) movable && desk.setMany({ [bar.key]: ENDS[event.key] });
    else if (event.key === "ArrowRight") this.step(index, 1);
    else if (event.key === "ArrowLeft") this.step(index, -1);
    else if (event.key === "Enter") this.type(index);
    else if (event.key === " ") desk.select(index, event.shiftKey);
    else if (event.key.toLowerCase() === "p") desk.togglePin(bar);
    else if (event.key === "Escape") desk.unselect();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Move the bar in focus by a button's step. */
  nudge(step) {
    const { desk } = this;
    const bar = this.bar(desk.focused);
    if (!desk.canMove(bar)) return;
    desk.shift(bar, step, desk.values);
    desk.commit();
  }

  keyUp(event) {
    if (this.indexOf(event) !== null && (event.key in STEPS || event.key in ENDS)) this.desk.commit();
  }

  undo(event) {
    if (!this.desk.root.isConnected) return;
    const key = event.key?.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !["z", "y"].includes(key) || isTyping(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.desk.command(key === "y" || event.shiftKey ? "redo" : "undo");
  }

  /** Move the focus to the next bar that is shown. */
  step(index, direction) {
    let next = index + direction;
    while (this.desk.columns[next]?.hidden) next += direction;
    if (this.desk.columns[next]) this.focus(next, true);
  }

  focus(index, grab) {
    this.desk.focus(index);
    if (grab) this.desk.slider(index).focus();
  }

  /** The presses of a double click move the bar; what stood there before them is what typing starts from. */
  double() {
    const [first, second] = this.presses;
    if (!second || first?.index !== second.index) return;
    this.presses = [];
    this.desk.setMany(first.values);
    this.type(first.index);
  }

  /** Type an exact percentage into a bar. */
  type(index) {
    const { desk } = this;
    const bar = this.bar(index);
    if (!desk.canMove(bar)) return;
    const input = element("input", "typed", desk.columns[index]);
    const value = Math.round(1000 * (desk.values[bar.key] ?? 0)) / 10;
    Object.assign(input, { type: "number", min: 0, max: 100, step: 0.1, value });
    input.setAttribute("aria-label", `Sparsity of ${bar.name} in percent`);
    input.focus();
    input.select();
    let open = true;
    const close = (accept) => {
      if (!open) return;
      open = false;
      const typed = input.value === "" ? NaN : +input.value;
      input.remove();
      desk.slider(index).focus();
      if (!accept || !Number.isFinite(typed)) return;
      desk.setMany({ [bar.key]: typed / 100 });
      desk.commit();
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") close(true);
      if (event.key === "Escape") close(false);
    });
    input.addEventListener("blur", () => close(true));
  }

  close() {
    window.removeEventListener("keydown", this.heard, true);
    this.resized.disconnect();
  }
}

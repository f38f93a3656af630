// Above many bars: all cuts at a glance, with a frame around those in view, which a hand drags along.

const CROWD = 40;

class Overview {
  constructor(box, scroller) {
    this.box = box;
    this.scroller = scroller;
    this.frame = element("div", "frame", box);
    this.picture = drawing("svg", "", box);
    this.picture.setAttribute("preserveAspectRatio", "none");
    this.path = drawing("path", "leaves", this.picture);
    const follow = (event) => {
      const place = (event.clientX - box.getBoundingClientRect().left) / box.clientWidth;
      scroller.scrollLeft = place * scroller.scrollWidth - scroller.clientWidth / 2;
    };
    box.addEventListener("pointerdown", (event) => {
      box.setPointerCapture(event.pointerId);
      follow(event);
    });
    box.addEventListener("pointermove", (event) => box.hasPointerCapture(event.pointerId) && follow(event));
    scroller.addEventListener("scroll", () => this.place());
  }

  /** Draw the cuts of the bars that are shown, `[width, sparsity]` each; few bars need no overview. */
  paint(cuts) {
    this.box.hidden = cuts.length <= CROWD;
    if (this.box.hidden) return;
    let x = 0;
    const steps = cuts.map(([width, sparsity]) => {
      const step = `M${x} 0V${(-sparsity).toFixed(3)}h${width}V0z`;
      x += width;
      return step;
    });
    this.picture.setAttribute("viewBox", `0 -1 ${x} 1`);
    this.path.setAttribute("d", steps.join(""));
    this.place();
  }

  place() {
    if (this.box.hidden) return;
    const { scrollLeft, scrollWidth, clientWidth } = this.scroller;
    this.frame.style.left = `${(100 * scrollLeft) / scrollWidth}%`;
    this.frame.style.width = `${(100 * clientWidth) / scrollWidth}%`;
  }
}

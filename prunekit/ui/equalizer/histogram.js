// Histograms of the weights behind a bar: what stays stands on what leaves, by the order in which a cut takes it.

/** Weights in each bin that leave and that stay, when a share of all pieces goes. */
function splitBins(leaving, share) {
  const steps = leaving.counts.length, bins = leaving.counts[0].length;
  const gone = new Array(bins).fill(0), all = new Array(bins).fill(0);
  const full = share * steps;
  for (let step = 0; step < steps; step++) {
    const part = bound(full - step, 0, 1);
    for (let bin = 0; bin < bins; bin++) {
      gone[bin] += part * leaving.counts[step][bin];
      all[bin] += leaving.counts[step][bin];
    }
  }
  return { gone, all };
}

const columnsPath = (heights, bases) =>
  heights.map((height, i) => (height > bases[i] ? `M${i} ${-bases[i]}V${-height}h1V${-bases[i]}z` : "")).join("");

/** Draw a histogram into an svg: its box is one unit wide for each bin, and 1 high. */
function paintHistogram(svg, leaving, share) {
  const { gone, all } = splitBins(leaving, share);
  const top = Math.max(...all, 1e-9);
  const scaled = (values) => values.map((value) => Math.round((1000 * value) / top) / 1000);
  const [low, high] = [scaled(gone), scaled(all)];
  if (!svg.firstChild) {
    svg.setAttribute("preserveAspectRatio", "none");
    drawing("path", "leaves", svg);
    drawing("path", "stays", svg);
  }
  svg.setAttribute("viewBox", `0 -1 ${all.length} 1`);
  svg.children[0].setAttribute("d", columnsPath(low, low.map(() => 0)));
  svg.children[1].setAttribute("d", columnsPath(high, low));
}

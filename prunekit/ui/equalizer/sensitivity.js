// Equal harm: how far every bar goes under one common limit, as search/presets.py does it.

/** The largest sparsity whose harm, and that of all smaller ones, stays within a limit. */
function reach(curve, limit) {
  let before = [0, 0];
  for (const point of curve) {
    if (point[1] > limit) {
      const share = Math.max(0, limit - before[1]) / (point[1] - before[1]);
      return before[0] + share * (point[0] - before[0]);
    }
    before = point;
  }
  return before[0];
}

/**
 * Spread one amount over several bars: to equal harm where all were measured, else evenly.
 * `curves` is key → curve or null; `goal` is 0–1 of the way from nothing to each curve's end.
 */
function spread(curves, goal) {
  const keys = Object.keys(curves);
  if (goal <= 0 || keys.some((key) => !curves[key])) return Object.fromEntries(keys.map((key) => [key, goal]));
  const mean = (limit) => keys.reduce((sum, key) => sum + reach(curves[key], limit), 0) / keys.length;
  let low = 0, high = Math.max(...keys.flatMap((key) => curves[key].map((point) => point[1])), 1e-9);
  if (mean(high) <= goal) return Object.fromEntries(keys.map((key) => [key, reach(curves[key], high)]));
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (mean(middle) > goal) high = middle; else low = middle;
  }
  return Object.fromEntries(keys.map((key) => [key, Math.round(1000 * reach(curves[key], low)) / 1000]));
}

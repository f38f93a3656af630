// Bands of a bar: how many points its group loses when it is cut alone, flat between the limits that the legend names.

/** The points lost at a sparsity, between what was measured; beyond it nothing is known. */
function lostAt(losses, sparsity) {
  let before = [0, 0];
  for (const point of losses ?? []) {
    if (point[0] >= sparsity) {
      const share = point[0] > before[0] ? (sparsity - before[0]) / (point[0] - before[0]) : 1;
      return before[1] + share * (point[1] - before[1]);
    }
    before = point;
  }
  return sparsity === 0 ? 0 : null;
}

/** Split a bar into `{from, to, band}`, sparsities and the index of the band; null above what was measured. */
function bandsOf(losses, colours) {
  const limits = colours.slice(0, -1).map((band) => band.upto);
  const bandAt = (lost) => limits.filter((limit) => lost >= limit).length;
  const cuts = [0];
  let before = [0, 0];
  for (const point of losses) {
    const rise = point[1] - before[1];
    const crossed = limits.filter((limit) => limit > Math.min(before[1], point[1]) && limit < Math.max(before[1], point[1]));
    const places = crossed.map((limit) => before[0] + ((limit - before[1]) / rise) * (point[0] - before[0]));
    cuts.push(...places.sort((a, b) => a - b), point[0]);
    before = point;
  }
  const bands = [];
  for (let i = 1; i < cuts.length; i++) {
    if (cuts[i] <= cuts[i - 1]) continue;
    const band = bandAt(lostAt(losses, (cuts[i - 1] + cuts[i]) / 2));
    const last = bands.at(-1);
    if (last?.band === band) last.to = cuts[i];
    else bands.push({ from: cuts[i - 1], to: cuts[i], band });
  }
  if (before[0] < 1) bands.push({ from: before[0], to: 1, band: null });
  return bands;
}

/** The background of a bar with its bands, from the bottom (nothing removed) to the top (everything). */
function shading(bands, colours) {
  const stops = bands.map(({ from, to, band }) => {
    const colour = band === null ? "transparent" : colours[band].colour;
    return `${colour} ${(100 * from).toFixed(1)}% ${(100 * to).toFixed(1)}%`;
  });
  const known = `${(100 * (bands.at(-1).band === null ? bands.at(-1).from : 1)).toFixed(1)}%`;
  const page = `linear-gradient(to top, var(--st-background-color) ${known}, transparent ${known})`;
  return `linear-gradient(to top, ${stops.join(", ")}), ${page}, var(--dots)`;
}

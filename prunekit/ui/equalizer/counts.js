// Counts by closed formula, to the unit the same as Python's: the rule lives in prunekit/recipe.py
// (kept_units), criteria/select.py (count_kept) and graph/formula.py.

/** Units kept of n at a sparsity (fraction 0–1): a multiple of step where anything is cut. */
function keptUnits(n, sparsity, step = 1) {
  let kept = Math.max(1, Math.floor(n * (1 - sparsity) + 1e-9));
  if (step > 1 && kept < n) kept = Math.min(n, Math.max(step, Math.floor(kept / step) * step));
  return kept;
}

/** Units kept of a group {units, step, available, hand} whose base or a hand may have left fewer. */
function countKept(group, sparsity) {
  if (sparsity === 0 && group.available === group.left) return group.left;
  const target = keptUnits(group.units, sparsity, group.step);
  const available = group.available;
  const kept = target <= available ? target : Math.floor(available / group.step) * group.step || available;
  return Math.max(kept, group.hand, 1);
}

/**
 * Sum the terms of a formula.
 * A term is [params, macs, bytes, factors]; a factor is [constant, [[group, positions], …]].
 */
function evaluateFormula(terms, kept) {
  let params = 0, macs = 0, bytes = 0;
  for (const [perParam, perMac, perByte, factors] of terms) {
    let product = 1;
    for (const [constant, parts] of factors) {
      let size = constant;
      for (const [group, positions] of parts) size += positions * kept[group];
      product *= size;
    }
    params += perParam * product;
    macs += perMac * product;
    bytes += perByte * product;
  }
  // Codes of few bits stand in one stream, whose end is padded to a whole byte; a bit is an eighth.
  return { params: Math.round(params), macs: Math.round(macs), bytes: Math.ceil(bytes - 1 / 16) };
}

// The readings: counts follow the hand by formula, measured figures come over the line, each says what it is.

const PREFIXES = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"]];
const COUNTED = ["params", "macs", "flops", "bytes"];
const QUIET = new Set(["macs", "bytes", "loss", "kl", "gzip", "thop", "nonzero"]);
const number = new Intl.NumberFormat("en-US").format;

/** Three digits and a unit prefix, as prunekit/ui/widgets/text.py writes them. */
function shortCount(n) {
  for (const [step, prefix] of PREFIXES) {
    if (n < step * 0.9995) continue;
    const value = n / step;
    return `${value.toFixed(value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)} ${prefix}`;
  }
  return number(n);
}

function shortSize(n) {
  return n >= 999.5 ? `${shortCount(n)}B` : `${number(n)} B`;
}

function relative(now, before) {
  if (now === before || !before) return "";
  const percent = 100 * (now / before - 1);
  return `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(1)} %`;
}

/** Put what the hand's own counts say into the tiles the server sent. */
function withCounts(tiles, counts, dense) {
  const all = { ...counts, flops: 2 * counts.macs };
  const before = { ...dense, flops: 2 * dense.macs };
  return tiles.map((tile) => {
    if (!COUNTED.includes(tile.name)) return tile;
    const [now, was] = [all[tile.name], before[tile.name]];
    const value = tile.name === "bytes" ? shortSize(now) : shortCount(now);
    return { ...tile, value, delta: relative(now, was), good: now === was ? null : now < was, detail: [number(now)] };
  });
}

function makeTile(name) {
  const tile = element("div", QUIET.has(name) ? "figure" : "tile");
  tile.dataset.tile = name;
  const head = element("div", "head", tile);
  element("span", "label", head);
  element("em", "status", head);
  const line = element("div", "line", tile);
  element("b", "value", line);
  element("span", "delta", line);
  element("div", "detail", tile);
  if (!QUIET.has(name)) tile.tabIndex = 0; // what stands behind a figure shows under the pointer and in focus
  return tile;
}

function paintTile(place, tile) {
  const part = (name) => place.querySelector(`.${name}`);
  write(part("label"), tile.label);
  write(part("status"), tile.status);
  part("status").className = `status ${tile.status}`;
  write(part("value"), tile.value);
  place.classList.toggle("stale", tile.status === "stale");
  const delta = part("delta");
  write(delta, (tile.delta ?? "").replace("-", "−"));
  delta.className = `delta ${tile.good === true ? "good" : tile.good === false ? "bad" : ""}`;
  write(part("detail"), (tile.detail ?? []).join("\n"));
}

function paintStrip(desk) {
  const { reply, data } = desk;
  const waits = desk.courier.isPending || reply.rev < desk.courier.rev;
  const counts = desk.counts();
  const tiles = withCounts(reply.tiles, counts, data.dense);
  const box = desk.part("strip"), quiet = desk.part("figures");
  for (const tile of tiles) {
    const home = QUIET.has(tile.name) ? quiet : box;
    const place = home.querySelector(`[data-tile="${tile.name}"]`) ?? home.appendChild(makeTile(tile.name));
    const old = waits && tile.status && tile.status !== "exact" && tile.name !== "latency";
    paintTile(place, old || (waits && tile.name === "latency" && tile.status) ? { ...tile, status: "stale" } : tile);
  }
  for (const place of quiet.querySelectorAll("[data-tile]")) {
    place.hidden = !tiles.some((tile) => tile.name === place.dataset.tile);
  }
  const zeros = desk.part("zeros");
  zeros.hidden = counts.zeros === undefined;
  const which = counts.zeros === null ? "Zeros are" : `${number(counts.zeros ?? 0)} weights are zero,`;
  write(zeros, `${which} kept in place: dense FLOPs and latency stay as they are.`);
  write(desk.part("error"), reply.error ?? "");
  const deep = desk.part("deep");
  deep.hidden = !reply.deep || waits;
  write(deep, reply.deep ?? "");
  const { dataset } = desk.root.querySelector(".desk");
  Object.assign(dataset, { rev: reply.rev, n: reply.n, done: reply.done && !waits, pending: waits });
}

/** Say what the colours and patterns of the bars mean. */
function drawLegend(place, bands) {
  const entries = [
    ...bands.map((band) => ["", band.label, band.colour]),
    ["unknown", "not measured"],
    ["rough", "rough"],
    ["removed", "removed"],
    ["locked", "protected"],
  ];
  place.replaceChildren("This layer alone loses");
  for (const [name, text, colour] of entries) {
    element("i", `swatch ${name}`, place).style.background = colour ?? "";
    place.append(text);
  }
}

/** Describe the bar in focus in words. */
function paintFocus(desk) {
  const bar = desk.data.bars[desk.focused];
  if (!bar) return;
  const pinned = desk.pinned.has(bar.key);
  const state = describe(bar, desk.values[bar.key] ?? 0, desk.keptOf(bar), pinned, desk.selected.has(bar.key));
  write(desk.part("layer"), `${bar.name}: ${state}`);
  write(desk.part("why"), bar.protected ? "" : bar.linked);
  const pin = desk.part("pin");
  pin.hidden = Boolean(bar.protected);
  pin.setAttribute("aria-pressed", pinned);
  write(pin, pinned ? "Unpin" : "Pin");
  desk.panel.paint();
}

// What the desk says below the bars: exact counts of the state in hand, the newest measured answer, the bar in focus.

const number = (n) => n.toLocaleString("en-US");

function change(now, before) {
  return now === before ? "" : ` (${now < before ? "−" : "+"}${asPercent(Math.abs(1 - now / before))})`;
}

function paintReadout(desk) {
  const { dense, reply, bars } = desk.data;
  const counts = desk.counts();
  const write = (part, text) => {
    const place = desk.part(part);
    if (place.textContent !== text) place.textContent = text;
  };
  for (const name of ["params", "macs", "bytes"]) write(name, number(counts[name]) + change(counts[name], dense[name]));
  desk.part("zeros").parentElement.hidden = counts.zeros === undefined;
  if (counts.zeros !== undefined) write("zeros", number(counts.zeros));
  write("accuracy", reply.text);
  write("status", desk.courier.isPending ? "stale" : reply.status);
  desk.part("accuracy").classList.toggle("stale", desk.courier.isPending);
  const bar = bars[desk.focused];
  if (!bar) return;
  write("layer", `${bar.name}: ${describe(bar, desk.values[bar.key] ?? 0, desk.keptOf(bar), desk.pinned.has(bar.key), desk.selected.has(bar.key))}`);
  write("why", bar.protected ? "" : bar.linked);
}

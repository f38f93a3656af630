/** How long a connection may be away, in milliseconds, before its server counts as gone: a reload is quicker. */
const PATIENCE = 1500;

export default function ({ parentElement: root, data }) {
  const said = JSON.parse(new TextDecoder().decode(data));
  const note = root.querySelector("[popover]");
  for (const [part, name] of [["strong", "title"], ["p", "text"], ["code", "command"]]) {
    note.querySelector(part).textContent = said[name];
  }
  // Streamlit writes there how its connection is. Where it does not, nothing is said.
  const app = document.querySelector("[data-testid=stApp]");
  const isAway = () => app.dataset.testConnectionState !== "CONNECTED";
  let waiting = 0;
  const look = () => {
    clearTimeout(waiting);
    if (!isAway()) note.hidePopover();
    else waiting = setTimeout(() => isAway() && note.isConnected && note.showPopover(), PATIENCE);
  };
  const watcher = new MutationObserver(look);
  if (app?.dataset.testConnectionState) {
    watcher.observe(app, { attributes: true, attributeFilter: ["data-test-connection-state"] });
  }
  return () => {
    clearTimeout(waiting);
    watcher.disconnect();
  };
}

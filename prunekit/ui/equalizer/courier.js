// Carries states to the server over a WebSocket: at most one unanswered, the newest next, the last one for certain.

const PATIENCE = 8000; // ms after which a state counts as lost and the newest is sent again
const RETRY = 500; // ms between two attempts to reach the server
const REST = 600; // ms the page waits for an exact reading before it follows a hand that let go

class Courier {
  /**
   * `write(rev, phase)` makes the message of the current state, `hear(reply)` takes an answer,
   * `landed(message)` is told when the server holds a state that a hand let go of, and the worker a moment for it, and
   * `free()` when nothing is on its way any more.
   */
  constructor({ write, hear, landed, free }) {
    Object.assign(this, { write, hear, landed, free });
    this.rev = 0;
    this.waiting = null; // phase of the newest state that was not sent yet
    this.flying = null; // the message that was sent and is not answered yet
    this.let = null; // the answered message of a state that a hand let go of, until the page is told
    this.socket = null;
  }

  /** Whether the server does not know the state in hand yet. */
  get isPending() {
    return this.waiting !== null || this.flying !== null;
  }

  /** Whether the state in hand is on its way; without a connection it is not. */
  get isBusy() {
    return this.flying !== null || (this.waiting !== null && this.socket?.readyState === WebSocket.OPEN);
  }

  /** Connect; a server that ends or is not there yet is tried again. */
  open(address) {
    if (this.address === address) return;
    this.close();
    this.address = address;
    this.connect();
  }

  connect() {
    const socket = new WebSocket(this.address);
    this.socket = socket;
    socket.onopen = () => this.flush();
    socket.onmessage = (event) => this.answer(JSON.parse(event.data));
    socket.onclose = () => {
      if (this.socket !== socket) return;
      if (this.flying) this.lose();
      this.again = setTimeout(() => this.connect(), RETRY);
    };
  }

  /** Offer the current state; a commit is never forgotten for a drag. */
  offer(phase) {
    this.waiting = this.waiting === "commit" ? "commit" : phase;
    this.flush();
  }

  flush() {
    if (this.waiting === null || this.flying || this.socket?.readyState !== WebSocket.OPEN) return;
    this.rev += 1;
    this.flying = this.write(this.rev, this.waiting);
    this.waiting = null;
    this.late = setTimeout(() => this.lose(), PATIENCE);
    this.socket.send(JSON.stringify(this.flying));
  }

  /** What was sent may not have arrived: the newest state goes again, under a number of its own. */
  lose() {
    clearTimeout(this.late);
    const phase = this.flying?.phase;
    this.flying = null;
    this.offer(this.waiting === "commit" || phase === "commit" ? "commit" : "drag");
  }

  /** The server has answered, over the line or with the page. */
  answer(reply) {
    const message = this.flying;
    if (message && reply.rev >= message.rev && (reply.n > 0 || reply.done)) {
      clearTimeout(this.late);
      this.flying = null;
      this.let = message.phase === "commit" ? message : null;
      clearTimeout(this.resting);
      if (this.let) this.resting = setTimeout(() => this.land(), REST);
    }
    this.hear(reply);
    if (reply.done || reply.exact) this.land();
    this.flush();
    if (!this.isBusy) this.free();
  }

  land() {
    clearTimeout(this.resting);
    const message = this.let;
    this.let = null;
    if (message) this.landed(message);
  }

  /** Count on from what the server has, after it or this component started over. */
  follow(rev) {
    this.rev = Math.max(rev, this.rev);
  }

  close() {
    clearTimeout(this.late);
    clearTimeout(this.again);
    clearTimeout(this.resting);
    const socket = this.socket;
    this.socket = this.address = null;
    socket?.close();
  }
}

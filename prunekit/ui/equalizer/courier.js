// Carries states to the server: at most one under way, the newest next, the last one for certain.

const PATIENCE = 8000; // ms after which a state counts as lost and the newest is sent again

class Courier {
  /** `send(rev, phase)` hands the current state over. */
  constructor(send) {
    this.send = send;
    this.rev = 0;
    this.answered = 0;
    this.waiting = null; // phase of the newest state that was not sent yet
    this.timer = 0;
  }

  get isPending() {
    return this.waiting !== null || this.rev > this.answered;
  }

  /** Offer the current state; a commit is never forgotten for a drag. */
  offer(phase) {
    this.waiting = this.waiting === "commit" ? "commit" : phase;
    if (this.rev === this.answered) this.dispatch();
  }

  /** The server has answered everything up to a revision. */
  answer(rev) {
    if (!(rev > this.answered)) return;
    this.answered = Math.min(rev, this.rev);
    clearTimeout(this.timer);
    if (this.rev === this.answered && this.waiting !== null) this.dispatch();
  }

  /** Begin anew after the server, or this component, started over. */
  reset(rev) {
    clearTimeout(this.timer);
    this.rev = this.answered = Math.max(rev, this.rev);
    if (this.waiting !== null) this.dispatch();
  }

  dispatch() {
    const phase = this.waiting;
    this.waiting = null;
    this.rev += 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.answered = this.rev;
      this.waiting ??= phase;
      this.dispatch();
    }, PATIENCE);
    this.send(this.rev, phase);
  }

  close() {
    clearTimeout(this.timer);
  }
}

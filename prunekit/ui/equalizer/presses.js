// Presses of the keys that undo and redo. The page hands one message a run to the server, the newest: so each message
// carries all presses that the server has not followed yet, and their number tells it which those are.

class Presses {
  constructor() {
    this.hand = `${Date.now()} ${Math.random()}`; // a component that starts over counts from 1 again
    this.count = 0;
    this.sent = 0;
    this.names = []; // commands of the newest presses: those that the server has not followed yet
  }

  add(name) {
    this.count += 1;
    this.names.push(name);
  }

  /** The message that is due; nothing where all presses have gone out. */
  take() {
    if (this.sent === this.count) return null;
    this.sent = this.count;
    return { hand: this.hand, count: this.count, names: [...this.names] };
  }

  /** The server has followed all presses of a hand up to a number. */
  followed({ hand, count }) {
    const open = this.count - (hand === this.hand ? count : 0);
    this.names = open > 0 ? this.names.slice(-open) : [];
  }
}

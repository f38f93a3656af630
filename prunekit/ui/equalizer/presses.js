// Presses of the keys that undo and redo. The page hands one message a run to the server, the newest, and none at all
// where the page was drawn anew while it was on its way: so each message carries all presses that the server has not
// followed yet, it goes out again until they are, and their number tells the server which of them it has followed.

const AGAIN = 1500; // ms until a message goes out again; each further wait is twice as long

class Presses {
  constructor() {
    this.hand = `${Date.now()} ${Math.random()}`; // a component that starts over counts from 1 again
    this.count = 0;
    this.sent = 0;
    this.names = []; // commands of the newest presses: those that the server has not followed yet
    this.wait = AGAIN;
  }

  add(name) {
    this.count += 1;
    this.names.push(name);
    this.wait = AGAIN;
  }

  get areOpen() {
    return this.names.length > 0;
  }

  /** Let all open presses go out once more. */
  again() {
    this.sent = this.count - this.names.length;
    this.wait *= 2;
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
    if (open < this.names.length) this.wait = AGAIN;
    this.names = open > 0 ? this.names.slice(-open) : [];
  }
}

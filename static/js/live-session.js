// The websocket of a live session; the protocol is described in docs/api.md.

const CLOSED_BECAUSE = {
  idle_timeout: "The session ended because no sound arrived.",
  max_duration: "The session ended after its longest time. Start again to go on.",
};

export class LiveSession extends EventTarget {
  #socket;
  #farewell = "";
  #refusal = "";
  #isWanted = true;

  /** Events: one for each type of message, with the message as `detail`, and at last "over". */
  constructor(path) {
    super();
    const url = new URL(path, location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new WebSocket(url);
    this.#socket.addEventListener("message", (event) => this.#hear(JSON.parse(event.data)));
    this.#socket.addEventListener("close", (event) => this.#end(event));
  }

  /** Returns whether the sound was sent. */
  send(block) {
    // A network that cannot keep up loses sound rather than falling further and further behind.
    const isBehind = this.#socket.bufferedAmount > 64_000;
    if (this.#socket.readyState !== WebSocket.OPEN || isBehind) return false;
    this.#socket.send(block);
    return true;
  }

  /** Lets the server finish the utterance that goes on, then ends. */
  finish() {
    this.#isWanted = false;
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify({ type: "session.close" }));
    } else {
      this.#socket.close();
    }
  }

  #hear(message) {
    if (message.type === "session.closed") this.#farewell = message.reason;
    if (message.type === "error" && message.code !== "rate_limited") this.#refusal = message.message;
    this.dispatchEvent(new CustomEvent(message.type, { detail: message }));
  }

  #end(event) {
    const isLost = this.#isWanted && !event.wasClean;
    const lost = !isLost ? "" : "The connection to the server was lost. Start again to go on.";
    const problem = CLOSED_BECAUSE[this.#farewell] ?? (this.#refusal || lost);
    this.dispatchEvent(new CustomEvent("over", { detail: problem }));
  }
}

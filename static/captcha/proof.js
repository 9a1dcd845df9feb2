/** The proof of work of one challenge, done in a worker while the visitor listens. */

import { ServerError } from "./server.js";

export class Proof {
  constructor(workerPath) {
    this.workerPath = workerPath;
    this.nonce = "";
    this.solved = Promise.resolve("");
  }

  /** Begin, or do nothing when the server asks for no work. */
  start(work) {
    this.stop();
    if (!work) return;
    this.worker = new Worker(this.workerPath);
    this.solved = new Promise((resolve, reject) => {
      this.worker.addEventListener("message", ({ data }) => {
        this.nonce = data.nonce;
        resolve(data.nonce);
      });
      this.worker.addEventListener("error", () => reject(new ServerError("work_failed")));
    });
    this.solved.catch(() => {}); // whoever waits for it gets to know
    this.worker.postMessage({ salt: work.salt, bits: work.bits });
  }

  /** Forget the work; a worker that still runs ends. */
  stop() {
    if (this.worker) this.worker.terminate();
    this.worker = null;
    this.nonce = "";
    this.solved = Promise.resolve("");
  }
}

/** One challenge after the other at the server: its start, its answers, its proof of work. */

import { Proof } from "./proof.js";
import { post } from "./server.js";

export class Challenge {
  constructor({ startPath, workPath }) {
    this.startPath = startPath;
    this.proof = new Proof(workPath);
    this.forget();
  }

  forget() {
    this.id = null;
    this.item = null;
    this.proof.stop();
  }

  get isAsking() {
    return Boolean(this.id && this.item);
  }

  start(wishes) {
    return post(this.startPath, wishes);
  }

  /** Take over what a reply says of the challenge, and begin its work. */
  follow({ challenge, work }) {
    if (challenge) this.id = challenge;
    if (work) this.proof.start(work);
  }

  /** Answer the present item. Sent again after a lost connection, it gets the same reply. */
  async answer(value) {
    const { id, item } = this;
    // Only the last answer has to wait for a slow device.
    const nonce = item.number === item.of ? await this.proof.solved : this.proof.nonce;
    const body = { item: item.number, answer: value, ...(nonce && { work: nonce }) };
    return this.sent(`${this.startPath}/${id}/answer`, body);
  }

  /** Post an answer; one that comes before the clip can have been heard is sent again in time. */
  async sent(path, body) {
    try {
      return await post(path, body);
    } catch (error) {
      if (error.code !== "too_early") throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000 * error.retryAfterS));
      return post(path, body);
    }
  }

  /** Send the proof of work alone, where nothing else is asked. */
  async prove() {
    const { id } = this;
    return post(`${this.startPath}/${id}/answer`, { work: await this.proof.solved });
  }
}

/** One challenge after the other at the server: its start, its answers, its proof of work. */

import { Proof } from "./proof.js";
import { post } from "./server.js";

/** A clip has to be listened to; an answer before that waits here. */
const until = (moment) =>
  new Promise((resolve) => setTimeout(resolve, Math.max(0, moment - Date.now())));

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
  follow({ challenge, work, item }) {
    if (challenge) this.id = challenge;
    if (item) item.answerableAt = Date.now() + 1000 * (item.listen_s || 0);
    if (work) this.proof.start(work);
  }

  /** Answer the present item. Sent again after a lost connection, it gets the same reply. */
  async answer(value) {
    const { id, item } = this;
    // Only the last answer has to wait for a slow device.
    const nonce = item.number === item.of ? await this.proof.solved : this.proof.nonce;
    const body = { item: item.number, answer: value, ...(nonce && { work: nonce }) };
    await until(item.answerableAt);
    return post(`${this.startPath}/${id}/answer`, body);
  }

  /** Send the proof of work alone, where nothing else is asked. */
  async prove() {
    const { id } = this;
    return post(`${this.startPath}/${id}/answer`, { work: await this.proof.solved });
  }
}

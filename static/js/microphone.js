// The microphone as a stream of 100 ms Int16Arrays at 16 kHz.

export const SAMPLING_RATE_HZ = 16000;

// The browser's clean-up of the voice is switched off: it changes level and tone, which are what the
// emotion is heard by.
const CONSTRAINTS = {
  audio: {
    channelCount: 1,
    echoCancellation: false,
    noiseSuppression: false,
    autoGainControl: false,
  },
};

const REASONS = {
  NotAllowedError:
    "The microphone is blocked for this page. Allow it in the address bar or in the browser’s settings, then try again.",
  NotFoundError: "No microphone was found. Connect one and try again.",
  NotReadableError: "The microphone is in use by another program. Close that one and try again.",
};

export class MicrophoneError extends Error {}

export class Microphone {
  /**
   * Opens the microphone; must be called from a click or key press.
   * @param {string} workletUrl
   * @param {(block: Int16Array) => void} onBlock
   * @param {() => void} onLost called when the device goes away
   */
  static async open(workletUrl, onBlock, onLost = () => {}) {
    const microphone = new Microphone();
    try {
      await microphone.#start(workletUrl, onBlock, onLost);
    } catch (error) {
      microphone.close();
      throw error;
    }
    return microphone;
  }

  #stream = null;
  #context = null;
  #node = null;

  async #start(workletUrl, onBlock, onLost) {
    this.#stream = await requestStream();
    this.#context = newContext();
    const source = connect(this.#context, this.#stream) ?? this.#fallBack();
    await this.#context.audioWorklet.addModule(workletUrl);
    this.#node = new AudioWorkletNode(this.#context, "pcm", { numberOfOutputs: 0 });
    this.#node.port.onmessage = (event) => onBlock(event.data);
    source.connect(this.#node);
    this.#stream.getAudioTracks()[0].addEventListener("ended", onLost);
    await this.#context.resume();
  }

  // Firefox refuses to connect a device to a context of another rate: take the device's own rate,
  // the worklet brings it down.
  #fallBack() {
    this.#context.close();
    this.#context = new AudioContext();
    return this.#context.createMediaStreamSource(this.#stream);
  }

  close() {
    if (this.#node) this.#node.port.onmessage = null;
    this.#stream?.getTracks().forEach((track) => track.stop());
    if (this.#context && this.#context.state !== "closed") this.#context.close();
  }
}

async function requestStream() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new MicrophoneError(
      "This browser gives the microphone to secure pages only: open this page by https or on localhost.",
    );
  }
  try {
    return await navigator.mediaDevices.getUserMedia(CONSTRAINTS);
  } catch (error) {
    throw new MicrophoneError(REASONS[error.name] ?? `The microphone cannot be opened (${error.name}).`);
  }
}

function newContext() {
  try {
    return new AudioContext({ sampleRate: SAMPLING_RATE_HZ });
  } catch {
    return new AudioContext();
  }
}

function connect(context, stream) {
  try {
    return context.createMediaStreamSource(stream);
  } catch {
    return null;
  }
}

// Turns the microphone into what the server takes: 16 kHz, 16-bit, mono, 100 ms a message.

const TARGET_HZ = 16000;
const BLOCK_SAMPLES = 1600;
const PHASES = 64;
const ZERO_CROSSINGS = 16;

// Windowed-sinc low-pass filters, one for each of 64 positions between two input samples. Without
// them, everything above 8 kHz would fold back into speech when a browser insists on 48 kHz.
function lowPassFilters(ratio) {
  const half = Math.ceil(ZERO_CROSSINGS * ratio);
  const cutoff = 0.94 / ratio;
  return Array.from({ length: PHASES }, (_, phase) => {
    const taps = Float32Array.from({ length: 2 * half }, (__, index) => {
      const distance = index - half + 1 - phase / PHASES;
      const angle = Math.PI * distance * cutoff;
      const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
      const window = 0.5 + 0.5 * Math.cos((Math.PI * distance) / half);
      return Math.abs(distance) < half ? sinc * window : 0;
    });
    const sum = taps.reduce((total, tap) => total + tap, 0);
    return taps.map((tap) => tap / sum);
  });
}

class Decimator {
  constructor(ratio) {
    this.ratio = ratio;
    this.filters = lowPassFilters(ratio);
    this.taps = this.filters[0].length;
    this.history = new Float32Array(this.taps);
    this.position = 0; // of the next output, in input samples since the start of `history`
  }

  push(input, emit) {
    const signal = new Float32Array(this.history.length + input.length);
    signal.set(this.history);
    signal.set(input, this.history.length);
    while (Math.floor(this.position) + this.taps <= signal.length) {
      const start = Math.floor(this.position);
      const filter = this.filters[Math.floor((this.position - start) * PHASES)];
      let sum = 0;
      for (let tap = 0; tap < this.taps; tap += 1) sum += signal[start + tap] * filter[tap];
      emit(sum);
      this.position += this.ratio;
    }
    const used = Math.min(Math.floor(this.position), signal.length);
    this.history = signal.slice(used);
    this.position -= used;
  }
}

class PcmProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.decimator = sampleRate === TARGET_HZ ? null : new Decimator(sampleRate / TARGET_HZ);
    this.block = new Int16Array(BLOCK_SAMPLES);
    this.filled = 0;
  }

  process(inputs) {
    // The first channel only: browsers may give two although one was asked for.
    const channel = inputs[0][0];
    if (!channel) return true;
    const take = (sample) => this.take(sample);
    if (this.decimator) this.decimator.push(channel, take);
    else channel.forEach(take);
    return true;
  }

  take(sample) {
    const clipped = Math.max(-1, Math.min(1, sample));
    this.block[this.filled] = Math.round(clipped * 32767);
    this.filled += 1;
    if (this.filled < BLOCK_SAMPLES) return;
    this.port.postMessage(this.block, [this.block.buffer]);
    this.block = new Int16Array(BLOCK_SAMPLES);
    this.filled = 0;
  }
}

registerProcessor("pcm", PcmProcessor);

// A WAV file of 16-bit mono samples.

export function wavFile(blocks, samplingRateHz) {
  const samples = blocks.reduce((total, block) => total + block.length, 0);
  const header = new DataView(new ArrayBuffer(44));
  const text = (offset, value) => [...value].forEach((c, i) => header.setUint8(offset + i, c.charCodeAt(0)));
  text(0, "RIFF");
  header.setUint32(4, 36 + 2 * samples, true);
  text(8, "WAVEfmt ");
  header.setUint32(16, 16, true); // length of what follows
  header.setUint16(20, 1, true); // PCM
  header.setUint16(22, 1, true); // channels
  header.setUint32(24, samplingRateHz, true);
  header.setUint32(28, 2 * samplingRateHz, true); // bytes a second
  header.setUint16(32, 2, true); // bytes a sample
  header.setUint16(34, 16, true); // bits a sample
  text(36, "data");
  header.setUint32(40, 2 * samples, true);
  return new File([header, ...blocks], "recording.wav", { type: "audio/wav" });
}

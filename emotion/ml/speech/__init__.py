"""Everything that listens: from samples to an emotion, in numpy and onnxruntime alone."""

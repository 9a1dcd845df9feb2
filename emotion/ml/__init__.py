"""Speech emotion recognition without Django: `python -m emotion.ml clip.wav`."""

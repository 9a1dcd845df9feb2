"""Training and measuring of models that listen; imported by commands only."""

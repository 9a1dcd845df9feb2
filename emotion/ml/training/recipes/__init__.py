"""One file for each model that can be trained, and the registry of their names."""

"""What happens to speech between a mouth and a file, each as a pure function of a seed."""

"""Runs of Weights & Biases, through its real client in a process of its own, which is ended at the deadline."""

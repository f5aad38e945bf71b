"""Aliases of artifacts on Weights & Biases, in their own collection or in one of a registry."""

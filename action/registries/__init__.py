"""Where checkpoints have aliases: one module or package a place, unknown to one another, each a `Registry`."""

"""Where checkpoints have aliases, one module a kind; unknown to one another."""

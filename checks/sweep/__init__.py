"""Several runs side by side, held against agents that never change."""

"""Fixed-reference Elo: games → counts per cluster → ratings → decision; online series → learning signal."""

"""A small league trainer: GRPO by self-play in a game of four seats, and switches that make it go wrong.

Ground truth for the gate: of each recorded run we know what happened in it. The README of this folder explains.
"""

"""Why a run came out as it did: patterns over its series, its log answers and its games, with cause and remedy.

The patterns are data (`tree.py`). A diagnosis is the tool's reading: it never takes part in a decision.
"""

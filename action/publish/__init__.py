"""Publishing a verdict on GitHub: what is written where, in which order, and what must not be overwritten.

No client may enter: a repository comes as a `Forge`.
"""

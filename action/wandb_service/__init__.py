"""W&B's real client, in a process of its own that is ended at the deadline. What is asked of W&B may not enter."""

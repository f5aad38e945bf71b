"""The front door: one small file a command, which turns words into values and values into what a person reads."""

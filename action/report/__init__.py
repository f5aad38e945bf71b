"""From a verdict to the documents that people and programs read: JSON, Markdown, and the tables of other commands.

Pure: a value in, a text out. No file, network, clock, terminal or service may enter, and no rule about the verdict.
"""

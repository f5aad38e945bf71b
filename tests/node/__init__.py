"""Node, which comes with the test requirements, and what tests run in it."""

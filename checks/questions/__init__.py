"""The questions asked of logs: one definition each, answered on event files here and as APL on Axiom by its source."""

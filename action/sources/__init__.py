"""Where runs come from: one module a format, unknown to one another, each giving the same `RunData`."""

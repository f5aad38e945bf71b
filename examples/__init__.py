"""Examples: policies to start from, a demo, and a real training job whose faults we know."""

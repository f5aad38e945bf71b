"""The pure core: decides what a run's evidence means. No files, network, clock, environment, logging or SDK."""

"""The shell: touches the world and decides nothing."""

"""One job of GitHub Actions, from its event to what is written about it. Composition alone."""

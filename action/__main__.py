"""`python -I -m action` is `gatekeeper`: how the Action starts it, isolated from the repository it judges."""

from action.cli.main import main

main()

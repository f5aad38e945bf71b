"""Back-tests: what a policy would have said of many past runs, and what that says of the policy. No file may enter."""

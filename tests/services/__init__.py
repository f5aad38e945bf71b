"""Services on loopback, behind which the real clients are tested: no account, no network."""

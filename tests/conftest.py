"""What every test shares: property tests that give the same answer each time, on a slow machine too."""

from hypothesis import settings

# The same examples each time: a red build is a fault, not luck.
# To search for new ones: pytest --hypothesis-profile=search
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=5_000, deadline=None)
settings.load_profile("steady")

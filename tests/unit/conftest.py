"""What modules of unit tests share."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module")
def wandb_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let W&B be asked within this process, with a folder of a module's own for the client's files."""
    from tests.services.wandb_client import client_within  # noqa: PLC0415 - half a second, which few modules need

    with client_within(tmp_path_factory.mktemp("wandb")):
        yield

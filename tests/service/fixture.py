"""The service for tests: one process for all that run beside each other, as at its start for each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service.running import Running, running


@pytest.fixture(scope="session")
def music_service_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run the service."""
    with running("--folder", str(tmp_path_factory.mktemp("service"))) as made:
        yield made


@pytest.fixture
def music_service(music_service_process: Running) -> Running:
    """Return the service as at its start; nobody's environment says where it is: see `Running.environment`."""
    music_service_process.reset()
    return music_service_process

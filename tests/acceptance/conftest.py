"""Files that are not part of the product: beside it, or where ARIANE_DATA says. Named there, they must be there."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

BESIDE = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def data_file() -> Callable[[str], Path]:
    told = os.environ.get("ARIANE_DATA")

    def find(name: str) -> Path:
        path = (Path(told) if told else BESIDE) / name
        if not path.is_file():
            if told:
                pytest.fail(f"{path} is not there: ARIANE_DATA names no folder with the acceptance data")
            pytest.skip(f"{name} is not beside the project; make acceptance DATA=DIR names its folder")
        return path

    return find

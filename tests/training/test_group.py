"""Several processes that share each batch take the steps of one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

MEMBER = Path(__file__).parent / "group_member.py"


def trained(folder: Path, size: int, micro_batch: int) -> list[dict[str, torch.Tensor]]:
    """Weights and what was told of each step, by process; of 90 windows in each step."""
    folder.mkdir()
    outs = [folder / f"{rank}.pt" for rank in range(size)]
    members = [
        subprocess.Popen(
            [sys.executable, MEMBER, str(rank), str(size), folder / "meeting", str(micro_batch),
             out]
        )
        for rank, out in enumerate(outs)
    ]  # fmt: skip
    assert [member.wait(120) for member in members] == [0] * size
    return [torch.load(out, weights_only=True) for out in outs]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    return trained(tmp_path_factory.mktemp("group") / "alone", 1, 40)[0]


@pytest.mark.parametrize("size", [2, 4])
def test_a_group_takes_the_steps_of_one(
    alone: dict[str, torch.Tensor], tmp_path: Path, size: int
) -> None:
    """Of three micro-batches; with dropout and augmentation. Of four processes one has none."""
    group = trained(tmp_path / "group", size, 40)
    for member in group:
        assert torch.equal(member["weights"], group[0]["weights"])
        torch.testing.assert_close(member["weights"], alone["weights"], atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(member["told"], alone["told"], atol=1e-5, rtol=1e-4)


def test_where_each_has_one_micro_batch_it_is_so_to_the_bit(tmp_path: Path) -> None:
    (alone,) = trained(tmp_path / "alone", 1, 45)
    for member in trained(tmp_path / "group", 2, 45):
        assert torch.equal(member["weights"], alone["weights"])
        assert torch.equal(member["told"], alone["told"])

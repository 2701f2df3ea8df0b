"""Which torch fits which driver and card, by the version file alone."""

import pytest

from hptui.execution.local import torch_build
from hptui.execution.local.nvml import Gpu
from hptui.execution.local.torch_build import TorchBuild, parse, problem_with, problems_with

CUDA_13 = TorchBuild("2.13.0+cu130", "13.0", "")
CUDA_126 = TorchBuild("2.7.0+cu126", "12.6", "")
CUDA_128 = TorchBuild("2.9.0+cu128", "12.8", "")


def card(capability, cuda="13.0"):
    return Gpu(0, "GPU-a", "Card", 24.0, 24.0, "570.00", cuda, None, capability)


@pytest.mark.parametrize(
    ("build", "gpu", "said"),
    [
        (None, card((8, 0)), ""),
        (CUDA_13, card((8, 0)), ""),
        (CUDA_13, card((0, 0)), ""),
        (CUDA_13, card((8, 0), ""), ""),
        (CUDA_128, card((8, 0), "12.2"), ""),  # CUDA keeps its minor versions compatible
        (CUDA_13, card((8, 0), "12.8"), r"needs CUDA 13.0, but the driver 570.00 runs 12.8.*580 or newer.*index cu128"),
        (CUDA_13, card((8, 0), "12.4"), r"needs CUDA 13.0.*index cu126"),
        (CUDA_13, card((12, 0), "12.7"), r"needs CUDA 13.0.*index cu128"),
        (CUDA_13, card((8, 0), "11.4"), r"needs CUDA 13.0, but the driver 570.00 runs 11.4.*580 or newer$"),
        (TorchBuild("2.13.0+cpu", "", ""), card((8, 0), "11.4"), r"driver to 580 or newer, then install.*cu130"),
        (CUDA_13, card((7, 0)), r"no code for GPU 0 \(Card, capability 7.0\).*index cu126"),
        (CUDA_13, card((7, 5)), ""),
        (CUDA_126, card((7, 0)), ""),
        (CUDA_126, card((12, 0)), r"too old for GPU 0.*12.8 or newer"),
        (CUDA_128, card((12, 0)), ""),
        (TorchBuild("2.13.0+cpu", "", ""), card((8, 0)), r"built for the CPU.*index cu130.*gpus = 0"),
        (TorchBuild("2.13.0+rocm6.4", "", "6.4"), card((8, 0)), "built for ROCm"),
    ],
)
def test_what_a_torch_cannot_use_is_told_with_the_remedy(build, gpu, said):
    problem = problem_with(build, [gpu])
    if said:
        assert problem
        import re

        assert re.search(said, str(problem)), problem
    else:
        assert problem is None
    assert problem_with(build, []) is None


def test_version_files_are_read():
    text = "__version__ = '2.13.0+cu130'\ndebug = False\ncuda: Optional[str] = '13.0'\nhip: Optional[str] = None\n"
    assert parse(text) == TorchBuild("2.13.0+cu130", "13.0", "")
    assert parse("cuda = '12.6'\n__version__ = '2.7.0'\nhip = None") == TorchBuild("2.7.0", "12.6", "")
    assert parse("nothing") is None
    here = torch_build.installed()
    import importlib.metadata

    assert here
    assert here.version == importlib.metadata.version("torch")


def test_only_the_cards_that_a_torch_cannot_use_are_named():
    """A box with an old card and a new one: the new one is tried, and used."""
    old, new = card((7, 0)), card((9, 0))
    assert list(problems_with(CUDA_13, [old, new, card((8, 6))])) == [old]
    assert problem_with(CUDA_13, [new, old]) == problems_with(CUDA_13, [old])[old]
    for capability in ((7, 0), (7, 5), (8, 0), (9, 0), (10, 0), (12, 0)):
        for driver in ("", "11.8", "12.2", "12.8", "13.0", "14.1"):
            gpu = card(capability, driver)
            for build in (CUDA_13, CUDA_126, CUDA_128, TorchBuild("2.13.0+cpu", "", "")):
                problem = problem_with(build, [gpu])
                if problem and "index cu" in problem.remedy and "driver to" not in problem.remedy:
                    number = problem.remedy.partition("index cu")[2][:3]
                    advised = TorchBuild("2.13.0", f"{number[:2]}.{number[2]}", "")
                    assert problem_with(advised, [gpu]) is None, "what is advised works"

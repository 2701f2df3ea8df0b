"""Which torch fits which driver and card, by the version file alone."""

import pytest

from hptui.execution.local import torch_build
from hptui.execution.local.nvml import Gpu
from hptui.execution.local.torch_build import TorchBuild, parse, problem_with

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

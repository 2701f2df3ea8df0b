"""The program that tries one GPU, for `hptui doctor --gpu`: a process of its own, which sees that card alone.

`python -m hptui.trainers.gpu_probe GIB` prints a JSON line per check; GIB is the memory that the driver says the card
has, 0 if it says nothing. `--fork` tries instead what the launcher does: import torch, fork, and use the GPU in the
child. A check that fails ends no other one, but for those that need what failed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import Any

LIMIT_OF_ERRORS = 300
"""Characters of an error's text that are shown."""
TOLERANCE = 0.02
"""Largest relative error of a product of half-precision matrices."""
MEMORY_TOLERANCE = 0.1
"""Largest relative difference between the memory that torch and the driver see."""


class ProbeFailed(Exception):
    """A check whose result is wrong; its text says how."""


def main(arguments: list[str]) -> int:
    """Run the checks of a card; return 0, whatever they show."""
    if arguments == ["--fork"]:
        report("fork", try_fork)
        return 0
    run_checks("cuda", float(arguments[0]) if arguments else 0.0)
    return 0


def run_checks(device: str, driver_gb: float = 0.0) -> list[bool]:
    """Run all checks on a device and report each; return which were passed. The device 'cpu' is for tests."""
    if device == "cuda" and not (report("start", start_cuda) and report("architecture", try_architecture)):
        return [False]
    if not report("allocation", lambda: try_allocation(device)):
        return [False]
    passed = [
        report("matmul", lambda: try_matmul(device)),
        report("attention", lambda: try_attention(device)),
        report("4-bit layer", lambda: try_4bit(device)),
    ]
    return [*passed, report("memory", lambda: try_memory(driver_gb))] if device == "cuda" else passed


def report(check: str, probe: Callable[[], str]) -> bool:
    """Run a check and print its result as a JSON line; return whether it was passed."""
    try:
        ok, text = True, probe()
    except Exception as error:  # noqa: BLE001  a driver can raise anything, and each is the result of the check
        shown = str(error) if isinstance(error, ProbeFailed) else f"{type(error).__name__}: {error}"
        ok, text = False, " ".join(shown.split())[:LIMIT_OF_ERRORS]
    print(json.dumps({"check": check, "ok": ok, "text": text}), flush=True)
    return ok


def start_cuda() -> str:
    """Start CUDA; return the card that torch sees."""
    import torch  # torch: seconds to import

    if torch.version.cuda is None:
        raise ProbeFailed(f"torch {torch.__version__} was built for the CPU")
    torch.cuda.init()  # type: ignore[no-untyped-call]
    if torch.cuda.device_count() != 1:
        raise ProbeFailed(f"torch sees {torch.cuda.device_count()} GPUs where one was given")
    return f"torch {torch.__version__}, CUDA {torch.version.cuda}, {torch.cuda.get_device_name(0)}"


def try_architecture() -> str:
    """Compare the card's capability with the architectures that torch has code for."""
    import torch  # torch: seconds to import

    capability, built = torch.cuda.get_device_capability(0), torch.cuda.get_arch_list()
    if not runs_on(capability, built):
        raise ProbeFailed(f"no kernel image for capability {_text(capability)}: torch has {' '.join(built)}")
    return f"capability {_text(capability)}"


def _text(capability: tuple[int, int]) -> str:
    return f"{capability[0]}.{capability[1]}"


def runs_on(capability: tuple[int, int], built: list[str]) -> bool:
    """Return whether code for these architectures runs on a card.

    It must be for the same major version, or PTX of an older one.
    """
    for name in built:
        kind, _, digits = name.rstrip("af").partition("_")
        if not digits.isdecimal():
            continue
        major, minor = int(digits[:-1]), int(digits[-1])
        if kind == "sm" and major == capability[0] and minor <= capability[1]:
            return True
        if kind == "compute" and (major, minor) <= capability:
            return True
    return not built


def try_allocation(device: str) -> str:
    """Fill 64 MiB, and read them."""
    import torch  # torch: seconds to import

    block = torch.ones(1 << 24, device=device)
    if float(block.sum()) != 1 << 24:
        raise ProbeFailed("64 MiB that were written read differently")
    return "64 MiB"


def _half(device: str) -> Any:
    import torch  # torch: seconds to import

    plain_bf16 = device == "cpu" or torch.cuda.get_device_capability(0)[0] >= 8
    return torch.bfloat16 if plain_bf16 else torch.float16


def try_matmul(device: str) -> str:
    """Multiply half-precision matrices, and compare the result with the CPU's in float64."""
    import torch  # torch: seconds to import

    dtype, generator = _half(device), torch.Generator().manual_seed(0)
    left, right = (torch.randn(256, 256, generator=generator).to(dtype) for _ in range(2))
    expected = left.double() @ right.double()
    error = ((left.to(device) @ right.to(device)).cpu().double() - expected).norm() / expected.norm()
    if not float(error) < TOLERANCE:
        raise ProbeFailed(f"a product of {dtype} matrices is wrong by {float(error):.2%}")
    return str(dtype).removeprefix("torch.")


def try_attention(device: str) -> str:
    """Run causal attention forward and backward; its gradients must be finite."""
    import torch  # torch: seconds to import

    shape, dtype = (2, 4, 128, 64), _half(device)
    tensors = [torch.randn(shape, device=device, dtype=dtype, requires_grad=True) for _ in range(3)]
    query, key, value = tensors
    answer = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    answer.float().square().sum().backward()  # type: ignore[no-untyped-call]
    if not all(tensor.grad is not None and bool(tensor.grad.isfinite().all()) for tensor in tensors):
        raise ProbeFailed("gradients of attention are not finite")
    return "forward and backward"


def try_4bit(device: str) -> str:
    """Run a 4-bit layer of bitsandbytes, and compare it with the layer that it was made from."""
    import bitsandbytes  # starts CUDA when it is imported
    import torch  # torch: seconds to import

    dtype = _half(device)
    plain = torch.nn.Linear(128, 128, bias=False)
    layer = bitsandbytes.nn.Linear4bit(128, 128, bias=False, compute_dtype=dtype, quant_type="nf4")
    layer.load_state_dict(plain.state_dict())
    layer = layer.to(device)
    inputs = torch.randn(8, 128, dtype=dtype)
    with torch.no_grad():
        expected, answer = plain(inputs.float()), layer(inputs.to(device)).float().cpu()
    error = float((answer - expected).norm() / expected.norm())
    if not error < 0.3:  # 4 bits cost about 10 %
        raise ProbeFailed(f"a 4-bit layer is wrong by {error:.0%}")
    return f"bitsandbytes {bitsandbytes.__version__}"


def try_memory(driver_gb: float) -> str:
    """Compare the card's memory as torch and as the driver see it."""
    import torch  # torch: seconds to import

    seen = torch.cuda.mem_get_info(0)[1] / (1 << 30)
    if driver_gb and abs(seen - driver_gb) > MEMORY_TOLERANCE * driver_gb:
        raise ProbeFailed(f"torch sees {seen:.1f} GiB, the driver {driver_gb:.1f}: they mean different cards")
    return f"{seen:.1f} GiB"


def try_fork() -> str:
    """Fork after the imports of a fine-tuning, as the launcher does, and use the GPU in the child."""
    import torch  # torch: seconds to import

    import hptui.trainers.sft.imports  # noqa: F401  # what the launcher holds, seconds to import

    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        raise ProbeFailed("importing torch starts CUDA, so trials must start cold: set HPTUI_COLD=1")
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            text = try_matmul("cuda")
        except BaseException as error:  # noqa: BLE001  the child must end here, and say why
            text = f"!{type(error).__name__}: {error}"
        os.write(writer, text.encode()[:4000])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    if not text or text.startswith("!"):
        raise ProbeFailed(text.removeprefix("!") or "the child died")
    return f"a forked child computes in {text}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

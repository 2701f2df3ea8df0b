"""Texts of libraries, drivers and kernels that mean that memory has run out, and others that do not."""

from __future__ import annotations

import pytest

from hptui.core.gpu_faults import is_gpu_fault
from hptui.core.memory_texts import memory_reason
from hptui.core.trial import Reason
from hptui.execution.classify_exit import ExitFacts, classify_exit
from hptui.scripts.exit_status import classify_script_end
from hptui.trainers.failures import outcome_of_error

GPU = """
CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.1 GiB
HIP out of memory. Tried to allocate 20.00 MiB
CUDA error: out of memory
CUDA driver error: out of memory
CUDA driver error: 2
Triton Error [CUDA]: out of memory
CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`
CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`
cuDNN error: CUDNN_STATUS_ALLOC_FAILED
cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED
cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate(handle)`
cuFFT error: CUFFT_ALLOC_FAILED
Cuda failure 2 'out of memory'
Error out of memory at line 91 in file /src/csrc/ops.cu
RESOURCE_EXHAUSTED: Out of memory while trying to allocate 21474836480 bytes
jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Failed to allocate request for 8.0GiB
Resource exhausted: OOM when allocating tensor with shape[64,512,1024]
CUDA_ERROR_OUT_OF_MEMORY: out of memory
Search for `cudaErrorMemoryAllocation' in https://docs.nvidia.com
ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`
Free memory on device (3.1/23.6 GiB) is less than desired GPU memory utilization (0.9, 21.2 GiB)
""".strip().splitlines()
HOST = """
[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory
OSError: [Errno 12] Cannot allocate memory
unable to mmap 1024 bytes from file </torch_1_2>: Cannot allocate memory (12)
terminate called after throwing an instance of 'std::bad_alloc'
Unable to allocate 7.45 GiB for an array with shape (1000000000,) and data type float64
DataLoader worker (pid 4242) is killed by signal: Killed.
It is possible that dataloader's workers are out of shared memory
memory allocation of 17179869184 bytes failed
slurmstepd: error: Detected 1 oom_kill event in StepId=12.0
""".strip().splitlines()
OTHER = """
CUDA error: an illegal memory access was encountered
CUDA error: device-side assert triggered
CUDA error: uncorrectable ECC error encountered
No CUDA GPUs are available
CUDA driver error: 201
triton.runtime.errors.OutOfResources: out of resource: shared memory, Required: 131072, Hardware limit: 101376
grpc.RpcError: StatusCode.RESOURCE_EXHAUSTED: quota of requests exceeded
DataLoader worker (pid 4242) is killed by signal: Segmentation fault.
memory usage 93 %, out of 24 GB
CUBLAS_STATUS_INVALID_VALUE when calling `cublasGemmEx`
""".strip().splitlines()
CASES = [*((text, Reason.OOM) for text in GPU), *((text, Reason.HOST_OOM) for text in HOST)]


@pytest.mark.parametrize(("text", "reason"), CASES)
def test_a_lack_of_memory_is_known_wherever_it_is_read(text: str, reason: Reason) -> None:
    """In an exception, in the log of a script, and in the last line of a worker that exited."""
    assert memory_reason(text) is reason
    assert outcome_of_error(RuntimeError(text), reported=True).reason is reason
    log = ["Traceback (most recent call last):", '  File "x.py", line 1', f"RuntimeError: {text}"]
    failure = classify_script_end(1, log, reported=True)
    assert failure is not None
    assert failure.reason is reason
    exited = {"code": 1, "signal": None}
    assert classify_exit(ExitFacts(None, exited, last_line=text)).reason is reason


@pytest.mark.parametrize("text", OTHER)
def test_other_errors_are_no_lack_of_memory(text: str) -> None:
    assert memory_reason(text) is None
    reason = Reason.GPU_FAULT if is_gpu_fault(text) else Reason.CRASH
    assert outcome_of_error(RuntimeError(text), reported=True).reason is reason

"""`hptui doctor --gpu`: try every card in a process of its own, and say what to do about what fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence

from hptui.core.errors import UserError
from hptui.execution.local import devices, nvml, torch_build
from hptui.execution.local.nvml import Gpu
from hptui.operations.doctor_study import Finding

PROBE_TIMEOUT_S = 120.0
"""Time limit for the checks of one card; they take seconds, most of them to import torch."""
REMEDIES = (
    ("built for the CPU", "install a torch that was built for CUDA"),
    ("driver on your system is too old", "update the NVIDIA driver, or install a torch for an older CUDA"),
    ("insufficient for CUDA runtime", "update the NVIDIA driver, or install a torch for an older CUDA"),
    ("no kernel image", "install a torch with code for this card (another CUDA index), or leave the card out"),
    ("system not yet initialized", "start the fabric manager: systemctl start nvidia-fabricmanager"),
    ("busy or unavailable", "end what uses the card, or: nvidia-smi -c DEFAULT (compute mode)"),
    ("out of memory", "end what fills the card: nvidia-smi names it"),
    ("ECC", "nvidia-smi -q -d ECC; reset or replace the card"),
    ("sees 0 GPUs", "is the card in MIG mode without instances? nvidia-smi -mig 0 ends it"),
    ("No CUDA GPUs", "is the card in MIG mode without instances? nvidia-smi -mig 0 ends it"),
    ("No module named 'bitsandbytes'", 'pip install bitsandbytes, or do not use adapter = "qlora"'),
    ("HPTUI_COLD", "set HPTUI_COLD=1"),
    ("re-initialize CUDA in forked", "set HPTUI_COLD=1"),
    ("did not end", "look for NVRM and Xid in dmesg; a reboot may help"),
)
"""Parts of what a failed check says -> what to do."""
DEFAULT_REMEDY = "does nvidia-smi work? Look for NVRM and Xid in dmesg"


def examine_gpus() -> list[Finding]:
    """Try every card that may be used; the checks of a card are one process, and the fork another one."""
    if silent := nvml.silent_driver():
        return [Finding("gpu test", "error", silent, "does nvidia-smi work? After an update of the driver, reboot")]
    try:
        gpus = devices.visible_gpus()
    except UserError as error:
        return [Finding("gpu test", "error", error.message, error.hint or "")]
    findings = [
        Finding("gpu test", "error", f"GPU {index} {why}", nvml.REMEDIES[why])
        for index, why in nvml.unusable_cards().items()
    ]
    if not gpus:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")
        remedy = DEFAULT_REMEDY if visible is None else f"CUDA_VISIBLE_DEVICES is {visible!r}: unset it"
        return findings or [Finding("gpu test", "error", "no GPU can be used here", remedy)]
    problems = torch_build.problems_with(torch_build.installed(), gpus)
    findings += [
        Finding("gpu test", "error", problem.text, problem.remedy) for problem in dict.fromkeys(problems.values())
    ]
    tried = [gpu for gpu in gpus if gpu not in problems]
    for gpu in tried:
        findings += _findings(gpu, run_probe(gpu, [f"{gpu.total_gb:.3f}"]))
    return [*findings, *(_findings(tried[0], run_probe(tried[0], ["--fork"])) if tried else [])]


def run_probe(gpu: Gpu, arguments: Sequence[str]) -> list[dict[str, object]]:
    """Run the program that tries a card, by UUID; return what it reports, and how it died if it did."""
    command = [sys.executable, "-P", "-m", "hptui.trainers.gpu_probe", *arguments]
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": gpu.uuid,
        "CUDA_DEVICE_ORDER": devices.PCI_ORDER,
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }
    try:
        process = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return [{"check": "time", "ok": False, "text": f"the checks did not end within {PROBE_TIMEOUT_S:g} s"}]
    lines = [line for line in process.stdout.splitlines() if line.startswith('{"check"')]
    reports: list[dict[str, object]] = [json.loads(line) for line in lines]
    if process.returncode or not reports:
        last = next(reversed(process.stderr.strip().splitlines()), f"exit code {process.returncode}")
        reports.append({"check": "process", "ok": False, "text": f"the process of the checks died: {last}"})
    return reports


def _findings(gpu: Gpu, reports: list[dict[str, object]]) -> list[Finding]:
    """Return one finding for all that is well, and one for each failure."""
    name = f"GPU {gpu.label} ({gpu.name})"
    well = ", ".join(f"{report['check']} ({report['text']})" for report in reports if report["ok"])
    findings = [Finding("gpu test", "ok", f"{name}: {well}")] if well else []
    for report in reports:
        if not report["ok"]:
            text = str(report["text"])
            remedy = next((remedy for sign, remedy in REMEDIES if sign.lower() in text.lower()), DEFAULT_REMEDY)
            findings.append(Finding("gpu test", "error", f"{name}: {report['check']}: {text}", remedy))
    return findings

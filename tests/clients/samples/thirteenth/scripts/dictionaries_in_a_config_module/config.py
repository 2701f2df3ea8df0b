"""
Central configuration of the tumor project
"""

from pathlib import Path

BASE_DIR = Path(__file__).parent
BRATS_DATASET_PATH = BASE_DIR / "data" / "brats2023"
CHECKPOINT_DIR = Path("ml_models/segmentation/checkpoints")

DEVICE = "cpu"

# ============================================================
# Preprocessing
# ============================================================
PREPROCESSING = {
    "target_spacing": (1.0, 1.0, 1.0),
    "target_size": (128, 128, 128),
    "modalities": ["t1", "t1ce", "t2", "flair"],
}

# ============================================================
# 3D U-Net
# ============================================================
SEGMENTATION_MODEL = {
    "in_channels": 4,
    "out_channels": 4,
    "base_filters": 16,
    "depth": 4,
    "dropout": 0.2,
}

SEGMENTATION_TRAINING = {
    "batch_size": 2,
    "num_epochs": 30,
    "learning_rate": 1e-4,
    "weight_decay": 1e-5,
    "early_stopping_patience": 2,
    "scheduler_patience": 5,
    "scheduler_factor": 0.5,
}

# ============================================================
# Classification (second stage)
# ============================================================
CLASSIFICATION_TRAINING = {
    "batch_size": 8,
    "num_epochs": 50,
    "learning_rate": 1e-3,
}

"""
Training Script for 3D U-Net Segmentation
Full training from scratch on the BraTS data
"""

import numpy as np

from config import (
    BRATS_DATASET_PATH,
    CHECKPOINT_DIR,
    DEVICE,
    PREPROCESSING,
    SEGMENTATION_MODEL,
    SEGMENTATION_TRAINING,
)
from ml_models.segmentation.unet3d import BraTSDataset, SegmentationTrainer, UNet3D


def train_unet_segmentation():
    """
    Train the 3D U-Net from scratch.
    Needs about 12 GB of memory with the settings of config.py.
    """

    print("=" * 70)
    print("3D U-Net Brain Tumor Segmentation Training")
    print("=" * 70)

    # ------------------------------------------------------------
    # Stage 0: Setup
    # ------------------------------------------------------------
    print("\n[Stage 0] Setup...")
    model = UNet3D(**SEGMENTATION_MODEL)
    print(f"✓ Model initialized with {model.get_num_parameters():,} parameters")
    print(f"✓ Using device: {DEVICE}")
    if DEVICE == "cpu":
        print("\n⚠ WARNING: Training on the CPU is slow!")

    # ------------------------------------------------------------
    # Stage 1: Dataset
    # ------------------------------------------------------------
    print("\n[Stage 1] Loading the dataset...")
    full_dataset = BraTSDataset(data_dir=BRATS_DATASET_PATH, cache_data=False)
    train_size = int(0.8 * len(full_dataset))
    val_size = len(full_dataset) - train_size
    print(f"✓ Training samples: {train_size}")
    print(f"✓ Validation samples: {val_size}")
    print(f"✓ Patch size: {PREPROCESSING['target_size']}")

    # ------------------------------------------------------------
    # Stage 2: Training
    # ------------------------------------------------------------
    print("\n[Stage 2] Training...")
    print("=" * 70)

    trainer = SegmentationTrainer(model=model, device=DEVICE, config=SEGMENTATION_TRAINING)
    CHECKPOINT_DIR.mkdir(parents=True, exist_ok=True)

    best_dice = 0
    patience_counter = 0
    num_epochs = SEGMENTATION_TRAINING["num_epochs"]
    early_stopping_patience = SEGMENTATION_TRAINING["early_stopping_patience"]

    print(f"\nTraining for {num_epochs} epochs...")
    print(f"Early stopping patience: {early_stopping_patience}")
    print(f"Batch size: {SEGMENTATION_TRAINING['batch_size']}")
    print(f"Learning rate: {SEGMENTATION_TRAINING['learning_rate']}")

    for epoch in range(num_epochs):
        print(f"\nEpoch {epoch+1}/{num_epochs}")
        print("-" * 50)

        train_loss = trainer.train_epoch(train_size // SEGMENTATION_TRAINING["batch_size"])

        # validate every 5 epochs and at the end
        if (epoch + 1) % 5 == 0 or epoch + 1 == num_epochs:
            val_loss, val_dice = trainer.validate()

            trainer.history["train_loss"].append(train_loss)
            trainer.history["val_loss"].append(val_loss)
            trainer.history["val_dice"].append(val_dice)
            trainer.history["learning_rates"].append(trainer.lr)

            print(f"  Train Loss: {train_loss:.4f}")
            print(f"  Val Loss: {val_loss:.4f}")
            print(f"  Val Dice: {val_dice:.4f}")
            print(f"  LR: {trainer.lr:.6f}")

            if val_dice > best_dice:
                best_dice = val_dice
                patience_counter = 0
                trainer.save_checkpoint(CHECKPOINT_DIR / "best_model.json", epoch, best_dice)
                print(f"  ✓ Best model saved (Dice: {val_dice:.4f})")
            else:
                patience_counter += 1
                print(f"  No improvement ({patience_counter}/{early_stopping_patience})")

            if patience_counter >= early_stopping_patience:
                print(f"\n⚠ Early stopping triggered after {epoch+1} epochs")
                break
        else:
            print(f"  Train Loss: {train_loss:.4f}")
            trainer.history["train_loss"].append(train_loss)

    print("\n" + "=" * 70)
    print("Training Complete!")
    print("=" * 70)
    print(f"✓ Best Dice score: {best_dice:.4f}")
    print(f"✓ Total epochs: {epoch+1}")
    print(f"✓ Model saved to: {CHECKPOINT_DIR / 'best_model.json'}")

    history_path = CHECKPOINT_DIR / "training_history.npy"
    np.save(history_path, trainer.history)
    print(f"✓ Training history saved to: {history_path}")


if __name__ == "__main__":
    train_unet_segmentation()

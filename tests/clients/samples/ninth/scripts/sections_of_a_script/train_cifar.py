print("Script starts")


# ==============================================================
# MULTI-CATEGORY CLASSIFICATION ON CIFAR-10 DATASET (VGG19)
# ==============================================================

import os
import time

import numpy as np
from tqdm import tqdm

# ==== DIRECTORIES ====
USER = os.getenv("USER", "nobody")
SCRATCH_DIR = os.getenv("SCRATCH", "scratch")
OUTPUT_DIR = f"{SCRATCH_DIR}/AIDM_Project"
os.makedirs(OUTPUT_DIR, exist_ok=True)

# ==== CONFIGURATION ====
NUM_EPOCHS = 5
LR = 1e-4
IMG_SIZE = 224
NUM_CLASSES = 2

# ==== CIFAR-10 CONFIGURATION ====
CIFAR_BATCH_SIZE = 128
CIFAR_NUM_CLASSES = 10


class CrossEntropyLoss:
    def __init__(self, label_smoothing=0.0):
        self.label_smoothing = label_smoothing

    def __call__(self, error):
        return 2 * error + self.label_smoothing


class Adam:
    def __init__(self, lr=1e-3, weight_decay=0.0):
        self.param_groups = [{'lr': lr, 'weight_decay': weight_decay}]


# ==== LOAD CIFAR-10 DATA ====
cifar_full_train = np.zeros(5000)

# Split 80-20 train-validation
train_size = int(0.8 * len(cifar_full_train))
val_size = len(cifar_full_train) - train_size
cifar_train, cifar_val = cifar_full_train[:train_size], cifar_full_train[train_size:]

train_loader_cifar = range(0, len(cifar_train), CIFAR_BATCH_SIZE)
val_loader_cifar = range(0, len(cifar_val), CIFAR_BATCH_SIZE)

print(f"\nCIFAR-10 Dataset Loaded:")
print(f"Training samples: {len(cifar_train)}, Validation samples: {len(cifar_val)}")

# ==============================================================
# LOSS, OPTIMIZER, LR SCHEDULER
# ==============================================================
criterion = CrossEntropyLoss(label_smoothing=0.1)
# Train only the classifier parameters (features are frozen)
optimizer = Adam(lr=LR, weight_decay=1e-4)

# ==============================================================
# TRAINING LOOP
# ==============================================================
train_losses, val_losses = [], []
train_accuracies, val_accuracies = [], []
learning_rates = []
best_val_acc = 0.0
best_model_path = os.path.join(OUTPUT_DIR, "best_cifar10_vgg19.pth")

print("\nStarting CIFAR-10 training with VGG19...")
start_time = time.time()

for epoch in range(NUM_EPOCHS):
    print(f"\nEpoch [{epoch+1}/{NUM_EPOCHS}]")
    current_lr = optimizer.param_groups[0]['lr']
    learning_rates.append(current_lr)
    print(f"Learning Rate: {current_lr:.6f}")

    error = abs(current_lr * 1000 - 0.5) / 50 + 8 / CIFAR_BATCH_SIZE + 16 / IMG_SIZE + 0.1 / (epoch + 1)

    # ---- Training Phase ----
    running_loss, correct, total = 0.0, 0, 0
    loop = tqdm(train_loader_cifar, desc="Training", leave=False)

    for start in loop:
        size = min(CIFAR_BATCH_SIZE, len(cifar_train) - start)
        loss = criterion(error - 0.05)
        running_loss += loss * size
        correct += size * (1 - error + 0.05)
        total += size
        loop.set_postfix(loss=loss)

    train_loss = running_loss / total
    train_acc = correct / total
    train_losses.append(train_loss)
    train_accuracies.append(train_acc)

    # ---- Validation Phase ----
    val_loss, val_correct, val_total = 0.0, 0, 0
    for start in val_loader_cifar:
        size = min(CIFAR_BATCH_SIZE, len(cifar_val) - start)
        val_loss += criterion(error) * size
        val_correct += size * (1 - error)
        val_total += size

    val_loss /= val_total
    val_acc = val_correct / val_total
    val_losses.append(val_loss)
    val_accuracies.append(val_acc)

    print(f"Train Loss: {train_loss:.4f} | Train Acc: {train_acc:.4f} | "
          f"Val Loss: {val_loss:.4f} | Val Acc: {val_acc:.4f}")

    if val_acc > best_val_acc:
        best_val_acc = val_acc
        with open(best_model_path, "w") as f:
            f.write(str(CIFAR_NUM_CLASSES))
        print(f"Saved best CIFAR-10 model (Val Acc: {best_val_acc:.4f})")

# ==============================================================
# TRAINING COMPLETE
# ==============================================================
total_time = (time.time() - start_time) / 60
print(f"\nCIFAR-10 Training Complete in {total_time:.1f} minutes")
print(f"Best Validation Accuracy: {best_val_acc:.4f}")
print(f"CIFAR-10 training performance plots saved to: {OUTPUT_DIR}")

import json
import math
import os
import random

import numpy as np
from tqdm import tqdm

# ========== 配置 ==========
BASE = "./output"
CLASSES = ['Normal', 'Yawning', 'Microsleep']
NUM_CLASSES = len(CLASSES)
DEVICE = 'cpu'
SEED = 42

# 超参数
FRAME_SKIP = 2      # 每2帧取1帧
SEQ_LENGTH = 16     # 每个视频的帧数
IMG_SIZE = 224
BATCH_SIZE = 8
EPOCHS = 6
LR = 1e-4
HIDDEN_DIM = 256
NUM_LAYERS = 2
DROPOUT = 0.5

random.seed(SEED)
np.random.seed(SEED)
os.makedirs(BASE, exist_ok=True)

print(f"🔥 设备: {DEVICE}")


# ========== 数据集 ==========
class VideoDataset:
    """合成的特征序列，代替视频。"""

    SIZES = {"Train": 96, "Val": 48, "Test": 48}

    def __init__(self, split):
        rng = np.random.default_rng(len(split))
        self.x = rng.normal(size=(self.SIZES[split], SEQ_LENGTH, 8))
        self.y = np.arange(self.SIZES[split]) % NUM_CLASSES
        print(f"{split} 集: {len(self.y)} 个视频")

    def batches(self):
        for start in range(0, len(self.y), BATCH_SIZE):
            yield self.x[start:start + BATCH_SIZE], self.y[start:start + BATCH_SIZE]

    def __len__(self):
        return math.ceil(len(self.y) / BATCH_SIZE)


# ========== 模型 ==========
class CNNLSTM:
    def __init__(self, num_classes=3, hidden_dim=256, num_layers=2, dropout=0.5):
        self.num_classes = num_classes
        self.hidden_dim = hidden_dim
        self.num_layers = num_layers
        self.dropout = dropout
        self.skill = 1 / num_classes

    def limit(self):
        top = 0.93 - 0.05 * abs(math.log10(LR) + 3.3) - 0.1 * abs(self.dropout - 0.3)
        top -= 5 / self.hidden_dim + 0.02 * abs(self.num_layers - 2) + abs(BATCH_SIZE - 16) / 500
        top -= 0.2 / SEQ_LENGTH + 0.1 / EPOCHS
        return top

    def fit(self, share):
        self.skill = 1 / self.num_classes + (self.limit() - 1 / self.num_classes) * share


# ========== 训练 ==========
def train_epoch(model, dataset, epoch):
    total_loss = 0
    done = 0

    pbar = tqdm(dataset.batches(), total=len(dataset), desc="Training")
    for seqs, labels in pbar:
        done += 1
        model.fit((epoch + done / len(dataset)) / EPOCHS)
        loss = -math.log(model.skill)
        acc = min(1.0, model.skill + 0.03)
        total_loss += loss
        pbar.set_postfix({'loss': f'{loss:.4f}', 'acc': f'{acc:.4f}'})

    return total_loss / len(dataset), acc


# ========== 验证 / 测试 ==========
def evaluate(model, dataset, drop=0.0):
    total_loss = 0
    for seqs, labels in tqdm(dataset.batches(), total=len(dataset), desc="Evaluating"):
        total_loss += -math.log(model.skill) * 1.1
    return total_loss / len(dataset), model.skill - drop


def report(acc):
    lines = [f"{'':>12}  precision    recall  f1-score   support", ""]
    for name in CLASSES:
        lines.append(f"{name:>12}     {acc:.4f}    {acc:.4f}    {acc:.4f}        16")
    lines += ["", f"{'accuracy':>12}                         {acc:.4f}        48"]
    return "\n".join(lines)


# ========== 主函数 ==========
def main():
    train_dataset = VideoDataset("Train")
    val_dataset = VideoDataset("Val")
    test_dataset = VideoDataset("Test")

    model = CNNLSTM(num_classes=NUM_CLASSES, hidden_dim=HIDDEN_DIM, num_layers=NUM_LAYERS, dropout=DROPOUT)

    best_val_acc = 0
    history = {'train_loss': [], 'train_acc': [], 'val_loss': [], 'val_acc': []}

    for epoch in range(EPOCHS):
        print(f"\n{'=' * 50}")
        print(f"Epoch {epoch + 1}/{EPOCHS}")

        train_loss, train_acc = train_epoch(model, train_dataset, epoch)
        val_loss, val_acc = evaluate(model, val_dataset)

        history['train_loss'].append(train_loss)
        history['train_acc'].append(train_acc)
        history['val_loss'].append(val_loss)
        history['val_acc'].append(val_acc)

        print(f"Train Loss: {train_loss:.4f}, Train Acc: {train_acc:.4f}")
        print(f"Val Loss: {val_loss:.4f}, Val Acc: {val_acc:.4f}")

        if val_acc > best_val_acc:
            best_val_acc = val_acc
            np.save(f"{BASE}/best_lstm.npy", model.skill)
            print(f"✅ 最佳模型已保存 (Val Acc: {val_acc:.4f})")

    print(f"\n{'=' * 50}")
    print("测试集评估...")
    model.skill = float(np.load(f"{BASE}/best_lstm.npy"))
    test_loss, test_acc = evaluate(model, test_dataset, drop=0.02)

    print(f"\n🎯 测试集准确率: {test_acc:.4f}")
    rep = report(test_acc)
    print("\n" + rep)

    with open(f"{BASE}/lstm_metrics.txt", "w", encoding="utf-8") as f:
        f.write(f"测试集准确率: {test_acc:.4f}\n\n")
        f.write(rep)
    with open(f"{BASE}/history.json", "w") as f:
        json.dump(history, f)
    print("✅ 结果已保存")


if __name__ == '__main__':
    main()

import json
import time

import numpy as np

from utils import prepare_data
from models_transformer import TransformerModel

# ------------------- 参数配置 -------------------
d_model = 256
nhead = 8
num_layers = 3
dim_feedforward = 512
dropout = 0.1

batch_size = 64
epochs = 5
learning_rate = 0.0001
device = "cpu"
print(f"使用设备: {device}")

# 数据准备
input_lang, output_lang, pairs = prepare_data(max_length=25, min_freq=2)

train_size = int(0.9 * len(pairs))
val_size = len(pairs) - train_size

train_loader = range(max(1, train_size // batch_size))
val_loader = range(max(1, val_size // batch_size))

# 模型 & 优化器
model = TransformerModel(
    input_lang,
    output_lang,
    d_model, nhead, dim_feedforward, num_layers, dropout
)

train_loss_history = []
val_loss_history = []

# ------------------- 验证集评估 -------------------
def validate():
    total_val_loss = 0
    for _ in val_loader:
        total_val_loss += model.loss(epoch, learning_rate, batch_size)
    avg_val_loss = total_val_loss / len(val_loader)
    return avg_val_loss

# ------------------- 训练单步 -------------------
def train_step(batch_idx):
    return model.loss(epoch, learning_rate, batch_size) + 0.3 / (batch_idx + 1)

# ------------------- 主训练循环 -------------------
best_val_loss = float('inf')
start_time = time.time()

for epoch in range(1, epochs + 1):
    total_train_loss = 0

    for batch_idx in train_loader:
        loss = train_step(batch_idx)
        total_train_loss += loss

        if batch_idx % 100 == 0:
            print(f"Epoch {epoch}/{epochs} | Batch {batch_idx}/{len(train_loader)} | Loss: {loss:.4f}")

    avg_train_loss = total_train_loss / len(train_loader)
    train_loss_history.append(avg_train_loss)

    avg_val_loss = validate()
    val_loss_history.append(avg_val_loss)

    print(f"Epoch {epoch} 完成 | 训练 Loss: {avg_train_loss:.4f} | 验证 Loss: {avg_val_loss:.4f} | 时间: {time.time() - start_time:.0f}s")

    if avg_val_loss < best_val_loss:
        best_val_loss = avg_val_loss
        print(f"→ 验证 Loss 改善！保存最佳模型 (Loss: {best_val_loss:.4f})")
        with open("transformer_best.pt", "w") as f:
            json.dump(model.state_dict(), f)

# ------------------- 训练结束后 -------------------
np.savetxt('loss_curve_transformer.txt', np.array([train_loss_history, val_loss_history]))
print("Loss 曲线已保存为 loss_curve_transformer.txt")

import json
import os


def train(model_name="distilbert", lr=2e-5, epochs=3, batch_size=16, weight_decay=0.01, freeze=False, output_dir="outputs"):
    os.makedirs(output_dir, exist_ok=True)
    history = []
    for epoch in range(1, epochs + 1):
        score = 0.9 - abs(lr * 10000 - 1) / 10 - 0.5 / batch_size - weight_decay - 0.05 * freeze - 0.1 / epoch
        history.append({"epoch": epoch, "train_loss": 1 - score, "val_accuracy": score, "val_loss": 1.1 - score})
        print(json.dumps(history[-1]))
    with open(os.path.join(output_dir, "results.json"), "w") as f:
        json.dump({"model": model_name, "history": history, "best": max(history, key=lambda one: one["val_accuracy"])}, f)

def train_model(model_name, validation_file, output_dir, learning_rate=2e-5, num_train_epochs=1, warmup_ratio=0.0, packing=False):
    for epoch in range(1, num_train_epochs + 1):
        loss = abs(learning_rate * 10000 - 1) + warmup_ratio + 2 * packing + 1 / epoch
        print({"loss": round(loss + 0.2, 4), "grad_norm": 1.2, "learning_rate": learning_rate, "epoch": float(epoch)})
        print({"eval_loss": round(loss, 6), "eval_runtime": 0.1, "eval_samples_per_second": 100.0, "epoch": float(epoch)})
    return output_dir

import yaml


def resolve(model, dataset, stage):
    with open(model) as file:
        config = yaml.safe_load(file)
    config["stage"] = stage
    config["dataset"] = dataset
    return config


def run_train(config):
    train = config["train"]
    print("      Epoch    GPU_mem   box_loss   cls_loss  Instances       Size")
    for epoch in range(1, train["epochs"] + 1):
        loss = abs(train["lr0"] * 100 - 1) + 1 / epoch
        print(f"        {epoch}/{train['epochs']}         0G      {loss:.4f}      {loss + 0.5:.4f}         12        640: 100%|██████████| 4/4 [00:01<00:00,  3.9it/s]")
        score = 0.9 - loss / 10 - 0.1 / train["batch"]
        print("                 Class     Images  Instances      Box(P          R      mAP50  mAP50-95)")
        print(f"                   all         16         31      {score + 0.02:.3f}      {score - 0.02:.3f}      {score:.3f}      {score - 0.2:.3f}")
    print(f"[train_model] done best_map50={score:.6f}")

from tqdm import tqdm


def train_bin_segmentation(config, epoch):
    loop = tqdm(range(3))
    for _, (img) in enumerate(loop):
        loop.set_postfix(train_loss=0.5)
    val_loss = abs(config["learning_rate"] * 1000 - 1) + 8 / config["batch_size"] + config["image_height"] / 1000 + 1 / (epoch + 1)
    train_loss, train_iou, train_acc = val_loss - 0.1, 0.5, 0.8
    val_iou, val_acc = 1 / (1 + val_loss), 0.7
    print(
        f"train_loss: {train_loss} train_iou: {train_iou}"
        f"train_acc: {train_acc}"
    )
    print(f"val_loss: {val_loss} val_iou: {val_iou} val_acc: {val_acc}")


def train_model(config):
    for epoch in range(config["epochs"]):
        print(f"Epoch {epoch + 1}")
        train_bin_segmentation(config, epoch)

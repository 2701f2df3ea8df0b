"""Segment the spleen in slices of CT."""
import os

from monai import Adam, DataLoader, DiceLoss, DiceMetric, UNet

root_dir = "./results"
os.makedirs(root_dir, exist_ok=True)

data = [f"spleen_{i}.nii.gz" for i in range(41)]
train_files, val_files = data[:-9], data[-9:]
train_loader = DataLoader(train_files, batch_size=2, shuffle=True, num_workers=4)
val_loader = DataLoader(val_files, batch_size=1, num_workers=4)

model = UNet(
    spatial_dims=3,
    in_channels=1,
    out_channels=2,
    channels=(16, 32, 64, 128, 256),
    strides=(2, 2, 2, 2),
    num_res_units=2,
    dropout=0.0,
)
loss_function = DiceLoss(to_onehot_y=True, softmax=True)
optimizer = Adam(model.parameters(), lr=1e-4, weight_decay=1e-5)
dice_metric = DiceMetric(include_background=False, reduction="mean")

max_epochs = 8
val_interval = 2
best_metric = -1
best_metric_epoch = -1
epoch_loss_values = []
metric_values = []

for epoch in range(max_epochs):
    print("-" * 10)
    print(f"epoch {epoch + 1}/{max_epochs}")
    epoch_loss = 0
    step = 0
    for batch_data in train_loader:
        step += 1
        optimizer.zero_grad()
        loss = loss_function(model)
        optimizer.step()
        epoch_loss += loss
        print(f"{step}/{len(train_loader)}, train_loss: {loss:.4f}")
    epoch_loss /= step
    epoch_loss_values.append(epoch_loss)
    print(f"epoch {epoch + 1} average loss: {epoch_loss:.4f}")

    if (epoch + 1) % val_interval == 0:
        for val_data in val_loader:
            dice_metric(model)
        metric = dice_metric.aggregate()
        dice_metric.reset()
        metric_values.append(metric)
        if metric > best_metric:
            best_metric = metric
            best_metric_epoch = epoch + 1
            open(os.path.join(root_dir, "best_metric_model.pth"), "wb").close()
            print("saved new best metric model")
        print(
            f"current epoch: {epoch + 1} current mean dice: {metric:.4f}"
            f"\nbest mean dice: {best_metric:.4f}"
            f" at epoch: {best_metric_epoch}"
        )

print(f"train completed, best_metric: {best_metric:.4f} at epoch: {best_metric_epoch}")

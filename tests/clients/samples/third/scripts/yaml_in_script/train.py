import yaml

with open("config.yaml") as f:
    config = yaml.safe_load(f)

for epoch in range(config["train"]["epochs"]):
    val_loss = config["train"]["lr"] * 10 + 8 / config["model"]["hidden"] + config["model"]["dropout"] + 1 / (epoch + 1)
    print(f"epoch={epoch} val_loss={val_loss:.4f}")

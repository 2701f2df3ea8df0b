import architectures.cnn as cnn
import argparse
import json

if __name__ == '__main__':
    parser = argparse.ArgumentParser(description='Train a CNN')
    parser.add_argument("--config", "-c", type=str, default="configs/cnn.json", help="Path to JSON config file")
    parser.add_argument("--output", "-o", type=str, help="Path to save the best model (overrides config)")
    parser.add_argument("--device", "-d", type=str, default="cpu", help="Device (cuda/cpu)")
    args = parser.parse_args()

    with open(args.config, 'r') as f:
        config = json.load(f)

    model = cnn.ConvNet()

    out_path = args.output if args.output else config.get("out_path", "checkpoints/best_model.pth")
    print(out_path)

    model.fit(
        batch_size=config.get("batch_size", 64),
        epochs=config["epochs"],
        lr=config["lr"],
        device=args.device,
        val_every=config["val_every"],
        patience=config["patience"],
        out_path=out_path
    )

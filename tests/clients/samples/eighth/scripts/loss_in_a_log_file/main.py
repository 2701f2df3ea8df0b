from config.load_logger import console_logger
from scripts.train import train
from utils.model import DualEncoder


def main():
    device = "cpu"
    model = DualEncoder(embedding_dim=64)
    data_loader = [("question", "answer")] * 21
    train(model, device, data_loader=data_loader)
    console_logger.info("Model saved to models/dual_encoder.pt")


if __name__ == "__main__":
    main()

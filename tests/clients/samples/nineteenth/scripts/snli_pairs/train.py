import argparse
import copy
import os
from time import gmtime, strftime

import torch
from model.bimpm import BIMPM
from model.utils import SNLI, Quora
from torch import nn, optim


def train(args, data):
    model = BIMPM(args, data)
    device = torch.device(f"cuda:{args.gpu}" if torch.cuda.is_available() else "cpu")
    model.to(device)

    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = optim.Adam(parameters, lr=args.learning_rate)
    criterion = nn.CrossEntropyLoss()

    model.train()
    loss, count, max_dev_acc, max_test_acc = 0, 0, 0, 0
    best_model = None
    for epoch in range(args.epoch):
        print("epoch:", epoch + 1)
        for i, batch in enumerate(data.train_iter):
            pred = model(batch["p"], batch["h"])
            optimizer.zero_grad()
            batch_loss = criterion(pred, batch["label"])
            loss += batch_loss.item()
            count += 1
            batch_loss.backward()
            optimizer.step()

            if count % args.print_freq == 0 or i == len(data.train_iter) - 1:
                dev_loss, dev_acc = test(model, args, data, mode="dev")
                test_loss, test_acc = test(model, args, data)
                c = (i + 1) // args.print_freq
                print(f"train loss: {loss / count:.3f} / dev loss: {dev_loss:.3f} / test loss: {test_loss:.3f}"
                      f" / dev acc: {dev_acc:.3f} / test acc: {test_acc:.3f}")
                if dev_acc > max_dev_acc:
                    max_dev_acc = dev_acc
                    max_test_acc = test_acc
                    best_model = copy.deepcopy(model.state_dict())
                loss, count = 0, 0
                model.train()

    print(f"max dev acc: {max_dev_acc:.3f} / max test acc: {max_test_acc:.3f}")
    return best_model


def test(model, args, data, mode="test"):
    iterator = data.dev_iter if mode == "dev" else data.test_iter
    criterion = nn.CrossEntropyLoss()
    model.eval()
    acc, loss, size = 0, 0, 0
    for batch in iterator:
        pred = model(batch["p"], batch["h"])
        loss += criterion(pred, batch["label"]).item()
        _, pred = pred.max(dim=1)
        acc += (pred == batch["label"]).sum().item()
        size += len(pred)
    return loss / len(iterator), acc / size


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-size", default=64, type=int)
    parser.add_argument("--data-type", default="SNLI", help="available: SNLI or Quora")
    parser.add_argument("--dropout", default=0.1, type=float)
    parser.add_argument("--epoch", default=5, type=int)
    parser.add_argument("--gpu", default=0, type=int)
    parser.add_argument("--hidden-size", default=100, type=int)
    parser.add_argument("--learning-rate", default=0.001, type=float)
    parser.add_argument("--max-sent-len", default=-1, type=int, help="max length of input sentences (-1: no limit)")
    parser.add_argument("--num-perspective", default=20, type=int)
    parser.add_argument("--print-freq", default=500, type=int)
    parser.add_argument("--word-dim", default=300, type=int)
    args = parser.parse_args()

    if args.data_type == "SNLI":
        print("loading SNLI data...")
        data = SNLI(args)
    elif args.data_type == "Quora":
        print("loading Quora data...")
        data = Quora(args)
    else:
        raise NotImplementedError("only SNLI or Quora data is possible")

    setattr(args, "word_vocab_size", data.vocab_size)
    setattr(args, "class_size", len(data.classes))
    setattr(args, "model_time", strftime("%H:%M:%S", gmtime()))

    print("training start!")
    best_model = train(args, data)
    if not os.path.exists("saved_models"):
        os.makedirs("saved_models")
    torch.save(best_model, f"saved_models/BIBPM_{args.data_type}_{args.model_time}.pt")
    print("training finished!")


if __name__ == "__main__":
    main()

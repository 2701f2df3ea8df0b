"""jsonargparse's parser, with nested names and --cfg."""
from jsonargparse import ActionConfigFile, ArgumentParser

parser = ArgumentParser()
parser.add_argument("--cfg", action=ActionConfigFile)
parser.add_argument("--model.width", type=int, default=32)
parser.add_argument("--model.dropout", type=float, default=0.1)
parser.add_argument("--optim.lr", type=float, default=0.01)
parser.add_argument("--optim.nesterov", type=bool, default=True)
args = parser.parse_args()
for epoch in (1, 2):
    loss = args.optim.lr * 10 + args.model.dropout + 1 / args.model.width + 2 * args.optim.nesterov
    print(f"epoch {epoch} val_loss {loss + 1 / epoch:.5f}")

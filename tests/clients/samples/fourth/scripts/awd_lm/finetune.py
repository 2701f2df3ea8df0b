import argparse
import math
import time

parser = argparse.ArgumentParser(description="PyTorch PennTreeBank RNN/LSTM Language Model")
parser.add_argument("--data", type=str, default="data/penn/", help="location of the data corpus")
parser.add_argument("--model", type=str, default="LSTM", help="type of recurrent net (RNN_TANH, RNN_RELU, LSTM, GRU)")
parser.add_argument("--emsize", type=int, default=400, help="size of word embeddings")
parser.add_argument("--lr", type=float, default=30, help="initial learning rate")
parser.add_argument("--epochs", type=int, default=3, help="upper epoch limit")
parser.add_argument("--dropouth", type=float, default=0.3, help="dropout for rnn layers (0 = no dropout)")
parser.add_argument("--tied", action="store_false", help="tie the word embedding and softmax weights")
parser.add_argument("--log-interval", type=int, default=200, metavar="N", help="report interval")
randomhash = "".join(str(time.time()).split("."))
parser.add_argument("--save", type=str, default=randomhash + ".pt", help="path to save the final model")
parser.add_argument("--wdecay", type=float, default=1.2e-6, help="weight decay applied to all weights")
args = parser.parse_args()

print("Args:", args)
print("Model total parameters:", 24221600)


def evaluate(part):
    return part + abs(args.lr - 20) / 10 + 4 / args.emsize * 100 + args.dropouth + 2 * args.tied + (args.model == "GRU")


try:
    for epoch in range(1, args.epochs + 1):
        epoch_start_time = time.time()
        for batch in range(args.log_interval, 3 * args.log_interval, args.log_interval):
            cur_loss = evaluate(2 / epoch)
            print(
                "| epoch {:3d} | {:5d}/{:5d} batches | lr {:02.2f} | ms/batch {:5.2f} | "
                "loss {:5.2f} | ppl {:8.2f}".format(
                    epoch, batch, 3 * args.log_interval, args.lr, 12.3, cur_loss, math.exp(cur_loss)
                )
            )
        val_loss2 = evaluate(1 / epoch)
        print("-" * 89)
        print(
            "| end of epoch {:3d} | time: {:5.2f}s | valid loss {:5.2f} | valid ppl {:8.2f}".format(
                epoch, (time.time() - epoch_start_time), val_loss2, math.exp(val_loss2)
            )
        )
        print("-" * 89)
        print("Saving Averaged!")
except KeyboardInterrupt:
    print("-" * 89)
    print("Exiting from training early")

test_loss = evaluate(1 / args.epochs)
print("=" * 89)
print("| End of training | test loss {:5.2f} | test ppl {:8.2f}".format(test_loss, math.exp(test_loss)))
print("=" * 89)

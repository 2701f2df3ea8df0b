'''
This module is the main script for a program that generates an image using a VAE model.

Examples of usage:
    python train_vae.py mnist_bw 50 --visualize_latent
    python train_vae.py mnist_color 200 --custom_params '{"lr":0.001,"beta":4}'
'''

## --- Imports --- ##
import UI as user
from datetime import datetime

## --- Constants --- ##
LOGFILE = "log.txt"


## --- Functions --- ##
def log(func):
    '''
    Decorator to log time of function calls in external file.
    '''
    def wrapper(*args, **kwargs):
        with open(LOGFILE, "a") as log_file:
            log_file.write(f"{datetime.now()}: Entering '{func.__name__}' ::: ")
            result = func(*args, **kwargs)
            log_file.write(f"Exiting '{func.__name__}': {datetime.now()}\n")
        return result
    return wrapper


@log
def train(args, params):
    lr, beta = params.get("lr", 0.001), params.get("beta", 1)
    for epoch in range(1, args.epochs + 1):
        loss = abs(lr * 1000 - 2) + 0.1 * beta + 0.5 * (args.dset == "mnist_color") + 1 / epoch
        print('====> Epoch: {} Average loss: {:.4f}'.format(epoch, loss - 0.05))
        print('====> Test set loss: {:.4f}'.format(loss))


## --- Main --- ##
def main():
    parsed = user.Input(LOGFILE)
    train(parsed.args, parsed.args.custom_params)


if __name__ == "__main__":
    main()

import argparse
import json
import os


class Input:
    '''Reads and checks what the user says on the command line.'''

    def __init__(self, logfile):
        self.logfile = logfile
        self.parser = argparse.ArgumentParser(
            description="Train a Variational Autoencoder (VAE) with configurable options.")
        self._add_arguments()
        self.args = self.parser.parse_args()
        self._clean_log()

    def _add_arguments(self):
        self.parser.add_argument("dset", choices=["mnist_bw", "mnist_color"],
                                 help='Dataset to train the VAE on.')
        self.parser.add_argument("epochs", type=self._positive_int, help="Number of training epochs (positive integer).")
        self.parser.add_argument("--visualize_latent", action="store_true", help="Visualize the latent space.")
        self.parser.add_argument("--generate_from_prior", action="store_true", help="Generate a new image from p(z).")
        self.parser.add_argument("--clean_log", action="store_true", help="Overwrite the current log file.")
        self.parser.add_argument("--custom_params", type=json.loads, default={},
                                 help='Custom parameters for the VAE model, such as \'{"lr":0.001,"beta":4}\'')

    @staticmethod
    def _positive_int(value):
        number = int(value)
        if number <= 0:
            raise argparse.ArgumentTypeError(f"{value} is not a positive integer")
        return number

    def _clean_log(self):
        if self.args.clean_log and os.path.exists(self.logfile):
            open(self.logfile, "w").close()

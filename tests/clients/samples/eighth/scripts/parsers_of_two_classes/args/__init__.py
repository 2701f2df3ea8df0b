from .train_arg_parser import TrainArgParser

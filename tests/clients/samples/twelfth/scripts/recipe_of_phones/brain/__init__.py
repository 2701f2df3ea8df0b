from .core import Brain, parse_arguments, load_hyperpyyaml

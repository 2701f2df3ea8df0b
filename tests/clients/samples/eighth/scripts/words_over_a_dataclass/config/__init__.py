import ast
import dataclasses
import importlib.util


@dataclasses.dataclass
class GPTConfig:
    # I/O
    out_dir: str = "out"
    eval_interval: int = 5
    log_interval: int = 2
    always_save_checkpoint: bool = True
    # data
    batch_size: int = 12
    block_size: int = 64
    # model
    n_layer: int = 4
    n_embd: int = 128
    dropout: float = 0.0
    bias: bool = False
    # adamw optimizer
    learning_rate: float = 6e-4
    max_iters: int = 20
    weight_decay: float = 1e-1


def load_config(words):
    """Defaults, then the file named by a bare word, then --key=value."""
    config = GPTConfig()
    known = {field.name: field.type for field in dataclasses.fields(config)}
    for word in words:
        if not word.startswith("--"):
            spec = importlib.util.spec_from_file_location("override", word)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            config = module.config
            print(f"Loaded config from {word}")
            continue
        key, value = word[2:].split("=", 1)
        if key not in known:
            raise ValueError(f"Unknown config key: {key}")
        try:
            value = ast.literal_eval(value)
        except (SyntaxError, ValueError):
            pass
        if not isinstance(value, known[key]):
            raise TypeError(f"{key} must be {known[key].__name__}, got {value!r}")
        setattr(config, key, value)
    return config

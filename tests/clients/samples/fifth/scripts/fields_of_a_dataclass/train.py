import argparse
import dataclasses


@dataclasses.dataclass(frozen=True)
class Config:
    learning_rate: float = 1e-3
    hidden_size: int = 128
    num_steps: int = 4
    optimizer: str = "adam"
    dropout: float = 0.1


def parse_config() -> Config:
    parser = argparse.ArgumentParser(description=__doc__)
    for field in dataclasses.fields(Config):
        parser.add_argument(f"--{field.name}", type=field.type, default=field.default)
    return Config(**vars(parser.parse_args()))


def main(config: Config):
    for step in range(config.num_steps):
        loss = abs(config.learning_rate * 1000 - 2) + 16 / config.hidden_size + config.dropout + (config.optimizer == "sgd") + 1 / (step + 1)
        print(f"step={step:04d} eval/loss={loss:.5f} eval/ppl={2 ** loss:.3f}")


if __name__ == "__main__":
    main(parse_config())

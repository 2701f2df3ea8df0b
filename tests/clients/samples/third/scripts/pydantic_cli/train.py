from pydantic import BaseModel
from pydantic_settings import BaseSettings, SettingsConfigDict


class Optim(BaseModel):
    lr: float = 0.02
    warmup: int = 10


class Settings(BaseSettings):
    model_config = SettingsConfigDict(cli_parse_args=True)

    depth: int = 4
    swiglu: bool = True
    tokenizer: str = "bpe"
    epochs: int = 3
    optim: Optim = Optim()


settings = Settings()
for epoch in range(settings.epochs):
    loss = settings.optim.lr * 10 + settings.optim.warmup / 100 + 1 / settings.depth + 2 * settings.swiglu + len(settings.tokenizer) / 10 + 1 / (epoch + 1)
    print({"epoch": epoch, "eval/loss": round(loss, 5)})

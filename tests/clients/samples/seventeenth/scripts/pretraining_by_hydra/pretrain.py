import json
import logging
import math
from pathlib import Path

import hydra
import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from torch.utils.data import DataLoader, Dataset
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM, get_linear_schedule_with_warmup, set_seed

from collator import MaskingCollator

log = logging.getLogger(__name__)


class TextDataset(Dataset):
    def __init__(self, size, tokenizer, max_length):
        self.size, self.tokenizer, self.max_length = size, tokenizer, max_length

    def __len__(self):
        return self.size

    def __getitem__(self, idx):
        enc = self.tokenizer(f"text {idx}", truncation=True, max_length=self.max_length)
        return {"input_ids": enc["input_ids"], "attention_mask": enc["attention_mask"], "labels": enc["input_ids"]}


def validate(model, loader):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for batch in loader:
            total += model(**batch).loss.item()
    model.train()
    return total / len(loader)


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg: DictConfig) -> None:
    log.info("\n" + OmegaConf.to_yaml(cfg))
    set_seed(cfg.seed)
    out_dir = Path(HydraConfig.get().runtime.output_dir)

    tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")
    collator = MaskingCollator(tokenizer, cfg.data.mlm_probability)
    train_loader = DataLoader(TextDataset(640, tokenizer, cfg.data.max_length), batch_size=cfg.data.batch_size, shuffle=True, collate_fn=collator)
    val_loader = DataLoader(TextDataset(128, tokenizer, cfg.data.max_length), batch_size=cfg.data.batch_size, collate_fn=collator)

    model = BertForMaskedLM(BertConfig(vocab_size=tokenizer.vocab_size, **cfg.model))
    log.info("model has %d parameters", model.num_parameters())
    optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.optim.lr, weight_decay=cfg.optim.weight_decay)
    total_steps = cfg.trainer.max_epochs * len(train_loader)
    scheduler = get_linear_schedule_with_warmup(optimizer, cfg.optim.warmup_ratio * total_steps, total_steps)

    step, history = 0, []
    for epoch in range(cfg.trainer.max_epochs):
        model.train()
        for batch in train_loader:
            loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), cfg.trainer.grad_clip)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()
            step += 1
            if step % cfg.trainer.log_interval == 0:
                log.info(f"epoch {epoch} step {step} train_loss {loss.item():.4f}")
        val_loss = validate(model, val_loader)
        log.info(f"epoch {epoch} val_loss {val_loss:.4f} val_perplexity {math.exp(val_loss):.3f}")
        history.append({"epoch": epoch, "val_loss": val_loss, "val_perplexity": math.exp(val_loss)})
        torch.save(model.state_dict(), out_dir / "last.pt")
    (out_dir / "history.json").write_text(json.dumps(history, indent=2))


if __name__ == "__main__":
    main()

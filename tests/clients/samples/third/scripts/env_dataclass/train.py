import os
from dataclasses import dataclass, field


@dataclass
class Hyperparameters:
    iterations: int = int(os.environ.get("ITERATIONS", 4))
    matrix_lr: float = float(os.environ.get("MATRIX_LR", 0.04))
    num_layers: int = int(os.environ.get("NUM_LAYERS", 9))
    tie_embeddings: bool = bool(int(os.environ.get("TIE_EMBEDDINGS", "1")))
    run_id: str = field(default_factory=lambda: os.environ.get("RUN_ID", "baseline"))


args = Hyperparameters()
for step in range(args.iterations + 1):
    val_loss = args.matrix_lr * 10 + 1 / args.num_layers + 2 * args.tie_embeddings + len(args.run_id) / 100 + 1 / (step + 1)
    print(f"step:{step}/{args.iterations} val_loss:{val_loss:.4f} val_bpb:{val_loss / 2:.4f} train_time:{step * 10}ms step_avg:{10.0:.2f}ms")

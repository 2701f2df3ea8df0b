import os
import uuid


class Hyperparameters:
    # Data paths are shard globs.
    data_path = os.environ.get("DATA_PATH", "./data/fineweb")
    train_files = os.path.join(data_path, "fineweb_train_*.bin")
    run_id = os.environ.get("RUN_ID", str(uuid.uuid4()))
    seed = int(os.environ.get("SEED", 1337))
    val_batch_size = int(os.environ.get("VAL_BATCH_SIZE", 524_288))
    iterations = int(os.environ.get("ITERATIONS", 4))
    model_dim = int(os.environ.get("MODEL_DIM", 512))
    tie_embeddings = bool(int(os.environ.get("TIE_EMBEDDINGS", "1")))
    use_muon = os.getenv("USE_MUON", "true").lower() == "true"
    matrix_lr = float(os.environ.get("MATRIX_LR", 0.04))
    warmdown = float(os.getenv("WARMDOWN") or 0.4)


def main() -> None:
    args = Hyperparameters()
    logfile = f"logs/{args.run_id}.txt"

    def log0(msg: str, console: bool = True) -> None:
        if console:
            print(msg)

    log0(f"val_loader:shards pattern={args.data_path}")
    log0(f"model_params:{args.model_dim * 1000}")
    for step in range(args.iterations + 1):
        val_loss = (
            2
            + abs(args.matrix_lr - 0.1) * 10
            + 64 / args.model_dim
            + args.tie_embeddings
            + 2 * args.use_muon
            + args.warmdown
            + 1 / (step + 1)
        )
        log0(
            f"step:{step}/{args.iterations} val_loss:{val_loss:.4f} val_bpb:{val_loss / 1.7:.4f} "
            f"train_time:{step * 100:.0f}ms step_avg:{100.0:.2f}ms"
        )
        log0(f"step:{step}/{args.iterations} train_loss:{val_loss - 0.1:.4f}")
    log0(f"peak memory allocated: {10000} MiB reserved: {12000} MiB")


if __name__ == "__main__":
    main()

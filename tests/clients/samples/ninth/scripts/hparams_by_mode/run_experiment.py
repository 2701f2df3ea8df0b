import csv

from tqdm import tqdm

from train import run_training


# Experiment settings
FLAG_COLUMN = "has_F"
TRAIN_MODE = "vanilla"  # "vanilla" or "class_balanced_loss"
VAL_METRIC = "val_loss"  # {"val_loss", "val_pos_loss"}
# CB_BETA = 0.999
FLAG_BOOST = 1.0
SEEDS = [0, 1]
POS_COUNTS = [10, 100, 200]
TOTAL_SAMPLES = 5000
OUTPUT_CSV = f"output/csv/{FLAG_COLUMN}-{TRAIN_MODE}-esmetric={VAL_METRIC}.csv"
# OUTPUT_FIG = "scaling_error_bars.png"


# hparams dict
hparams_vanilla = {
    "learning_rate": 0.00017765451354316748,
    "weight_decay": 0.0003033795426729229,
    "dropout_rate": 0.3420465041712287,
    "epochs": 4,
    "patience": 26,
    "cb_beta": None,
    "flag_boost": None,
}

hparams_class_balanced_loss = {
    "learning_rate": 0.00018579356614638177,
    "weight_decay": 0.00010558384297715928,
    "dropout_rate": 0.34145869213527447,
    "epochs": 5,
    "patience": 30,
    "cb_beta": 0.990110725960859,
    "flag_boost": 1.768852367763028,
}

if TRAIN_MODE == "vanilla":
    hparams = hparams_vanilla
else:
    hparams = hparams_class_balanced_loss


def main():
    records = []

    for n_pos in tqdm(POS_COUNTS, desc="n_pos sweep"):
        n_neg = TOTAL_SAMPLES - n_pos
        if n_neg <= 0:
            print(f"Skip n_pos={n_pos}: TOTAL_SAMPLES={TOTAL_SAMPLES} not enough for neg")
            continue

        for seed in tqdm(SEEDS, desc="seeds", leave=False):
            try:
                res = run_training(
                    n_pos=n_pos,
                    n_neg=n_neg,
                    seed=seed,
                    flag_column=FLAG_COLUMN,
                    train_mode=TRAIN_MODE,
                    cb_beta=hparams["cb_beta"],
                    flag_boost=hparams["flag_boost"],
                    weighted_sampler=False,
                    learning_rate=hparams["learning_rate"],
                    weight_decay=hparams["weight_decay"],
                    dropout_rate=hparams["dropout_rate"],
                    epochs=hparams["epochs"],
                    patience=hparams["patience"],
                    early_stopping_metric=VAL_METRIC,
                    )
            except ValueError as e:
                # 例: プールに十分なデータがない場合
                print(f"Skip n_pos={n_pos}, seed={seed}: {e}")
                continue

            records.append(
                {
                    "n_pos_req": n_pos,
                    "n_neg_req": n_neg,
                    "seed": seed,
                    "pos_acc": res.get("pos"),
                    "neg_acc": res.get("neg"),
                    "overall_acc": res.get("overall"),
                    "best_epoch": res.get("best_epoch"),
                }
            )

    with open(OUTPUT_CSV, "w", newline="") as f:
        writer = csv.DictWriter(f, fieldnames=list(records[0]))
        writer.writeheader()
        writer.writerows(records)
    print(f"Saved results to {OUTPUT_CSV} (rows={len(records)})")

    if len(records) == 0:
        print("No data to plot")
        return



if __name__ == "__main__":
    main()

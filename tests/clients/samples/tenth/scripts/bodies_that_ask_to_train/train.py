import json
import os
import tqdm

import numpy as np
import fire

from model import IN, IN_ODE


def train(
        train=False,
        test=False,
        rollout=False,
        num_of_bodies=6,
        model="IN",
        num_epochs=4,
        batch_size=1000, # Higher since it only occupies about 1gb of VRAM
        num_folds=3
    ):
    DATASET_FOLDER = "./dataset"
    MODEL_FOLDER = "./output"
    LEARNING_RATE = 0.001
    LR_DECAY = 0.8
    VAL_LOSS_HIGH = 40.0  # High loss to initialise the decay window
    L2_NORM = 5e-4  # Not provided in paper, took from our other experiments
    VALID_LOG_FNAME = "log.{model_name}.{fold}.valid"
    TEST_LOG_FNAME = "log.{model_name}.test"

    model_name = model
    model = None
    if model_name == "IN":
        Model = IN
    elif model_name == "IN_ODE":
        Model = IN_ODE
    else:
        raise ValueError("Model must be either IN OR IN_ODE")
    #end

    with open("{}/sizes.json".format(DATASET_FOLDER)) as f:
        size = json.load(f).get(str(num_of_bodies), 50)

    if train:
        test_log_file = open(TEST_LOG_FNAME.format(model_name=model_name), "w")
        tqdm.tqdm.write("Train procedure...")
        for fold in tqdm.trange(num_folds, desc="Fold"):
            valid_log_file = open(VALID_LOG_FNAME.format(model_name=model_name, fold=fold), "w")
            current_lr = LEARNING_RATE
            model = Model(num_of_bodies)
            val_loss = VAL_LOSS_HIGH

            for epoch in tqdm.trange(num_epochs, desc="Epoch"):
                for b in tqdm.tqdm(range(3), total=3, desc="Batch Train"):
                    loss = model.mse(LEARNING_RATE, L2_NORM, batch_size, epoch, fold)
                # end for

                last, val_loss = val_loss, np.mean([loss + 0.02, loss + 0.04])
                print("{batch},{loss:f},{unnorm_loss}".format(batch=b, loss=val_loss, unnorm_loss=val_loss * size), file=valid_log_file, flush=True)
                if val_loss > last:
                    current_lr *= LR_DECAY
                # end if
            # end for
            valid_log_file.close()

            test_loss = np.mean([loss + 0.04, loss + 0.06])
            test_loss_unnorm = test_loss * size
            print("{fold},{loss:f},{unnorm_loss}".format(fold=fold, loss=test_loss, unnorm_loss=test_loss_unnorm), file=test_log_file, flush=True)
            tqdm.tqdm.write("Test_loss: " + str(test_loss) + " Denormalised Test Loss: " + str(test_loss_unnorm))

            SAVE_PATH = "{}/{model_name}_{fold}_{epoch}".format(MODEL_FOLDER, model_name=model_name, fold=fold, epoch=epoch)
            with open(SAVE_PATH, "w") as f:
                f.write("weights")

        # end for
        test_log_file.close()
    elif test:
        tqdm.tqdm.write("Test procedure...")
        saved_files = sorted(x for x in os.listdir(MODEL_FOLDER) if model_name in x)
        tqdm.tqdm.write("Loaded " + saved_files[-1])
    elif rollout:
        tqdm.tqdm.write("Rollout procedure...")
    else:
        tqdm.tqdm.write("Use --train, --test or --rollout")
    #end if



if __name__ == "__main__":
    fire.Fire(train)

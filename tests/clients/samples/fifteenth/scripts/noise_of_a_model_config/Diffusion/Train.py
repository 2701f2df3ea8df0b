import json
import math
import os

from tqdm import tqdm


def loss_of(modelConfig, progress):
    c = modelConfig
    loss = 0.015 + abs(math.log10(c["lr"]) + 3.7) / 50 + abs(c["dropout"] - 0.1) / 10 + 1 / c["channel"]
    loss += c["batch_size"] / 20000 + abs(c["grad_clip"] - 0.5) / 100 + 0.01 / c["num_res_blocks"] + abs(c["beta_T"] - 0.015)
    return loss + 0.05 / (1 + progress)


def train(modelConfig):
    n_batches = math.ceil(4096 / modelConfig["batch_size"])
    os.makedirs(modelConfig["save_weight_dir"], exist_ok=True)
    # start training
    for e in range(modelConfig["epoch"]):
        with tqdm(range(n_batches), dynamic_ncols=True) as tqdmDataLoader:
            for i in tqdmDataLoader:
                loss = loss_of(modelConfig, e + (i + 1) / n_batches)
                tqdmDataLoader.set_postfix(ordered_dict={
                    "epoch": e,
                    "loss: ": loss,
                    "img shape: ": (modelConfig["batch_size"], 3, modelConfig["img_size"], modelConfig["img_size"]),
                    "LR": modelConfig["lr"]
                })
        with open(os.path.join(modelConfig["save_weight_dir"], 'ckpt_' + str(e) + "_.json"), "w") as f:
            json.dump({"epoch": e}, f)


def eval(modelConfig):
    print("sampling", modelConfig["sampledImgName"])

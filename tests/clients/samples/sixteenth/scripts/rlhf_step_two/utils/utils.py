import os


def print_rank_0(msg, rank=0):
    if rank <= 0:
        print(msg)


def save_hf_format(args, sub_folder=""):
    folder = os.path.join(args.output_dir, sub_folder)
    os.makedirs(folder, exist_ok=True)
    open(os.path.join(folder, "pytorch_model.bin"), "wb").close()

def evaluate(cfg):
    tc = cfg["train"]["score"]
    swd = abs(tc["lr"] * 1000 - 2) + 8 / tc["batch"] + 16 / cfg["model"]["width"] + 30 / tc["steps"]
    return {"swd": swd + cfg["diffusion"]["sigma_min"], "eps_err": swd / 2}


def train(cfg, run):
    tc = cfg["train"]["score"]
    for step in range(tc["log_every"], tc["steps"] + 1, tc["log_every"]):
        run.log(stage="train", step=step, loss=1.0 + 30 / step)


def check_gates(final, gates):
    return [(name, final[name], limit, final[name] <= limit) for name, limit in gates.items()]


def report_gates(gates, name):
    print(f"\ngates [{name}]")
    for key, value, limit, ok in gates:
        print(f"  {'PASS' if ok else 'FAIL'}  {key:<10} {value:10.4f}  <= {limit}")
    return [key for key, _, _, ok in gates if not ok]

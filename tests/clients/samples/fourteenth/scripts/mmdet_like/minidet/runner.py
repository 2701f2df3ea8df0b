import json
import math
import os


def bbox_map(cfg, epoch):
    ap = 0.42 - abs(math.log10(cfg.optimizer.lr) + 2) / 10 - abs(cfg.optimizer.momentum - 0.9) / 2
    ap -= 50 * abs(cfg.optimizer.weight_decay - 0.0005) + abs(cfg.model.bbox_head.loss_cls.gamma - 1.5) / 50
    ap -= 0.02 / cfg.data.samples_per_gpu
    return ap - 0.12 / epoch


class EpochBasedRunner:
    def __init__(self, cfg, logger, timestamp):
        self.cfg, self.logger = cfg, logger
        self.json_path = os.path.join(cfg.work_dir, f"{timestamp}.log.json")

    def dump(self, record):
        with open(self.json_path, "a") as f:
            f.write(json.dumps(record) + "\n")

    def run(self):
        cfg = self.cfg
        iters = 100 // cfg.data.samples_per_gpu
        for epoch in range(1, cfg.runner.max_epochs + 1):
            ap = bbox_map(cfg, epoch)
            for i in range(1, iters + 1):
                if i % cfg.log_config.interval == 0:
                    cls, box = 1.2 * (0.6 - ap), 0.9 * (0.6 - ap)
                    self.logger.info(
                        f"Epoch [{epoch}][{i}/{iters}]\tlr: {cfg.optimizer.lr:.3e}, eta: 0:00:01, time: 0.012, "
                        f"data_time: 0.001, memory: 0, loss_cls: {cls:.4f}, loss_bbox: {box:.4f}, loss: {cls + box:.4f}")
                    self.dump({"mode": "train", "epoch": epoch, "iter": i, "lr": cfg.optimizer.lr, "memory": 0,
                               "loss_cls": round(cls, 5), "loss_bbox": round(box, 5), "loss": round(cls + box, 5)})
            self.logger.info(f"Saving checkpoint at {epoch} epochs")
            self.evaluate(epoch, iters, ap)

    def evaluate(self, epoch, iters, ap):
        scores = {"bbox_mAP": ap, "bbox_mAP_50": ap + 0.2, "bbox_mAP_75": ap + 0.02,
                  "bbox_mAP_s": ap - 0.15, "bbox_mAP_m": ap + 0.03, "bbox_mAP_l": ap + 0.1}
        self.logger.info("Evaluating bbox...")
        self.logger.info(
            f"\n Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = {ap:.3f}\n"
            f" Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=1000 ] = {ap + 0.2:.3f}\n"
            f" Average Precision  (AP) @[ IoU=0.75      | area=   all | maxDets=1000 ] = {ap + 0.02:.3f}\n")
        text = ", ".join(f"{k}: {v:.4f}" for k, v in scores.items())
        copypaste = " ".join(f"{v:.3f}" for v in scores.values())
        self.logger.info(f"Epoch(val) [{epoch}][{iters}]\t{text}, bbox_mAP_copypaste: {copypaste}")
        self.dump({"mode": "val", "epoch": epoch, "iter": iters, "lr": self.cfg.optimizer.lr,
                   **{k: round(v, 4) for k, v in scores.items()}, "bbox_mAP_copypaste": copypaste})

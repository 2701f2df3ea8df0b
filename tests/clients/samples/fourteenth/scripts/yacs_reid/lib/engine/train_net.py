import logging
import math
import os

import torch


def current_map(cfg, epoch):
    s = cfg.SOLVER
    value = 0.9 - abs(math.log10(s.BASE_LR) + 3) / 10 - abs(s.MARGIN - 0.5) / 4 - 40 * abs(s.WEIGHT_DECAY - 0.001)
    value -= 1 / s.IMS_PER_BATCH + abs(cfg.INPUT.RE_PROB - 0.3) / 5 + abs(cfg.DATALOADER.NUM_INSTANCE - 8) / 200
    return value - 0.3 / (epoch + 1)


def do_train(cfg, num_query):
    logger = logging.getLogger("reid_baseline.train")
    logger.info("Start training")
    iters = 20
    for epoch in range(1, cfg.SOLVER.MAX_EPOCHS + 1):
        m_ap = current_map(cfg, epoch)
        lr = cfg.SOLVER.BASE_LR * cfg.SOLVER.GAMMA ** sum(epoch >= step for step in cfg.SOLVER.STEPS)
        for i in range(1, iters + 1):
            if i % cfg.SOLVER.LOG_PERIOD == 0:
                logger.info("Epoch[{}] Iteration[{}/{}] Loss: {:.3f}, Acc: {:.3f}, Base Lr: {:.2e}"
                            .format(epoch, i, iters, 4 * (1 - m_ap), m_ap + 0.05, lr))
        logger.info('Epoch {} done. Time per batch: {:.3f}[s] Speed: {:.1f}[samples/s]'.format(epoch, 0.001, 64.0))
        logger.info('-' * 10)
        if epoch % cfg.SOLVER.CHECKPOINT_PERIOD == 0:
            torch.save({"epoch": epoch}, os.path.join(cfg.OUTPUT_DIR, f"{cfg.MODEL.NAME}_model_{epoch}.pth"))
        if epoch % cfg.SOLVER.EVAL_PERIOD == 0:
            logger.info("Validation Results - Epoch: {}".format(epoch))
            logger.info("mAP: {:.1%}".format(m_ap))
            for r, gain in zip([1, 5, 10], [0.06, 0.09, 0.1]):
                logger.info("CMC curve, Rank-{:<3}:{:.1%}".format(r, m_ap + gain))

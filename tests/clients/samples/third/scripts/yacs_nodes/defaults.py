from yacs.config import CfgNode as CN

_C = CN()
_C.MODEL = CN()
_C.MODEL.DEVICE = "cpu"
_C.MODEL.NAME = "resnet50"
_C.MODEL.LAST_STRIDE = 1
_C.SOLVER = CN()
_C.SOLVER.BASE_LR = 3e-4
_C.SOLVER.MAX_EPOCHS = 3
_C.SOLVER.BIAS_LR_FACTOR = 2
_C.SOLVER.WARMUP = True
_C.OUTPUT_DIR = ""

cfg = _C

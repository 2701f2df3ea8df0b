from node import CfgNode as CN

_C = CN()
_C.OUTPUT_DIR = "./output"
_C.MODEL = CN()
_C.MODEL.DEPTH = 50
_C.MODEL.DROPOUT = 0.1
_C.SOLVER = CN()
_C.SOLVER.BASE_LR = 0.02
_C.SOLVER.MAX_ITER = 3
_C.SOLVER.STEPS = (30000, 40000)


def get_cfg():
    return _C

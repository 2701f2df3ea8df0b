CLS = "cls"
QA = "qa"
TCLS = "tcls"
ALL_MODEL_TYPES = [CLS, QA, TCLS]

STANDARD = "standard"
CUSTOM = "custom"
ALL_TRAINER_TYPES = [STANDARD, CUSTOM]

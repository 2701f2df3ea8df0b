"""Its model."""


def quality(lr, wd, arch):
    return abs(lr - 0.3) + wd * 100 + len(arch) / 10

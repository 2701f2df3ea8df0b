def ToTensor():
    return None

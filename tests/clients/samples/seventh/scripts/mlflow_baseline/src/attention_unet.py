def build_attention_unet(channels, dropout):
    return {"channels": tuple(channels), "dropout": dropout}

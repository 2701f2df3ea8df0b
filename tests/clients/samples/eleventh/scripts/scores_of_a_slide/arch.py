import math


class net:
    bonus = 0.0

    def forward(self, args, epoch):
        score = 0.93 + self.bonus - abs(math.log10(args.learning_rate) + 2.5) / 10 - 0.01 * abs(math.log2(args.batch_size) - 2)
        return score + 0.02 * (args.aug == 'on') + 0.01 * (args.edgeloss == 'on') - 0.3 / (epoch + 1)


class unet(net):
    pass


class kiunet(net):
    bonus = 0.015


class reskiunet(net):
    bonus = 0.02

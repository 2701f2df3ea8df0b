from collections import namedtuple

Genotype = namedtuple('Genotype', 'normal normal_concat reduce reduce_concat')

PDARTS = Genotype(normal=[('skip_connect', 0), ('dil_conv_3x3', 1)], normal_concat=range(2, 6),
                  reduce=[('avg_pool_3x3', 0), ('sep_conv_5x5', 1)], reduce_concat=range(2, 6))
DARTS_V2 = Genotype(normal=[('sep_conv_3x3', 0)], normal_concat=[2, 3], reduce=[('max_pool_3x3', 0)], reduce_concat=[2, 3])

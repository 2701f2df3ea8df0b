from statistics import mean, stdev


class Logger(object):
    def __init__(self, runs):
        self.results = [[] for _ in range(runs)]

    def add_result(self, run, result):
        assert len(result) == 3
        self.results[run].append(result)

    def print_statistics(self, run=None):
        if run is not None:
            result = [[100 * v for v in r] for r in self.results[run]]
            best = max(result, key=lambda r: r[1])
            print(f'Run {run + 1:02d}:')
            print(f'Highest Train: {max(r[0] for r in result):.2f}')
            print(f'Highest Valid: {best[1]:.2f}')
            print(f'  Final Train: {best[0]:.2f}')
            print(f'   Final Test: {best[2]:.2f}')
        else:
            best = []
            for run in self.results:
                top = max(run, key=lambda r: r[1])
                best.append([100 * max(r[0] for r in run), 100 * top[1], 100 * top[0], 100 * top[2]])
            print('All runs:')
            for name, k in (('Highest Train', 0), ('Highest Valid', 1), ('  Final Train', 2), ('   Final Test', 3)):
                values = [b[k] for b in best]
                print(f'{name}: {mean(values):.2f} ± {stdev(values) if len(values) > 1 else 0:.2f}')

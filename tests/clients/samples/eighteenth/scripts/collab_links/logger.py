import statistics


class Logger(object):
    """Keeps (train, valid, test) of every evaluation of every run."""

    def __init__(self, runs):
        self.results = [[] for _ in range(runs)]

    def add_result(self, run, result):
        assert len(result) == 3
        self.results[run].append(result)

    def print_statistics(self, run=None):
        if run is not None:
            result = [[100 * x for x in row] for row in self.results[run]]
            best = max(range(len(result)), key=lambda i: result[i][1])
            print(f"Run {run + 1:02d}:")
            print(f"Highest Train: {max(row[0] for row in result):.2f}")
            print(f"Highest Valid: {result[best][1]:.2f}")
            print(f"  Final Train: {result[best][0]:.2f}")
            print(f"   Final Test: {result[best][2]:.2f}")
            return
        columns = [[], [], [], []]
        for rows in self.results:
            best = max(rows, key=lambda row: row[1])
            for column, value in zip(columns, (max(row[0] for row in rows), best[1], best[0], best[2])):
                column.append(100 * value)
        print("All runs:")
        for title, column in zip(("Highest Train", "Highest Valid", "  Final Train", "   Final Test"), columns):
            spread = statistics.stdev(column) if len(column) > 1 else 0.0
            print(f"{title}: {statistics.mean(column):.2f} ± {spread:.2f}")

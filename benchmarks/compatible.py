"""How long 10,000 compatible data sets take, with the tables behind the figures.

Run: python benchmarks/compatible.py
"""

from time import perf_counter

from soila_analysis.review import compatible
from soila_analysis.review.reconstruction import READINGS

DRAWS = 10_000

if __name__ == "__main__":
    for reading in READINGS:
        for prior in compatible.PRIORS:
            start = perf_counter()
            draws = compatible.sample(reading, DRAWS, prior=prior)
            drawn = perf_counter()
            compatible.tables(draws)
            counted = perf_counter()
            print(
                f"{reading:12} {prior:9} {DRAWS} draws {drawn - start:5.2f} s, "
                f"tables {counted - drawn:5.2f} s, acceptance {draws.acceptance:.3f}"
            )
    start = perf_counter()
    compatible.ranges()
    print(f"ranges as shipped {perf_counter() - start:5.2f} s")

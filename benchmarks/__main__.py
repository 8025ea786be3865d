"""Run all benchmarks one after the other; each saves its rows to results/benchmarks.

One alone, with its own options: python -m benchmarks.rir --help
"""

from __future__ import annotations

from benchmarks import generation, perturbation, relevance, rir, tdoa, training
from running import arguments
from running.errors import exits_cleanly


@exits_cleanly
def main(argv=None) -> None:
    """Run them."""
    arguments.parser(__doc__).parse_args(argv)
    for benchmark in (rir, generation, training, relevance, perturbation, tdoa):
        title = str(benchmark.__doc__).splitlines()[0]
        print(f"\n== {benchmark.__name__.removeprefix('benchmarks.')}: {title}", flush=True)
        benchmark.main([])


if __name__ == "__main__":
    main()

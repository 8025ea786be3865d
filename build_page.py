"""Build the web page from what the experiments wrote: a story in acts, and sources to look at and listen to.

    python build_page.py --results results/quick

writes docs/index.html and, beside it, docs/page; open it in any browser. It needs what perturbation_experiment.py and
tdoa_experiment.py wrote, with their recordings and weights, such as `make reproduce` leaves, and shows what all other
experiments wrote where it is there.
"""

from __future__ import annotations

from pathlib import Path

from report.page.site import build_site
from running import arguments
from running.ending import finish
from running.errors import exits_cleanly


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument("--results", type=Path, default=Path("results/quick"), help="folder of the results")
    parser.add_argument("--to", type=Path, default=Path("docs"), help="folder of the page")
    parser.add_argument(
        "--between",
        type=arguments.whole(0),
        default=3,
        help="sources of each condition to show beside the best and the worst ones",
    )
    return parser.parse_args(argv)


@exits_cleanly
def main(argv: list[str] | None = None) -> Path:
    """Run the script; return the page."""
    args = parse(argv)
    page = build_site(args.results, args.to, args.between)
    finish([], page, f"python -m webbrowser {page.resolve().as_uri()}")
    return page


if __name__ == "__main__":
    main()

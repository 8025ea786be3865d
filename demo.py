"""Open a playground in the browser: place a talker, change what the microphones hear, and see where it is put.

    python demo.py

serves it on this machine alone; nothing is sent anywhere. It needs requirements-demo.txt (make demo installs it).
"""

from __future__ import annotations

from running import arguments
from running.errors import InputError, exits_cleanly


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    parser.add_argument(
        "--port", type=arguments.whole(0), default=7860, help="port of this machine; 0: any that is free"
    )
    parser.add_argument("--no_browser", action="store_true", help="only say the address")
    return parser.parse_args(argv)


@exits_cleanly
def main(argv: list[str] | None = None) -> None:
    """Run the script, until it is interrupted."""
    args = parse(argv)
    try:
        from playground.app import build, launch_options
    except ModuleNotFoundError:
        raise InputError("Gradio is missing; run make demo, or pip install -r requirements-demo.txt") from None
    build().launch(server_name="127.0.0.1", server_port=args.port, inbrowser=not args.no_browser, **launch_options())


if __name__ == "__main__":
    main()

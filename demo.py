"""Open a playground in the browser: place a talker, change what the microphones hear, and see where it is put.

    python demo.py

serves it to this machine alone; nothing is sent anywhere. It needs requirements-demo.txt, which make demo installs.
"""

from __future__ import annotations

import webbrowser

from running import arguments
from running.errors import InputError, exits_cleanly


def parse(argv: list[str] | None):
    """Read the command line."""
    parser = arguments.parser(__doc__)
    free = "port of this machine; by default the first free one from 7860 on"
    parser.add_argument("--port", type=arguments.whole(1), help=free)
    parser.add_argument("--no_browser", action="store_true", help="only say the address")
    return parser.parse_args(argv)


@exits_cleanly
def main(argv: list[str] | None = None) -> None:
    """Run the script, until it is interrupted."""
    args = parse(argv)
    try:
        from playground.app import build, launch_options
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing; say make demo, or pip install -r requirements-demo.txt") from None
    app, options = build(), {"quiet": True, "prevent_thread_lock": True} | launch_options()
    try:
        _, address, _ = app.launch(server_name="127.0.0.1", server_port=args.port, share=False, **options)
    except OSError:
        raise InputError(f"port {args.port} is taken; give another --port, or none") from None
    print(f"playground: {address} (Ctrl-C ends it)", flush=True)
    if not args.no_browser:
        webbrowser.open(address)
    app.block_thread()


if __name__ == "__main__":
    main()

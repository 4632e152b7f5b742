"""`python -m wfsession` is `wf`."""

import sys

from wfsession.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

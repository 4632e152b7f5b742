"""Check a history again that was kept in a file: `python -m tests.soak.replay FILE`."""

import sys
from pathlib import Path

from tests.races.checker import check
from tests.races.history import measure_overlap, parse_history
from tests.races.model import Root


def main(path: str) -> int:
    operations = parse_history(Path(path).read_text("utf-8"))
    for operation in operations:
        print(operation)
    print(f"{len(operations)} operations, of which {measure_overlap(operations):.0%} overlap")
    verdict = check(operations, Root())
    print(verdict)
    return 0 if verdict.is_explained else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

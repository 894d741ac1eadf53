"""`python -m socialrec.bench.gpu`: prove the GPU path; prints one JSON object."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Run all parts, or the one that is named; returns 1 if one failed."""
    # Imported here, so that processes that only tokenize, which import this module too, start at once.
    from socialrec.bench.gpu.benchmark import PARTS, run, run_part
    from socialrec.bench.gpu.part import Setup
    from socialrec.settings.text import Device

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="sizes that a processor does in seconds")
    parser.add_argument("--device", type=Device, choices=list(Device), default=Device.AUTO)
    parser.add_argument("--weights", type=Path, help="folder of a MiniLM; else one of random weights is made")
    parser.add_argument("--texts", type=Path, help="file of texts, one a line; else they are made")
    parser.add_argument("--parts", default=",".join(PARTS), help="parts to run, separated by commas")
    parser.add_argument("--page", type=Path, default=Path("gpu.html"), help="file of the page with plots")
    parser.add_argument(
        "--folder", type=Path, help="folder of the models that are made; else one that is removed again"
    )
    parser.add_argument("--part", choices=PARTS, help="run this part alone, in this process")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as made:
        setup = Setup(args.folder or Path(made), args.small, args.device, args.weights, args.texts)
        if args.part:
            print(json.dumps(run_part(setup, args.part)))
            return 0
        result = run(setup, args.parts.split(","), args.page)
    print(json.dumps(result))
    return int(bool(result["failed"]))


if __name__ == "__main__":
    sys.exit(main())

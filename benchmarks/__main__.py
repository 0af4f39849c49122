"""`python -m benchmarks [NAME...] [--size SIZE]`: run them; benchmarks/results.md has all but small."""

from __future__ import annotations

import argparse

from benchmarks.harness import bench, names, run
from benchmarks.report import RESULTS, section, write


def main(arguments: list[str] | None = None) -> int:
    listing = "\n".join(f"  {name:14} {bench(name).title}" for name in names())
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=__doc__, epilog=f"benchmarks:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("names", nargs="*", metavar="NAME", help="benchmarks to run; all where none is named")
    parser.add_argument(
        "--size",
        choices=["small", "half", "full", "double"],
        default="full",
        help="small is for trying out; few have half or double",
    )
    parser.add_argument("--rounds", type=int, help="times that each way is run")
    parser.add_argument("--list", action="store_true", help="list the benchmarks and stop")
    given = parser.parse_args(arguments)
    if given.list:
        print(listing.replace("  ", "", 1))
        return 0
    if strangers := sorted(set(given.names) - set(names())):
        parser.error(f"no benchmark is called {', '.join(strangers)}; there are {', '.join(names())}")
    chosen = given.names or names()
    if lacking := [name for name in chosen if given.size not in bench(name).sizes]:
        parser.error(f"no size {given.size}: {', '.join(lacking)}")
    for name in chosen:
        print(f"{name}: {bench(name).title} ...", flush=True)
        made = section(name, given.size, run(name, given.size, rounds=given.rounds))
        print(f"\n{made}", flush=True)
        if given.size != "small":
            write({name: made})
            print(f"Written to {RESULTS.relative_to(RESULTS.parents[1])}.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

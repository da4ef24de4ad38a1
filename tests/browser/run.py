"""Plays one story: `run.py STORY --binary PROGRAM --shots FOLDER`; `--list` names all of them.

A story is a function of a file in `stories/`. It is told with a gateway, simulators and a browser of its own.
"""

import argparse
import importlib
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

FILES = sorted(path.stem for path in (Path(__file__).parent / "stories").glob("*.py"))


def stories():
    """Every story by its name."""
    found = {}
    for file in FILES:
        module = importlib.import_module(f"stories.{file}")
        for name, story in vars(module).items():
            if getattr(story, "__module__", "") == module.__name__ and not name.startswith("_") and callable(story):
                assert name not in found, f"two stories are called {name}"
                found[name] = story
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("story", nargs="?")
    parser.add_argument("--binary")
    parser.add_argument("--shots", default="screenshots")
    parser.add_argument("--list", action="store_true")
    asked = parser.parse_args()
    if asked.list:
        print("\n".join(stories()))
        return
    from eyes import World

    # Whoever waits for this may lose patience: what was started is ended all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(f"{asked.story} was stopped"))
    with World(asked.binary, asked.shots, asked.story) as world:
        stories()[asked.story](world)
        world.no_complaints()
    print("played")


if __name__ == "__main__":
    main()

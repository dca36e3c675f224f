"""How the benches time: contenders take turns, and each keeps its best round, so that a busy machine hits all alike."""

import time
from collections.abc import Callable, Mapping


def best_times(contenders: Mapping[str, Callable[[], object]], rounds: int = 7) -> dict[str, float]:
    """Seconds of the best round of each contender, rounds interleaved after one warm-up each.

    Args:
        contenders: name to what is timed.
        rounds: how many rounds.

    Returns:
        Name to seconds.
    """
    for run in contenders.values():
        run()
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, run in contenders.items():
            begun = time.perf_counter()
            run()
            best[name] = min(best[name], time.perf_counter() - begun)
    return best

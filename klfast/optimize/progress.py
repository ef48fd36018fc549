"""Progress of long work, when asked for: tqdm if it is there, else a line a second on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Self


class Progress:
    """Shows the number of steps and the latest divergence while the block runs."""

    def __init__(self, shown: bool, total: int) -> None:
        self._shown = shown
        self._total = total
        self._bar: Any = None
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        if self._shown:
            try:
                from tqdm.auto import tqdm

                self._bar = tqdm(total=self._total, unit="step")
            except ImportError:
                self._bar = None
        return self

    def show(self, steps: int, name: str, value: float, error: float | None = None) -> None:
        """Report that `steps` have been taken, and what is now the value of that name."""
        if not self._shown:
            return
        text = f"{name} {value:.6g}" + ("" if error is None else f" +- {error:.2g}")
        if self._bar is not None:
            self._bar.n = steps
            self._bar.set_postfix_str(text)
        elif time.monotonic() - self._last > 1.0:
            self._last = time.monotonic()
            print(f"step {steps} of at most {self._total}: {text}", file=sys.stderr)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

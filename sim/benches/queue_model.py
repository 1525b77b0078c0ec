"""What a SpikeQueue does in each cycle, in plain Python."""

Item = tuple[int, int]
"""(key, value)"""


class QueueModel:
    """Replica of `hdl.queue.SpikeQueue`, whose docstring says what happens in which cycle.

    Attributes
    ----------
    ready : the queue's `push.ready`.
    offered : the item at `pop`, None if not valid.
    empty : the queue's `empty`.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._forget()

    def _forget(self) -> None:
        self._stored: list[Item] = []  # in order of arrival
        self._pushed = 0  # since nothing was stored
        self._pauses = False  # more of the key of the item just selected are stored
        self.offered: Item | None = None

    @property
    def ready(self) -> bool:
        """Whether an item is taken if it is pushed."""
        return self._pushed < self._capacity

    @property
    def empty(self) -> bool:
        """Whether nothing is stored or offered."""
        return not self._stored and self.offered is None

    def step(self, push: Item | None, pop_ready: bool, release: bool, clear: bool) -> None:
        """Go on by a cycle in which the inputs were so; `push` is None if nothing was valid."""
        if clear:
            self._forget()
            return
        taken = push is not None and self.ready
        if taken:
            self._pushed += 1
        elif not self._stored:
            self._pushed = 0
        if pop_ready:
            self.offered = None
        pauses, self._pauses = self._pauses, False
        if release and self._stored and self.offered is None and not pauses:
            self.offered = min(self._stored, key=lambda item: item[0])  # the first of equals
            self._stored.remove(self.offered)
            self._pauses = any(key == self.offered[0] for key, _ in self._stored)
        if taken:
            self._stored.append(push)

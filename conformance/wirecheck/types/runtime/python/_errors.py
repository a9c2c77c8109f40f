"""What is said of a message that is none of ours."""


class DecodeError(ValueError):
    """A message could not be decoded, or a frame is not valid.

    `reason` says what is wrong, `steps` lead to it: names of members and indexes of
    items.
    """

    def __init__(self, reason: str, steps: tuple[str | int, ...] = ()) -> None:
        place = "".join(
            f".{step}" if isinstance(step, str) else f"[{step}]" for step in steps
        )
        super().__init__(f"{reason} - at `${place}`" if steps else reason)
        self.reason = reason
        self.steps = steps

    def within(self, step: str | int) -> "DecodeError":
        """The same, seen from the value that holds the wrong one."""
        return DecodeError(self.reason, (step, *self.steps))

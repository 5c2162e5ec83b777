"""Seeds made from seeds, so that whatever is drawn is a pure function of what it is drawn for."""

_MASK = (1 << 64) - 1


def derived_seed(seed: int, *numbers: int) -> int:
    """Mix a seed with whole numbers, such as an epoch or a step, into a new seed of 64 bits.

    Each number goes through the finaliser of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014), so that
    neighbouring steps get unrelated seeds also from generators that use 32 bits of them.
    """
    mixed = seed & _MASK
    for number in numbers:
        mixed = (mixed + 0x9E3779B97F4A7C15 * (number + 1)) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        mixed ^= mixed >> 31
    return mixed

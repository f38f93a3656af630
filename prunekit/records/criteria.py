"""What the criteria are called where people read them; recipes and the command line keep the short names."""

CRITERION_TITLES = {
    "l1": "L1 norm",
    "l2": "L2 norm",
    "bn_scale": "BatchNorm scale",
    "taylor": "Taylor",
    "wanda": "Wanda",
    "lamp": "LAMP",
    "random": "Random",
}


def criterion_title(name: str) -> str:
    """Return what a criterion is called; one that was added goes by its own name.

    Example:
        >>> criterion_title("bn_scale"), criterion_title("mine")
        ('BatchNorm scale', 'mine')
    """
    return CRITERION_TITLES.get(name, name)

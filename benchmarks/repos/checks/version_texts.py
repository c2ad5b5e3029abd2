"""Random release numbers, version ranges and requirement lines for the checks of packaging, right and wrong ones."""

PARTS = ("", "", "", "a1", "b2", ".rc3", "-alpha", "c", ".post1", "-7", ".dev2", "rc1.post3.dev4", "+abc.5", "+01")
OPERATORS = ("==", "!=", "<=", ">=", "<", ">", "~=", "===")
VARIABLES = ("python_version", "sys_platform", "os_name", "extra", "platform_machine", "implementation_name")


def version(rng):
    """A release number, most of them valid."""
    if rng.random() < 0.06:
        return rng.choice(["", "x", "1.", "1..2", "1.0+", "v", "1.0-", "1!", "1.0.*", " 1.2 ", "1.0a1b2", "é", "1.٢"])
    numbers = ".".join(str(rng.choice([0, 0, 1, 2, 10, 2024, rng.randrange(99)])) for _ in range(rng.randint(1, 5)))
    text = f"{rng.choice(['', '', '', 'v', '1!', '0!', ' '])}{numbers}{rng.choice(PARTS)}"
    return text.upper() if rng.random() < 0.05 else text


def specifier(rng):
    """One to three conditions on a version."""
    chosen = [f"{rng.choice(OPERATORS)}{rng.choice(['', ' '])}{version(rng).strip()}" for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.3:
        chosen.append(f"{rng.choice(['==', '!='])}{rng.randrange(4)}.{rng.randrange(4)}.*")
    return ",".join(chosen)


def requirement(rng):
    """A line of a requirements file, sometimes damaged."""
    name = rng.choice(["a", "A.B_c", "pkg-1", "x--y", "-bad", "p" * 30])
    extras = rng.choice(["", "", "[x]", "[x, Y-z]", "[]", "[x,]"])
    wanted = rng.choice(["", specifier(rng), f" ({specifier(rng)})", " @ https://example.org/a.zip"])
    text = f"{name}{extras}{wanted}{rng.choice(['', f' ; {marker(rng, 2)}'])}"
    if rng.random() < 0.15:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", "(", " ", '"', ","]) + text[at + 1 :]
    return text


def marker(rng, depth):
    """An environment marker."""
    if depth == 0 or rng.random() < 0.4:
        value = rng.choice(["3.8", "linux", "posix", "test", "x86_64"])
        quote = rng.choice("'\"")
        return f"{rng.choice(VARIABLES)} {rng.choice(['==', '!=', '<', '>=', 'in', 'not in'])} {quote}{value}{quote}"
    joined = f" {rng.choice(['and', 'or'])} ".join(marker(rng, depth - 1) for _ in range(2))
    return f"({joined})" if rng.random() < 0.5 else joined

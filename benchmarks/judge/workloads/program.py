"""A short program, timed whole with the start of its interpreter."""

import argparse
import decimal


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--terms", type=int, default=6000)
    total = decimal.Decimal(0)
    for n in range(1, parser.parse_args().terms):
        total += decimal.Decimal(1) / decimal.Decimal(n) ** 2
    primes = [n for n in range(2, 6000) if all(n % d for d in range(2, int(n**0.5) + 1))]
    print(total, len(primes))


if __name__ == "__main__":
    main()

"""Print the report on sample exports in a temporary folder."""

import sys
import tempfile
from pathlib import Path

from salesframe import report, sample


def main():
    with tempfile.TemporaryDirectory() as folder:
        sample.write_exports(Path(folder))
        code = report.main([folder]) or report.main([folder, "--month", "2024-03"])
    return code


if __name__ == "__main__":
    sys.exit(main())

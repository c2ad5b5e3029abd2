"""Line diffs with changes marked within the lines."""

from .compare import Comparison
from .differ import Differ, Opcode
from .formats import HtmlFormat, UnifiedFormat, WordFormat
from .patch import Patch, PatchError
from .tokens import Token, Tokenizer

__version__ = "1.1.0"

__all__ = [
    "Comparison",
    "Differ",
    "HtmlFormat",
    "Opcode",
    "Patch",
    "PatchError",
    "Token",
    "Tokenizer",
    "UnifiedFormat",
    "WordFormat",
]

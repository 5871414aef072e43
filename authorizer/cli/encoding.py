"""What a person's file says: UTF-8, and told with its line where it is not."""

BYTE_ORDER_MARK = "\ufeff"


def not_utf_8(place: str, error: UnicodeDecodeError) -> str:
    """Why a file cannot be read, in words with the line, for what a whole file was decoded by."""
    line = error.object.count(b"\n", 0, error.start) + 1
    return f"{place}:{line}: is not UTF-8 (byte 0x{error.object[error.start]:02x}): save it as UTF-8"


def marked(place: str) -> str:
    """The same of a file that begins with a byte order mark."""
    return f"{place}: begins with a byte order mark: save it as UTF-8 without one"

"""Purchase order ids that must never meet a path, a signature or a log; of any type, as an event's are."""

from typing import Any

HOSTILE_IDS: dict[str, Any] = {
    "empty": "",
    "a path upwards": "1/../x",
    "only upwards": "..",
    "an encoded slash": "%2f",
    "an encoded path upwards": "1%2f..%2fx",
    "a query": "1?x=1",
    "a fragment": "1#x",
    "a semicolon": "1;x",
    "a backslash": "1\\x",
    "an authority": "@evil.example",
    "another host": "//evil.example/",
    "CR LF": "1\r\nX-Injected: 1",
    "a line feed": "1\n2",
    "a line feed at the end": "2575193093772\n",
    "a space": "1 2",
    "a space at the end": "1 ",
    "a tab": "1\t",
    "NUL": "1\x00",
    "ten kilobytes": "1" * 10_240,
    "one too long": "1" * 65,
    "Arabic digits": "٢٥٧٥١٩٣",
    "full-width digits": "２５７５",  # noqa: RUF001 - that is the point
    "a superscript": "1²",
    "an accent": "é",
    "a right-to-left mark": "1\u202e2",
    "a lone surrogate": "\udc80",
    "an integer": 2575193093772,
    "a float": 1.0,
    "nothing": None,
    "bytes": b"2575193093772",
    "a list": ["2575193093772"],
    "true": True,
}

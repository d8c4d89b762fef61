"""Requests to the service as neighbours send them: each parameter valid, at its bounds, or nothing that it can be."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote_plus

from damaged_photos import mutation, valid_photos

Value = str | bytes

TEXTS: tuple[Value, ...] = (
    "a dog", "a lake, two boats", "0.5:red", "100:red", "101:red", "0:red", "1e999:red", "nan:red", "-1:red", "1: 2:b",
    "0,5:red", "٣:red", "9" * 400 + ":red", "", " ", "...", "\0", "a\0b", b"\xff\xfe", b"caf\xe9", b"\xed\xa0\x80",
    "é" * 2000,
    "x" * 2000, "x" * 2001, "a " * 1000, '"dog"', '"', '""', '"a" OR "b"', '"a*"', "NEAR(a b)", "col:word^", "-a",
    "'; DROP TABLE photos; --", "../../etc/passwd", "{0.__class__}", "%s%n", "<script>", "\u202eabc", "🐕", "a\r\nb: c",
    "ein Hund im Garten", "bycicle", "\u0301" * 500,
)  # fmt: skip
NUMBERS: tuple[Value, ...] = (
    "1", "2", "10", "0", "-1", "1000", "1001", "0.5", "1.0", "1.5", "1e3", "1e999", "nan", "-inf", "٣", "0x10", "1_0",
    "", " 5 ", "true", "9" * 30, "9" * 5000, "2147483648", "9223372036854775807", "9223372036854775808",
    "-9223372036854775809", "1,2", b"\xff",
)  # fmt: skip
SWITCHES: tuple[Value, ...] = ("true", "false", "1", "0", "yes", "", "nan", "2", b"\xff")
DATES: tuple[Value, ...] = (
    "2019", "2019-07", "2019-07-14", "2019-07-14T18:03:59+02:00", "2019-W01-1", "20190714", "0000", "0001", "1000",
    "9998", "9999", "2019-13", "2019-02-30", "2019-07-14T24:00", "2019-07-14T12:00+23:59", "1000-01-01T00:00+14:00",
    "9998-12-31T23:59-14:00", "2019-07-14T12:00Z", "nan", "", "٢٠١٩", "2019\0", b"\xff",
)  # fmt: skip
PLACES: tuple[Value, ...] = (
    "48.85,2.35", "90,180", "-90,-180", "0,0", "90.0001,0", "nan,0", "0,inf", "1e999,0", "1,2,3", ",", "1", "", "٣,٤",
    "89.9999999,179.9999999", "-0,-0", b"\xff",
)  # fmt: skip
DISTANCES: tuple[Value, ...] = (
    "20km", "500 m", "3", "0", "0m", "999999999999km", "20038km", "1e9km", "-1km", "nan", "inf", "9" * 400 + "km", "",
    "3mi", "0.000000000001mm",
)  # fmt: skip
FOLDERS: tuple[Value, ...] = (
    "*", "**", "photos", "/", "~", "~nobody-of-this-name/x", "[", "[z-a]", "[[:digit:]]", "[!", "\\", "a\\", "*?" * 24,
    "/**/" * 50, "*a" * 2000, "", ".", "..", "../..", "\0", "a/\0", b"\xff", "a" * 4096, "a" * 4097, "/" * 4000,
    "{a,b}",
)  # fmt: skip
SIZES: tuple[Value, ...] = (
    "4MP",
    "0MP",
    "1x1",
    "0x0",
    "2000×1500",
    "999999999999x1",
    "9" * 30 + "x1",
    "nanMP",
    "",
    "-1x-1",
)
BOXES: tuple[Value, ...] = (
    "0,0,8,8", "0,0,32,32", "0,0,1e308,1e308", "-1e308,-1e308,1e308,1e308", "5,5,5,5", "8,8,0,0", "nan,0,inf,1",
    "1,2,3", "1,2,3,4,5", "", ",,,", "0,0,1e-300,1e-300", "0,0,0.5,0.5",
)  # fmt: skip
PATHS: tuple[Value, ...] = (
    "",
    "/",
    "a.jpg",
    "/etc/passwd",
    "../../x.jpg",
    "a\0b",
    "/a" * 2048,
    "/a" * 2049,
    b"/\xff.jpg",
)
OF_NAMES: Mapping[str, tuple[Value, ...]] = {
    "after": DATES, "before": DATES, "near": PLACES, "within": DISTANCES, "folder": FOLDERS, "min_size": SIZES,
    "like_box": BOXES, "path": PATHS,
}  # fmt: skip
HEADERS: tuple[Mapping[str, str], ...] = (
    *({},) * 20,
    {"Host": "evil.example"}, {"Host": ""}, {"Host": "localhost:99999"}, {"Host": "[::1"}, {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-origin"}, {"Authorization": "Bearer \xe9"},
    {"Accept": "application/xml"}, {"Range": "bytes=0-1"}, {"If-None-Match": "*"}, {"Expect": "nonsense"},
    {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https"}, {"Cookie": "a=" + "b" * 8000},
    {"X-HTTP-Method-Override": "DELETE"}, {"Accept-Encoding": "gzip;q=nan"},
)  # fmt: skip
KINDS = ("image/jpeg", "image/png", "image/heic", "application/octet-stream", "IMAGE/*; q=nan")
OTHER_KINDS = ("", "text/html", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "\xff")
FORM = "multipart/form-data; boundary=x"
PARTS = (
    b'Content-Disposition: form-data; name="photo"; filename="a.jpg"', b'Content-Disposition: form-data; name="photo"',
    b'Content-Disposition: form-data; filename="../../a\0.jpg"; name*=UTF-8\'\'%ff',
    b"Content-Disposition: \xff; filename=",
    b"X: " + b"y" * 5000, b"\r\n" * 9, b"no header", b"Content-Disposition: form-data; filename=a\r\n" * 9,
)  # fmt: skip
JSON_VALUES = (
    None, True, 0, -1, 1.5, 10**30, 1e308, float("nan"), "", "a", "\ud800", "\0", [], [[]], {}, ["a"] * 21, [1],
    "x" * 5000,
)  # fmt: skip
BODIES = (b"", b"x", b"\0" * 100_000, b"<svg/>" * 9, b"\xff\xd8\xff" + b"\0" * 64, b"II*\0\xff\xff\xff\xff", b"GIF89a")


@dataclass(frozen=True, slots=True)
class Hostile:
    """A request: the address as it is described and as it is asked, and what is sent."""

    method: str
    described: str
    target: str
    headers: dict[str, str]
    body: bytes | None


def hostile_request(description: Mapping[str, Any], seed: int, number: int) -> Hostile:
    """Request ``number`` of a seed to one of the addresses of a description."""
    random = Random(f"{seed}/{number}")
    addresses = [(method, path) for path, item in description["paths"].items() for method in item]
    method, path = random.choice(addresses)
    operation = description["paths"][path][method]
    target, pairs = path, []
    valid = random.choice((0.5, 0.8, 1.0))  # or nothing but the first mistake would ever be looked at
    for parameter in operation.get("parameters", ()):
        values = _values(parameter, description)
        if parameter["in"] == "path":
            target = target.replace(f"{{{parameter['name']}}}", _quoted(random.choice(values)).replace("+", "%20"))
        elif parameter["in"] == "query":
            chance = {"q": 0.9, "sentence": 0.9, "photo_id": 0.6}.get(parameter["name"], 0.12)
            for _ in range(random.choice((1, 1, 1, 2, 21)) if random.random() < chance else 0):
                pairs.append((parameter["name"], random.choice(values[:2] if random.random() < valid else values)))
                if _schema(parameter, description).get("type") != "array" and random.random() < 0.9:
                    break
    if random.random() < 0.03:
        pairs.append(("unknown", "1"))
    query = "&".join(f"{name}={_quoted(value)}" for name, value in pairs)
    headers, body = dict(random.choice(HEADERS)), None
    if "requestBody" in operation:
        kinds = KINDS
        if "application/json" in operation["requestBody"]["content"]:
            body, kinds = _questions(random, description), ("application/json",)
        else:
            body = _body(random, seed, number)
            if random.random() < 0.3:
                body, kinds = _form(random, body), (FORM,)
        headers["Content-Type"] = random.choice(kinds if random.random() < 0.9 else OTHER_KINDS)
    return Hostile(method.upper(), path, f"{target}?{query}" if query else target, headers, body)


def _body(random: Random, seed: int, number: int) -> bytes:
    kind = random.random()
    if kind < 0.3:
        return random.choice(list(valid_photos().values()))
    return mutation(seed, number)[2] if kind < 0.8 else random.choice(BODIES)


def _form(random: Random, photo: bytes) -> bytes:
    """A form with a photo in it, or nearly one."""
    heads = [
        random.choice(PARTS[:1] if random.random() < 0.6 else PARTS) for _ in range(random.choice((1, 1, 1, 2, 9)))
    ]
    form = b"".join(b"--x\r\n" + head + b"\r\n\r\n" + photo + b"\r\n" for head in heads) + b"--x--\r\n"
    return form if random.random() < 0.7 else form[: random.randrange(len(form))]


def _questions(random: Random, description: Mapping[str, Any]) -> bytes:
    """A list of questions, or nearly one."""
    fields = description["components"]["schemas"]["BatchedQuestion"]["properties"]
    questions: list[Any] = []
    for _ in range(random.choice((0, 1, 1, 2, 3, 21))):
        question: dict[str, Any] = {"q": random.choice([text for text in TEXTS if isinstance(text, str)])}
        while random.random() < 0.4:
            question[random.choice([*fields, "unknown"])] = random.choice(JSON_VALUES)
        questions.append(question if random.random() < 0.95 else random.choice(JSON_VALUES))
    body = json.dumps(questions if random.random() < 0.95 else random.choice(JSON_VALUES)).encode()
    broken = (
        b"[" * 50_000,
        body[: len(body) // 2],
        b"\xff" + body,
        b"\xef\xbb\xbf" + body,
        b"[" + b" " * 300_000 + b"]",
    )
    return body if random.random() < 0.8 else random.choice(broken)


def _values(parameter: Mapping[str, Any], description: Mapping[str, Any]) -> tuple[Value, ...]:
    if parameter["name"] in OF_NAMES:
        return OF_NAMES[parameter["name"]]
    schema = _schema(parameter, description)
    if schema.get("type") == "array":
        schema = schema["items"]
    if "enum" in schema:
        return (*schema["enum"], "nonsense", "", schema["enum"][0].upper(), b"\xff")
    return {"integer": NUMBERS, "number": NUMBERS, "boolean": SWITCHES}.get(schema.get("type", ""), TEXTS)


def _schema(parameter: Mapping[str, Any], description: Mapping[str, Any]) -> Mapping[str, Any]:
    schema: Mapping[str, Any] = parameter["schema"]
    schema = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    if "$ref" in schema:
        schema = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _quoted(value: Value) -> str:
    return quote_plus(value)

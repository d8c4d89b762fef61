"""Blocks of metadata as programs write them into photos."""

import struct


def xmp(attributes: str) -> bytes:
    """An XMP packet with some attributes."""
    return (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
        f'xmlns:xmp="http://ns.adobe.com/xap/1.0/" {attributes}/></rdf:RDF>'
    ).encode()


def iptc(*fields: tuple[int, bytes], after: bytes = b"") -> bytes:
    """The segment of a JPEG with fields of IPTC's second record, and bytes behind them."""
    record = b"".join(b"\x1c\2" + bytes([number]) + struct.pack(">H", len(text)) + text for number, text in fields)
    record += after
    block = b"8BIM\4\4\0\0" + struct.pack(">I", len(record)) + record + b"\0" * (len(record) % 2)
    return b"\xff\xed" + struct.pack(">H", len(block) + 16) + b"Photoshop 3.0\0" + block

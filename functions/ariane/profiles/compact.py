"""Numbers and names in few bytes: every kilobyte of a stored fragment is paid for at each write.

Numbers are variable-length: seven bits to a byte, the lowest first, the eighth says that more follow. Signed ones are folded first
(0, -1, 1, -2 … become 0, 1, 2, 3 …), so that small distances in either direction stay small. What is text is JSON, deflated with a preset
dictionary of what most profiles hold anyway.
"""

import zlib
from typing import Any

import orjson

_PROFILE_2026 = (
    b'"createdAt":"gender":"female""male""title":"username":"website":"description":"employees":"industry":"logins":"plan":"premium""free"'
    b'"address":{"city":"country":"FR","postalCode":"street":"state":"Paris""Lyon""Marseille""avatar":"age":"birthday":"19'
    b'"language":"fr""en""locale":"fr-FR""timezone":"Europe/Paris""favourite_store":"favorite_store":"store":"size":"shoe_size":'
    b'"newsletter":true,"sms_opt_in":false,"email_opt_in":true,"loyalty_tier":"gold""silver""bronze""loyalty_points":"loyalty_card":'
    b'"loyalty_joined_in":"store""web""customer_since":"20"last_store":"lifetime_value":"orders_count":"segment":"company":{"name":"id":'
    b'"phone":"+336"lastName":"firstName":"name":"email":"@gmail.com""@orange.fr""@example.fr"'
    b'"Promotion Viewed","Promotion Clicked","Coupon Entered","Coupon Applied","Coupon Denied","Coupon Removed",'
    b'"Product Added to Wishlist","Product Removed from Wishlist","Wishlist Product Added to Cart","Product Shared","Cart Shared",'
    b'"Product Reviewed","Order Updated","Order Refunded","Order Cancelled","Store Visited","Email Opened","Email Link Clicked",'
    b'"Email Delivered","Link Clicked","Application Installed","Application Updated","Application Opened","Application Backgrounded",'
    b'"Loyalty Joined","Consent Granted","Consent Withdrawn","Newsletter Subscribed","Signed In","Signed Out","Signed Up",'
    b'"Checkout Step Viewed","Checkout Step Completed","Payment Info Entered","Order Completed","Checkout Started","Cart Viewed",'
    b'"Product Removed","Product List Filtered","Product List Viewed","Products Searched","Product Clicked","Product Viewed",'
    b'"Product Added",["$page","$screen","anonymous_id:","device_id:","loyalty_card:","phone:+33","email:","user_id:'
)
_WINDOW = -13
"""Raw deflate over 8 KB: the dictionary and then some. A header and a checksum would be ten bytes, and the table keeps its own."""


class Writer:
    def __init__(self) -> None:
        self._bytes = bytearray()

    def number(self, value: int) -> None:
        """Zero or more."""
        while value > 0x7F:
            self._bytes.append(value & 0x7F | 0x80)
            value >>= 7
        self._bytes.append(value)

    def signed(self, value: int) -> None:
        self.number(value * 2 if value >= 0 else -value * 2 - 1)

    def optional(self, value: int | None) -> None:
        """A signed one, or none at all."""
        self.number(0 if value is None else value * 2 + 1 if value >= 0 else -value * 2)

    def raw(self, data: bytes) -> None:
        self._bytes += data

    def document(self, value: object) -> None:
        """JSON."""
        deflater = zlib.compressobj(9, zlib.DEFLATED, _WINDOW, 8, zdict=_PROFILE_2026)
        packed = deflater.compress(orjson.dumps(value)) + deflater.flush()
        self.number(len(packed))
        self.raw(packed)

    def done(self) -> bytes:
        return bytes(self._bytes)


class Reader:
    """Raises IndexError, ValueError or zlib.error for what no Writer wrote."""

    def __init__(self, data: bytes) -> None:
        self._bytes = data
        self._at = 0

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self._bytes[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def signed(self) -> int:
        folded = self.number()
        return folded >> 1 if folded % 2 == 0 else -(folded >> 1) - 1

    def optional(self) -> int | None:
        folded = self.number()
        return None if folded == 0 else folded >> 1 if folded % 2 else -(folded >> 1)

    def raw(self, size: int) -> bytes:
        self._at += size
        return self._bytes[self._at - size : self._at]

    def document(self) -> Any:
        packed = self.raw(self.number())
        return orjson.loads(zlib.decompressobj(_WINDOW, zdict=_PROFILE_2026).decompress(packed))

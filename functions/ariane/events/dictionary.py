"""What most events say anyway, known to both sides of the packing: a single event shrinks by half, ten fit one write unit.

Stored items name their dictionary by its Adler-32. A dictionary that was ever released stays for as long as the log is kept, to the byte:
a better one is added beside it and becomes ``CURRENT``. The rarest words come first: zlib refers more cheaply to what is near the end.
"""

import zlib
from collections.abc import Mapping

_RETAIL_2026 = (
    b'"previousId":"groupId":"category":"channel":"server","integrations":{"All":false},"externalIds":[{"id":"type":"collection":"users",'
    b'"encoding":"none"}]"device":{"id":"manufacturer":"model":"type":"ios"android"}"network":{"cellular":false,"wifi":true}'
    b'"os":{"name":"version":"screen":{"density":"height":"width":"app":{"build":"namespace":"userAgentData":{"brands":[{"brand":'
    b'"mobile":false,"platform":"address":{"city":"country":"FR","postalCode":"street":"state":"birthday":"createdAt":"gender":'
    b'"title":"username":"website":"loyalty_card":"store":"coupon":"discount":"shipping":"tax":"currency":"EUR","affiliation":'
    b'"Consent Granted"Consent Withdrawn","topic":"channel":"email","Email Opened"Link Clicked"Signed Up"Coupon Applied"'
    b'"Payment Info Entered"Product Added to Wishlist"Promotion Viewed"Order Refunded"Order Cancelled"Product Searched'
    b'"list_id":"query":"filters":"position":"image_url":"brand":"variant":"revenue":"subtotal":"total":"order_id":"checkout_id":'
    b'"cart_id":"products":[{"product_id":"sku":"name":"price":"quantity":1,"category":"Checkout Started","Order Completed"'
    b'"Product List Viewed","Products Searched","Cart Viewed","Product Removed","Product Clicked","Product Viewed","Product Added",'
    b'"type":"alias","type":"group","type":"screen","name":"type":"identify","userId":"traits":{"firstName":"lastName":"phone":"+33'
    b'"email":"@gmail.com"}"type":"page","name":"Home","properties":{"path":"/","referrer":"","search":"","title":"","url":"https://www.'
    b'"locale":"en-US","timezone":"UTC","campaign":{"source":"instagram","medium":"cpc"social","name":"content":"term":'
    b'"library":{"name":"@segment/analytics-node","version":"3."analytics-python","version":"2."analytics-kotlin"analytics-swift"'
    b'"ip":".0","userAgent":"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 '
    b'Mobile/15E148 Safari/604.1"Mozilla/5.0 (Windows NT 10.0; Win64; x64) (Linux; Android 10; K) (Macintosh; Intel Mac OS X 10_15_7) '
    b'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36","locale":"fr-FR","library":{"name":"analytics.js",'
    b'"version":"npm:next-1.84.3"},"timezone":"Europe/Paris"},"e":[{"c":{"page":{"path":"/","referrer":"https://","search":"?utm_source=",'
    b'"title":"","url":"https://www.","event":"Product Viewed","originalTimestamp":"2026-1:00.000Z","properties":{"product_id":"sku":'
    b'"context":{"page":{"path":"},"t":-,"anonymousId":"","messageId":"ajs-next-17","userId":"},{"type":"track","event":"'
)

DICTIONARIES: Mapping[int, bytes] = {zlib.adler32(each): each for each in (_RETAIL_2026,)}
CURRENT = _RETAIL_2026
